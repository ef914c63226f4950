"""What is said of answers that a sound Prometheus does not give, by a server of its API that gives them."""

import json
import math
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from prometheus_servers import CONVERSION, ERRORS, question

from mlops_charts.judge.counts import Counts
from mlops_charts.releasing.prometheus import Prometheus
from mlops_charts.releasing.promql import Api, Grid, grid
from mlops_charts.releasing.reading import Unread, plain, read


@contextmanager
def server(answers: dict[str, tuple[int, bytes]], seen: list[str] | None = None, **headers: str) -> Iterator[str]:
    """Yield the address of a server that answers by what the query contains, else that nothing is found."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            query = form["query"][0]
            kind = "matrix" if self.path.endswith("query_range") else "vector"
            result: Any = [time.time(), str(time.time())] if query == "time()" else []
            usual = _success("scalar" if result else kind, result)
            status, body = next((said for part, said in answers.items() if part in query), (200, usual))
            if seen is not None:
                seen.append(f"{self.headers.get('authorization')} {self.path}")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        httpd.server_close()


def _success(kind: str, result: Any, **more: Any) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more}).encode()


_STRANGE = "does not answer as Prometheus does"


@pytest.mark.parametrize(
    ("part", "answer", "expected"),
    [
        ("time()", (503, b"no"), "answers with HTTP status 503"),
        ("time()", (302, b""), "answers with HTTP status 302"),
        ("time()", (200, b"<html>"), _STRANGE),
        ("time()", (200, b"[" * 100_000), _STRANGE),
        ("time()", (200, b"[]"), _STRANGE),
        ("time()", (200, _success("scalar", [1, "soon"])), _STRANGE),
        ("time()", (200, _success("scalar", [1, "NaN"])), _STRANGE),
        ("time()", (200, _success("scalar", {"a": 1})), _STRANGE),
        ("time()", (200, _success("scalar", [1, 10**400])), _STRANGE),
        ("time()", (200, _success("scalar", [1, "1"], warnings=5)), _STRANGE),
        ("__name__", (200, _success("vector", [])), _STRANGE),
        ("__name__", (200, _success("matrix", [1])), _STRANGE),
        ("__name__", (200, _success("matrix", [{"metric": {}, "values": [["now", "1"]]}])), _STRANGE),
        ("__name__", (200, _success("matrix", [{"metric": {}, "values": [[1, None]]}])), _STRANGE),
        ("__name__", (200, _success("matrix", [{"metric": {}, "values": [[math.inf, "1"]]}])), _STRANGE),
        ("__name__", (200, _success("matrix", [{"metric": {}, "values": [[1, 10**400]]}])), _STRANGE),
        ("timestamp", (500, b'{"status":"error","error":"half \\ud800"}'), r"refuses: half \ud800"),
        ("__name__", (200, _success("matrix", [], warnings=["store gone:\n10.0.0.7"])), "only a part: store gone: 10"),
        ("__name__", (422, b'{"status":"error","error":"too many\\nsamples"}'), "refuses: too many samples"),
        ("timestamp", (500, b'{"status":"error","error":"timed out"}'), "refuses: timed out"),
        ("orders", (400, b'{"status":"error","error":"parse error"}'), ", asked for the check business conversion;"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_a_flaw_in_one_line(part: str, answer: tuple[int, bytes], expected: str) -> None:
    """Whatever comes, nothing is raised, nothing is counted, and the flaw says who answered how."""
    with server({part: answer}) as url:
        window = Prometheus(url).window(question("iris", time.time() - 5, checks=(ERRORS, CONVERSION)))

    assert [
        flaw for flaw in window.flaws if flaw.startswith((f"Prometheus at {url}", "the clock")) and expected in flaw
    ]
    assert "\n" not in "".join(window.flaws)
    assert (window.stable, window.candidate, window.before) == (Counts(), Counts(), Counts())


@pytest.mark.parametrize("skew", [400, -400])
def test_a_clock_that_is_wrong_ends_no_interval(skew: int) -> None:
    """Without data a policy may take a version back, and not sooner because of a clock that is not believed."""
    asked = question("iris", time.time() - 5)
    with server({"time()": (200, _success("scalar", [0, str(time.time() + skew)]))}) as url:
        window = Prometheus(url).window(asked)

    assert [f"differs by {skew:+}" in flaw for flaw in window.flaws if flaw.startswith("the clock of")] == [True]
    assert window.end == asked.now


def test_half_a_character_becomes_one_that_can_be_written() -> None:
    """JSON can name what UTF-8 cannot hold; two of them stay two."""
    series = [{"metric": {"value": half}, "value": [0, "1"]} for half in ("\ud800", "\udfff", "ü")]
    with server({"up": (200, _success("vector", series))}) as url:
        found = Api(url).instant("up", 0)

    assert [one.labels for one in found] == [{"value": r"\ud800"}, {"value": r"\udfff"}, {"value": "ü"}]


def test_notes_on_the_language_are_no_warnings() -> None:
    """Newer servers add what they think of a query; the answer is whole all the same."""
    with server({"__name__": (200, _success("matrix", [], warnings=["PromQL info: no counter"]))}) as url:
        window = Prometheus(url).window(question("iris", time.time() - 5))

    assert not [flaw for flaw in window.flaws if "part" in flaw]


def test_a_name_and_a_password_in_the_address_are_sent_and_not_told() -> None:
    """They stand in no flaw, because flaws are committed; an address may have a prefix."""
    seen: list[str] = []
    with server({"time()": (401, b"")}, seen) as url:
        window = Prometheus(url.replace("//", "//judge:s%40crt@") + "/prefix/").window(
            question("iris", time.time() - 5)
        )

    assert seen == ["Basic anVkZ2U6c0BjcnQ= /prefix/api/v1/query"]
    assert len(window.flaws) == 1
    assert window.flaws[0].startswith(f"Prometheus at {url}/prefix/ answers with HTTP status 401; look at it")
    assert plain("https://a:b@[::1]:9090/x") == "https://[::1]:9090/x"


@pytest.mark.parametrize(
    "address", ["file:///etc/hostname", "ftp://127.0.0.1/x", "prometheus:9090", "", "http://127.0.0.1:x"]
)
def test_only_http_is_spoken(address: str) -> None:
    """No file is read, and no other address is followed."""
    with pytest.raises(Unread):
        read(address, limit=10, seconds=1)


def test_an_answer_ends_in_size_and_in_time() -> None:
    """A server that says too much, stops half-way, is slow or says nothing at all."""
    with server({"time()": (200, b"x" * 1000)}) as url:
        assert len(read(url, {"query": "time()"}, limit=1000, seconds=5).body) == 1000
        with pytest.raises(Unread, match="more than 999 bytes"):
            read(url, {"query": "time()"}, limit=999, seconds=5)
    for said, expected in [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "breaks off|does not speak HTTP"),
        (b"SSH-2.0\r\n", "does not speak HTTP"),
        (b"", "does not speak HTTP|does not answer"),
    ]:
        with closing(socket.create_server(("127.0.0.1", 0))) as listening:
            thread = Thread(target=_say, args=(listening, said))
            thread.start()
            with pytest.raises(Unread, match=expected):
                read(f"http://127.0.0.1:{listening.getsockname()[1]}", limit=99, seconds=5)
            thread.join()
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as mute,
        pytest.raises(Unread, match=r"not answer within 0\.1 s"),
    ):
        read(f"http://127.0.0.1:{mute.getsockname()[1]}", limit=99, seconds=0.1)


def _say(listening: socket.socket, said: bytes) -> None:
    connection, _ = listening.accept()
    with closing(connection):
        connection.recv(1 << 16)
        connection.sendall(said)


@pytest.mark.parametrize("span", [0, 0.4, 1, 1.0004, 59.7, 3600, 86_400.123, 900_000])
def test_looks_begin_and_end_where_the_window_does(span: float) -> None:
    """To the milliseconds that rounding adds, with some ahead of it, and never more of them than are asked for."""
    found = grid(1_700_000_000.123, 1_700_000_000.123 + span, lead=300, looks=600)

    first, last = (found.start + found.step * look for look in (found.begin, found.looks - 1))
    assert first == 1_700_000_000_123
    assert 0 <= last - first - round(span * 1000) <= 600 or span < 1
    assert found.looks - found.begin <= 601
    assert first - found.start >= 300_000
    assert found.step >= 1000


def test_a_window_shorter_than_a_second_has_no_looks_of_its_own() -> None:
    """Nothing is counted in it."""
    assert grid(100, 100.5, lead=2, looks=600) == Grid(98_000, 1000, 3, 2)
