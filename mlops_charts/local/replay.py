"""Users of this machine: a process that sends requests at a rate, whoever still waits, and says every second what came.

`python -m mlops_charts.local.replay TRAFFIC`, with a JSON object of the fields of `Traffic`. SIGTERM ends it.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
import signal
import sys
import time
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from mlops_charts.errors import Mistake
from mlops_charts.local.asking import LOST, OK, Answer, Asking, quantile
from mlops_charts.workspace.write import read_text

_USERS: Final = 1000
_PATIENCE: Final = 5.0  # seconds that a user waits for a connection
_LAST: Final = 2.0  # seconds for the last answers, once it was told to end
_LONGEST: Final = 0.05  # seconds between two looks at the clock
_VERSION: Final = re.compile(rb'"model_version":\s*"([^"]*)"')
_SUMMARY: Final = "summary"


@dataclass(frozen=True)
class Traffic:
    """What is sent.

    Attributes:
        gateway: Address of the gateway, on loopback.
        host: The host that requests are for.
        path: Behind the address.
        bodies: A file of JSON, the body of a request a line; they are sent in random order, the same every time.
        records: A file that every second is appended to, as a line of JSON.
        rate: Requests per second, which come independently of one another.
        seed: Of the order and of the times.
        header: NAME=VALUE of what those send who meet a new version in an experiment; empty for nobody.
        share: Of the users who send it. There are 1,000 of them, and each does so always or never.
        connections: How many are open at most.
    """

    gateway: str
    host: str
    path: str
    bodies: Path
    records: Path
    rate: float
    seed: int = 20
    header: str = ""
    share: float = 0.0
    connections: int = 64


@dataclass(frozen=True)
class Second:
    """What came in a second.

    Attributes:
        at: When it began, in seconds since 1970.
        sent: Requests that were due in it.
        statuses: Answers in it by status; 0 for requests that got none.
        versions: Answers with status 200 by the version that they name.
        p50: Median of the seconds from due to answered, of those with status 200; None if there was none.
        p95: The 95th percentile of them.
        p99: The 99th percentile of them.
    """

    at: float
    sent: int
    statuses: Mapping[str, int]
    versions: Mapping[str, int]
    p50: float | None
    p95: float | None
    p99: float | None

    @property
    def failed(self) -> int:
        """Requests that got no answer, or one of the server's faults."""
        return sum(count for status, count in self.statuses.items() if status == str(LOST) or status >= "500")


@dataclass(frozen=True)
class Summary(Second):
    """What came of all of it; `at` is when it began.

    Attributes:
        seconds: How long it took.
    """

    seconds: float = 0.0


def replay_command(traffic: Traffic) -> list[str]:
    """Return the process that sends it."""
    said = json.dumps(asdict(traffic), default=str)
    return [sys.executable, "-m", "mlops_charts.local.replay", said]


def read_records(file: Path) -> tuple[Second, ...]:
    """Return the seconds of a file so far."""
    return tuple(Second(**line) for line in _lines(file) if _SUMMARY not in line)


def read_summary(file: Path) -> Summary | None:
    """Return what came of all of it; None while it goes on."""
    found = [line[_SUMMARY] for line in _lines(file) if _SUMMARY in line]
    return Summary(**found[-1]) if found else None


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    for line in (read_text(file) or "").splitlines(keepends=True):
        if line.endswith("\n"):  # the last one may be half written
            yield json.loads(line)


@dataclass
class _Count:
    sent: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    latencies: array[float] = field(default_factory=lambda: array("d"))

    def add(self, answer: Answer) -> None:
        self.statuses[str(answer.status)] += 1
        if answer.status == OK:
            self.latencies.append(answer.seconds)
            found = _VERSION.search(answer.body)
            if found:
                self.versions[found[1].decode(errors="replace")] += 1

    def said(self, at: float) -> dict[str, Any]:
        ordered = sorted(self.latencies)
        quantiles = {f"p{round(100 * which)}": _rounded(quantile(ordered, which)) for which in (0.5, 0.95, 0.99)}
        counts = {"statuses": dict(sorted(self.statuses.items())), "versions": dict(sorted(self.versions.items()))}
        return {"at": round(at, 3), "sent": self.sent, **counts, **quantiles}


def _rounded(seconds: float) -> float | None:
    return round(seconds, 6) if math.isfinite(seconds) else None


class Replay:
    """Traffic that is sent.

    Args:
        traffic: What is sent.

    Raises:
        Mistake: There are no bodies.
    """

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._drawn = random.Random(traffic.seed)  # noqa: S311 - load, no secret
        self._requests = _requests(traffic, self._drawn)
        self._asking = Asking(urlsplit(traffic.gateway).port or 80, traffic.connections, _PATIENCE, self._answered)
        self._second, self._all = _Count(), _Count()
        self._lost = 0  # of those that waited too long, how many were counted

    async def run(self, ended: asyncio.Event) -> None:
        """Send until an event, and write down what came."""
        began, due = time.time(), time.perf_counter()
        begun = began
        with self._traffic.records.open("a", encoding="utf-8") as records:
            while not ended.is_set():
                due = self._send(due)
                if time.time() >= begun + 1:
                    _write(records, self._taken(begun))
                    begun += 1
                pause = min(max(0.0, due - time.perf_counter()), _LONGEST)
                await asyncio.sleep(pause)
            await self._finish()
            _write(records, self._taken(begun))
            _write(records, {_SUMMARY: {**self._all.said(began), "seconds": round(time.time() - began, 3)}})

    def _send(self, due: float) -> float:
        """Send what is due, and return when the next request is."""
        now = time.perf_counter()
        while due <= now:
            self._asking.put(next(self._requests), due)
            self._second.sent += 1
            self._all.sent += 1
            due += self._drawn.expovariate(self._traffic.rate)
        self._asking.send(now)
        return due

    async def _finish(self) -> None:
        end = time.perf_counter() + _LAST
        while self._asking.busy and time.perf_counter() < end:
            self._asking.send(time.perf_counter())
            await asyncio.sleep(_LONGEST / 5)
        await self._asking.close()

    def _taken(self, begun: float) -> dict[str, Any]:
        for _ in range(self._asking.gave_up - self._lost):
            self._answered(Answer(LOST, b"", _PATIENCE))
        self._lost = self._asking.gave_up
        said, self._second = self._second.said(begun), _Count()
        return said

    def _answered(self, answer: Answer) -> None:
        self._second.add(answer)
        self._all.add(answer)


def _requests(traffic: Traffic, drawn: random.Random) -> Iterator[bytes]:
    bodies = [line for line in traffic.bodies.read_bytes().splitlines() if line]
    if not bodies:
        raise Mistake(f"{traffic.bodies} has no requests")
    head = f"POST {traffic.path} HTTP/1.1\r\nHost: {traffic.host}\r\nContent-Type: application/json\r\n"
    return _endless(bodies, head, traffic, drawn)


def _endless(bodies: Sequence[bytes], head: str, traffic: Traffic, drawn: random.Random) -> Iterator[bytes]:
    name, _, text = traffic.header.partition("=")
    experiment = f"{name}: {text}\r\n" if name else ""
    order = list(bodies)
    while True:
        drawn.shuffle(order)
        for body in order:
            meets = drawn.randrange(_USERS) < traffic.share * _USERS
            yield f"{head}{experiment if meets else ''}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _write(records: Any, line: Mapping[str, Any]) -> None:
    records.write(json.dumps(line) + "\n")
    records.flush()


async def _until_told(traffic: Traffic) -> None:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await Replay(traffic).run(ended)


def main(said: str) -> int:
    """Send what a JSON object says until a signal."""
    given: dict[str, Any] = json.loads(said)
    traffic = Traffic(**{**given, "bodies": Path(given["bodies"]), "records": Path(given["records"])})
    asyncio.run(_until_told(traffic))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except (Mistake, OSError) as error:
        sys.exit(f"error: {error}")
