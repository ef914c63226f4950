"""An open loop: requests have times at which they are due, and are sent then, whoever still waits for an answer.

An answer's time counts from when its request was due. A request that finds no connection waits for one, and this wait
counts too: a server that stalls cannot slow down who asks it, and so hide the stall.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, cycle, takewhile
from time import perf_counter
from typing import Final

_TICK: Final = 0.0005  # seconds between two looks at what is due
_SEED: Final = 20
_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
LOST: Final = 0  # the status of a request whose connection broke, or that got no answer until the end


@dataclass(frozen=True)
class Target:
    """What is asked.

    Attributes:
        port: On loopback.
        path: Of the address.
        bodies: Of requests, taken in turn.
        connections: How many are open at most; what is due while all are in use waits.
        patience: Seconds after the last request until answers are no longer waited for, and seconds that a request may
            wait for a connection: who asks gives up then.
    """

    port: int
    path: str
    bodies: Sequence[bytes]
    connections: int = 256
    patience: float = 2.0


@dataclass(frozen=True)
class Observed:
    """What came of a rate.

    Attributes:
        offered: Requests per second that were due.
        planned: Seconds over which they were.
        seconds: From the first request that was due to the last answer, or to the end of the schedule if that is later.
        statuses: Answers by status; LOST for requests without any.
        latencies: Seconds from due to answered of what got 200, sorted.
        gave_up: Requests that found no connection for too long, and were never sent.
        late: Seconds by which this process was late to look at the schedule, its 99th percentile: what is much beyond a
            millisecond says that who asks was short of processor time too.
    """

    offered: float
    planned: float
    seconds: float
    statuses: Mapping[int, int]
    latencies: tuple[float, ...]
    gave_up: int
    late: float

    @property
    def answered(self) -> float:
        """Requests that got 200, per second."""
        return len(self.latencies) / self.seconds

    @property
    def asked(self) -> int:
        """Requests that were due."""
        return sum(self.statuses.values()) + self.gave_up

    @property
    def lag(self) -> float:
        """Seconds for which answers still came when nothing was due any more."""
        return self.seconds - self.planned

    @property
    def share(self) -> float:
        """The share of the requests that got 200."""
        return len(self.latencies) / self.asked if self.asked else 0.0

    def quantile(self, which: float) -> float:
        """Return a quantile of the seconds to an answer; infinite if there was none."""
        return quantile(self.latencies, which)


def quantile(ordered: Sequence[float], which: float) -> float:
    """Return the least value that a share of all does not exceed; infinite where there are none."""
    return ordered[min(len(ordered) - 1, int(which * len(ordered)))] if ordered else float("inf")


def schedule(rate: float, seconds: float) -> list[float]:
    """Return the times of requests that come independently of one another, in seconds from the beginning.

    The gaps are exponential, so that requests bunch as those of many users do; the same ones every time.
    """
    drawn = random.Random(_SEED)  # noqa: S311 - load, no secret
    gaps = iter(lambda: drawn.expovariate(rate), None)
    return list(takewhile(lambda time: time < seconds, accumulate(gaps)))


def observe(target: Target, rate: float, seconds: float) -> Observed:
    """Send requests at a rate for some seconds, and return what came of it."""
    return asyncio.run(_Loop(target, rate, seconds).run())


class _Loop:
    def __init__(self, target: Target, rate: float, seconds: float) -> None:
        head = f"POST {target.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
        self._requests = cycle([f"{head}{len(body)}\r\n\r\n".encode() + body for body in target.bodies])
        self._target, self._rate, self._seconds = target, rate, seconds
        self._due = schedule(rate, seconds)
        self._free: list[_Connection] = []
        self._all: set[_Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: deque[float] = deque()
        self._statuses: Counter[int] = Counter()
        self._latencies: list[float] = []
        self._late: list[float] = []
        self._gave_up, self._last = 0, 0.0

    async def run(self) -> Observed:
        for _ in range(min(self._target.connections, 16)):
            await self._open()
        began = perf_counter() + 0.05
        planned, position = self._due, 0
        end = began + self._seconds + self._target.patience
        while position < len(planned) or ((self._busy or self._waiting) and perf_counter() < end):
            now = perf_counter()
            if position < len(planned) and began + planned[position] <= now:
                self._late.append(now - began - planned[position])
            while position < len(planned) and began + planned[position] <= now:
                self._waiting.append(began + planned[position])
                position += 1
            self._send(now)
            await asyncio.sleep(_TICK)
        await self._close()
        took = max(self._seconds, self._last - began)
        late = quantile(sorted(self._late), 0.99) if self._late else 0.0
        return Observed(
            self._rate, self._seconds, took, dict(self._statuses), tuple(sorted(self._latencies)), self._gave_up, late
        )

    @property
    def _busy(self) -> int:
        return len(self._all) - len(self._free)

    def _send(self, now: float) -> None:
        """Give what is due to free connections, open further ones, and give up what waited too long."""
        while self._waiting and self._waiting[0] < now - self._target.patience:
            self._waiting.popleft()
            self._gave_up += 1
        while self._waiting and self._free:
            self._free.pop().ask(next(self._requests), self._waiting.popleft())
        wanted = min(len(self._waiting), self._target.connections - len(self._all) - len(self._opening))
        for _ in range(min(wanted, 16)):
            task = asyncio.get_running_loop().create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._target.port)

    def opened(self, connection: _Connection) -> None:
        self._all.add(connection)
        self._free.append(connection)

    def answered(self, connection: _Connection, status: int, due: float) -> None:
        now = self._last = perf_counter()
        self._statuses[status] += 1
        if status == 200:  # noqa: PLR2004 - HTTP
            self._latencies.append(now - due)
        if self._waiting:
            connection.ask(next(self._requests), self._waiting.popleft())
        else:
            self._free.append(connection)

    def lost(self, connection: _Connection, *, asked: bool) -> None:
        self._all.discard(connection)
        if asked:
            self._statuses[LOST] += 1
        elif connection in self._free:
            self._free.remove(connection)

    async def _close(self) -> None:
        for task in tuple(self._opening):
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        self._gave_up += len(self._waiting)
        for connection in tuple(self._all):
            connection.end()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


class _Connection(asyncio.Protocol):
    """One connection that is kept, with one request at a time."""

    def __init__(self, loop: _Loop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._due: float | None = None
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # of a TCP connection it is one that writes
        self._loop.opened(self)

    def ask(self, request: bytes, due: float) -> None:
        self._due = due
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, body = self._read.partition(_END)
        if not found or self._due is None:
            return
        lower = head.lower()
        if _LENGTH not in lower:
            self.end()
            return
        length = int(lower.split(_LENGTH, 1)[1].split(b"\r\n", 1)[0])
        if len(body) >= length:
            due, self._due, self._read = self._due, None, body[length:]
            self._loop.answered(self, int(head[9:12]), due)

    def connection_lost(self, _error: Exception | None) -> None:
        self._loop.lost(self, asked=self._due is not None)
        self._due = None

    def end(self) -> None:
        if self._transport is not None:
            self._transport.abort()
