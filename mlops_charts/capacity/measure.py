"""Measures one pod: starts the real server, asks it as fast as it answers, then in an open loop at rising rates."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from mlops_charts.capacity import machine as here
from mlops_charts.capacity.measured import LATE, Capacity, Level, Objective, Pod
from mlops_charts.capacity.open_loop import Observed, Target, observe
from mlops_charts.contract import READY_PATH
from mlops_charts.errors import Mistake, MlopsChartsError
from mlops_charts.local import venvs
from mlops_charts.local.groups import group
from mlops_charts.saved_model.example import read_example

_SHARES: Final = (0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5)  # of the first estimate
_FURTHER, _STEPS = 1.2, 12  # times the rate ahead, as long as the server carries it
_SATURATED: Final = 0.98  # share of the requests below which a rate is more than the server carries
_LAG: Final = 0.25  # seconds that answers may come late at the end, before a rate is too much too
_PATIENCE: Final = 120.0  # seconds until a server must be ready
_FLOOD, _FLOOD_SECONDS, _FLOOD_CONNECTIONS = 200_000.0, 1.0, 64
_STEP: Final = 0.5  # seconds between two tries of a port


class NotMeasured(MlopsChartsError):  # noqa: N818 - it says what is so
    """The server cannot be measured: it does not start, or answers nothing."""


class NoModel(Mistake):
    """There is no saved model to measure."""


@dataclass(frozen=True)
class Asked:
    """What is measured.

    Attributes:
        folder: The model's folder.
        model: Its name.
        objective: How fast answers must be.
        workers: Processes that answer; None where the server decides.
        rows: Rows of each request.
        seconds: How long each rate is held.
        options: Further ones of `mlops-charts serve`.
        environ: Variables of the server, such as those by which an image trusts types.
    """

    folder: Path
    model: str
    objective: Objective
    workers: int | None = None
    rows: int = 1
    seconds: float = 5.0
    options: tuple[str, ...] = ()
    environ: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    process: subprocess.Popen[str]
    port: int


def measure(asked: Asked, told: Callable[[Level], None]) -> Capacity:
    """Return what one pod carries.

    Args:
        asked: What is measured.
        told: Of each rate, once it is measured.

    Raises:
        NoModel: The folder holds no saved model.
        NotMeasured: The server does not start, or answers nothing.
    """
    bodies = request_bodies(asked.folder, asked.rows)
    with started(asked) as server:
        target = Target(server.port, f"/v2/models/{asked.model}/infer", bodies)
        levels: list[Level] = []
        for rate in rates(_estimate(target)):
            level, more = carried(partial(_level, server, target, rate, asked), asked.objective)
            told(level)
            levels.append(level)
            if not more:
                break
        pod = _pod(asked, server.process.pid)
    return _capacity(asked, levels, pod)


def carried(hold: Callable[[], tuple[Observed, Level]], objective: Objective) -> tuple[Level, bool]:
    """Return what came of a rate, and whether a higher one is worth a try.

    A rate that is too much is held once more where who asked was late: then it may have been too much for that side.
    """
    found, level = hold()
    if level.late > LATE and not (_kept_up(found, level) and best([level], objective)):
        found, level = hold()
    return level, _kept_up(found, level)


def _kept_up(found: Observed, level: Level) -> bool:
    return level.share >= _SATURATED and found.lag <= _LAG


def _pod(asked: Asked, pid: int) -> Pod:
    memory = sum(map(here.memory_bytes, here.family(pid)))
    workers = asked.workers or here.workers(pid)
    return Pod(workers=workers, rows_per_request=asked.rows, memory_bytes=memory, options=tuple(_options(asked)))


def rates(estimate: float) -> list[float]:
    """Return the rates to try, rising, from a first estimate of the most, which a busy machine may make too low."""
    further = (_SHARES[-1] * _FURTHER**step for step in range(1, _STEPS + 1))
    return [max(1.0, share * estimate) for share in (*_SHARES, *further)]


def request_bodies(folder: Path, rows: int) -> list[bytes]:
    """Return bodies of requests in version 2 of the protocol, made of the rows of the model's example.

    Raises:
        NoModel: There is no example.
    """
    try:
        tensors = read_example(folder).v2["inputs"]
    except (OSError, ValueError, KeyError):
        raise NoModel(f"{folder} holds no saved model: it has no example.json that can be read") from None
    there = len(tensors[0]["data"])
    return [_body(tensors, [(first + row) % there for row in range(rows)]) for first in range(there)]


def _body(tensors: Sequence[Mapping[str, Any]], places: Sequence[int]) -> bytes:
    inputs = [{**one, "shape": [len(places)], "data": [one["data"][place] for place in places]} for one in tensors]
    return json.dumps({"inputs": inputs}).encode()


def _estimate(target: Target) -> float:
    """Return how many requests a second are answered where there are always more: it also warms the server."""
    flood = Target(target.port, target.path, target.bodies, _FLOOD_CONNECTIONS, 0.2)
    found = observe(flood, _FLOOD, _FLOOD_SECONDS)
    if not found.latencies:
        raise NotMeasured(f"the server answers no request with 200; it answers {dict(found.statuses)}")
    return found.answered


def _level(server: Server, target: Target, rate: float, asked: Asked) -> tuple[Observed, Level]:
    before = here.processor_seconds(server.process.pid)
    found = observe(target, rate, asked.seconds)
    used = here.processor_seconds(server.process.pid) - before
    if server.process.poll() is not None:
        raise NotMeasured(f"the server ended with status {server.process.returncode} at {rate:.0f} requests/s")
    return found, level_of(found, used, asked.objective)


def level_of(found: Observed, used: float, objective: Objective) -> Level:
    """Return one rate as capacity.json has it."""
    answered = bool(found.latencies)
    return Level(
        offered=round(found.offered, 1),
        answered=round(found.answered, 1),
        share=round(found.share, 5),
        p50=round(found.quantile(0.5), 6) if answered else None,
        p99=round(found.quantile(0.99), 6) if answered else None,
        at_objective=round(found.quantile(objective.quantile), 6) if answered else None,
        cpu_seconds=round(used / len(found.latencies), 9) if answered else 0.0,
        late=round(found.late, 6),
    )


def best(levels: Sequence[Level], objective: Objective) -> Level | None:
    """Return the highest rate within the objective, at which, and at all lower ones, nothing was refused."""
    found = None
    for level in levels:
        if level.share < _SATURATED or level.at_objective is None or level.at_objective > objective.seconds:
            break
        found = level
    return found


def _capacity(asked: Asked, levels: Sequence[Level], pod: Pod) -> Capacity:
    return Capacity(
        model=asked.model,
        measured=datetime.now(UTC).replace(microsecond=0),
        server=_version(),
        machine=here.machine(),
        pod=pod,
        objective=asked.objective,
        saturation=max(level.answered for level in levels),
        at_objective=best(levels, asked.objective),
        levels=tuple(levels),
    )


@contextmanager
def started(asked: Asked) -> Iterator[Server]:
    """Run the server until the block ends, and end all that it started.

    Raises:
        NotMeasured: It does not start.
    """
    http, metrics = _free_port(), _free_port()
    ports = ("--host=127.0.0.1", f"--http-port={http}", f"--metrics-port={metrics}")
    command = [sys.executable, "-m", "mlops_charts", "serve", str(asked.folder.resolve()), *ports, *_options(asked)]
    variables = {**venvs.variables(), **(asked.environ or {}), "MODEL": asked.model}
    with (
        TemporaryDirectory() as scratch,
        (Path(scratch) / "log").open("w+", encoding="utf-8", errors="replace") as log,
        group(command, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process,
    ):
        _wait(process, http, Path(log.name))
        yield Server(process, http)


def _options(asked: Asked) -> Iterator[str]:
    yield from asked.options
    if asked.workers is not None:
        yield f"--workers={asked.workers}"


def _wait(process: subprocess.Popen[str], port: int, log: Path) -> None:
    opener = build_opener(ProxyHandler({}))
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with suppress(URLError, OSError), opener.open(f"http://127.0.0.1:{port}{READY_PATH}", timeout=2):
            return
        time.sleep(_STEP / 10)
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    raise NotMeasured(f"the server is not ready: {lines[-1] if lines else 'it said nothing'}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _version() -> str:
    try:
        return version("mlops-charts")
    except PackageNotFoundError:
        return ""
