"""Real Prometheus on loopback, and small servers that expose counters to it as the pods of a model do."""

import shutil
import socket
import subprocess
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from mlops_charts import contract
from mlops_charts.judge.counts import Counts, Window
from mlops_charts.release.asked import Place, ReleaseSpec, Repository
from mlops_charts.release.policy import Policy, PolicyCheck
from mlops_charts.release.state import ReleaseState, Slot
from mlops_charts.releasing.metrics import Question

PROGRAM = shutil.which("prometheus")
INTERVAL = "1s"
LATENCY = PolicyCheck(metric="latency", quantile=0.95, max_ratio=1.2)
ERRORS = PolicyCheck(metric="errorRate", max_increase_points=1.0, critical=True)
DRIFT = PolicyCheck(metric="predictionDrift", max_psi=0.2)
CONVERSION = PolicyCheck(
    metric="business",
    name="conversion",
    success='sum(orders_total{slot="{slot}"})',
    total='sum (\nvisits_total{slot="{slot}"} )',
    max_drop_percent=5,
)
VERSIONS = {"blue": "1.2.0", "green": "1.3.0"}


def until(true: Callable[[], Any], what: str, seconds: float = 20) -> None:
    """Wait for something to be true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)


@dataclass
class Pod:
    """A server's counters, which a test counts up, and what it exposes of them.

    Attributes:
        slot: Its slot.
        model: Its model.
        version: What it says that it is.
        codes: Answers by status.
        buckets: Answers by bucket of their duration.
        rows: Predictions by value.
        hidden: Names of metrics that it does not expose.
        extra: Lines that it exposes besides.
        stamp: Milliseconds since 1970 that stand behind each sample; empty as a rule.
        reads: How often it was read.
        down: Whether it answers with 500.
    """

    slot: str
    model: str
    version: str = ""
    codes: Counter[str] = field(default_factory=Counter)
    buckets: Counter[int] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    hidden: tuple[str, ...] = ()
    extra: str = ""
    stamp: str = ""
    reads: int = 0
    down: bool = False

    def __post_init__(self) -> None:
        self.version = self.version or VERSIONS[self.slot]
        self.restart()

    def restart(self) -> None:
        """Begin at 0 with the series that are there from the start."""
        self.codes, self.buckets = Counter({"200": 0}), Counter()
        self.rows = Counter({"a": 0, "b": 0})

    def serve(self, requests: int, code: str = "200", seconds: float = 0.004, value: str = "a") -> None:
        """Count answers of one kind."""
        self.codes[code] += requests
        self.buckets[bisect_left(contract.LATENCY_BUCKETS, seconds)] += requests
        if code == "200":
            self.rows[value] += requests

    def text(self) -> str:
        """Return what it exposes."""
        who = f'model="{self.model}",slot="{self.slot}",version="{self.version}"'
        lines = [(contract.REQUESTS, f'code="{code}",{who}', float(n)) for code, n in self.codes.items()]
        lines += [(contract.PREDICTIONS, f'{who},value="{value}"', float(n)) for value, n in self.rows.items()]
        count = 0
        for place, bound in enumerate((*contract.LATENCY_BUCKETS, "+Inf")):
            count += self.buckets[place]
            lines.append((f"{contract.REQUEST_DURATION}_bucket", f'{who},le="{bound}"', float(count)))
        shown = (line for line in lines if line[0] not in self.hidden)
        return "".join(f"{name}{{{labels}}} {n!r} {self.stamp}\n" for name, labels, n in shown) + self.extra


class Exposed:
    """Servers of pods, each on a port of its own."""

    def __init__(self) -> None:
        self._servers: list[ThreadingHTTPServer] = []

    def serve(self, pod: Pod, port: int = 0) -> int:
        """Expose a pod, and return its port."""

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = pod.text().encode()
                pod.reads += 1
                self.send_response(500 if pod.down else 200)
                self.send_header("content-type", "text/plain; version=0.0.4")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", port), Page)
        self._servers.append(server)
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server.server_port

    def close(self) -> None:
        """Stop all."""
        for server in self._servers:
            server.shutdown()
            server.server_close()


@contextmanager
def exposed() -> Iterator[Exposed]:
    """Yield what exposes pods, for as long as it is needed."""
    servers = Exposed()
    try:
        yield servers
    finally:
        servers.close()


class Running:
    """A Prometheus of this machine that scrapes what it was told to before it started."""

    def __init__(self, folder: Path) -> None:
        if PROGRAM is None:
            pytest.skip("prometheus is not installed")
        self._folder = folder
        self._groups: list[dict[str, Any]] = []
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and return once it answers; it begins to scrape some seconds later."""
        folder = self._folder
        every = {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL}
        job = {"job_name": "pods", "static_configs": self._groups}
        (folder / "prometheus.yml").write_text(yaml.safe_dump({"global": every, "scrape_configs": [job]}))
        self._process = subprocess.Popen(
            [str(PROGRAM), f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until(self._ready, "Prometheus answers")

    def stop(self) -> None:
        """Kill it, as a node does that dies."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def scrape(self, port: int, **labels: str) -> None:
        """Let it scrape a port, once it is started."""
        self._groups.append({"targets": [f"127.0.0.1:{port}"], "labels": labels})

    def _ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/-/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def scraped(*pods: Pod) -> None:
    """Wait until what the pods count now is in Prometheus: when one scrape begins, the one ahead of it is stored."""
    seen = [pod.reads for pod in pods]
    until(lambda: all(pod.reads >= before + 2 for pod, before in zip(pods, seen, strict=True)), "a scrape")


def iso(seconds: float) -> str:
    """Return a time as a state holds it, to the microsecond."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{round(seconds % 1 * 1e6) % 1_000_000:06}Z"


def question(
    model: str,
    begin: float,
    *,
    phase: Any = "canary",
    checks: tuple[PolicyCheck, ...] = (ERRORS, LATENCY, DRIFT),
    pods: Mapping[str, int] | None = None,
    versions: Mapping[str, str] = VERSIONS,
    executor: bool = False,
    now: float = 0.0,
) -> Question:
    """Return a question about the versions of the pods, blue being the slot of the old one."""
    policy = Policy(
        strategy="canary", steps=(50,), interval_seconds=60, bake_seconds=60, max_duration_seconds=3600,
        checks=checks, executor=executor,
    )  # fmt: skip
    place = Place(
        name="staging", namespace="iris-staging", policy=policy, approval=False, freeze=(), autoscaled=False, replicas=1
    )
    names = {slot: f"{model}-{slot}" for slot in VERSIONS}
    spec = ReleaseSpec(
        model=model, registered_model=model, tracking_uri="http://127.0.0.1", ingress="gatewayApi", prometheus="",
        runtime="python", protocol="v2", executor=executor, deployments=names, services=names, service_port=8000,
        route=model, repository=Repository(url="", branch="main", folder="charts"), environments=(place,),
    )  # fmt: skip
    state = ReleaseState(
        phase=phase,
        stable="green" if phase in {"promoting", "baking"} else "blue",
        in_flight=True,
        step_started_at=iso(begin) if begin else "",
        **{slot: Slot(enabled=bool(version), version=version) for slot, version in versions.items()},
    )
    here = now or time.time()
    return Question(spec, place, state, policy, {"blue": 1, "green": 1} if pods is None else pods, here)


def truth(requests: int, errors: int = 0, **rows: int) -> tuple[int, int, int, dict[str, int]]:
    """Return what a window must say of a slot: answers, errors, answers with a known duration, rows."""
    return requests, errors, requests, {"a": 0, "b": 0, **rows}


def said(counts: Counts) -> tuple[int, int, int, dict[str, int]]:
    """Return what a window says of a slot, in the same form."""
    return counts.requests, counts.errors, sum(counts.latency), dict(counts.predictions)


def nothing(window: Window) -> bool:
    """Return whether a window can decide nothing: it has a flaw."""
    return bool(window.flaws) and all(flaw.strip() for flaw in window.flaws)
