"""An open loop: requests have times at which they are due, and are sent then, whoever still waits for an answer.

An answer's time counts from when its request was due. A request that finds no connection waits for one, and this wait
counts too: a server that stalls cannot slow down who asks it, and so hide the stall.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle, takewhile
from time import perf_counter
from typing import Final

from mlops_charts.local.asking import LOST, OK, Answer, Asking, quantile

_TICK: Final = 0.0005  # seconds between two looks at what is due
_SEED: Final = 20


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
        self._target, self._seconds = target, seconds
        self._due = schedule(rate, seconds)
        self._asking = Asking(target.port, target.connections, target.patience, self._answered)
        self._statuses: Counter[int] = Counter()
        self._latencies: list[float] = []
        self._late: list[float] = []
        self._last = 0.0

    async def run(self) -> Observed:
        await self._asking.open()
        began = perf_counter() + 0.05
        planned, position = self._due, 0
        end = began + self._seconds + self._target.patience
        while position < len(planned) or (self._asking.busy and perf_counter() < end):
            now = perf_counter()
            if position < len(planned) and began + planned[position] <= now:
                self._late.append(now - began - planned[position])
            while position < len(planned) and began + planned[position] <= now:
                self._asking.put(next(self._requests), began + planned[position])
                position += 1
            self._asking.send(now)
            await asyncio.sleep(_TICK)
        await self._asking.close()
        return self._observed(began)

    def _observed(self, began: float) -> Observed:
        took = max(self._seconds, self._last - began)
        late = quantile(sorted(self._late), 0.99) if self._late else 0.0
        latencies = tuple(sorted(self._latencies))
        statuses, gave_up = dict(self._statuses), self._asking.gave_up
        offered = len(self._due) / self._seconds
        return Observed(offered, self._seconds, took, statuses, latencies, gave_up, late)

    def _answered(self, answer: Answer) -> None:
        self._statuses[answer.status] += 1
        if answer.status != LOST:
            self._last = perf_counter()
        if answer.status == OK:
            self._latencies.append(answer.seconds)
