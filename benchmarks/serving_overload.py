"""More than a server carries, in an open loop: what is accepted stays fast, the rest is refused, memory stays."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from urllib.parse import urlsplit

from serving_servers import Running

from mlops_charts.capacity.machine import family, memory_bytes
from mlops_charts.capacity.open_loop import Observed, Target, observe, quantile

_ASKING = 2  # processes that ask: one of Python's alone cannot send so much
_BAR = 0.250  # seconds, p99 of what is accepted
_GROWTH = 1.5  # times the memory at the beginning
_TOTAL = 3  # times saturation


def overload(server: Running, saturation: float, rows: int, seconds: float) -> None:
    """Ask three times as much as a server carries, and print what came of it."""
    before = _memory(server)
    rate = _TOTAL * saturation
    peaks: list[int] = []
    where = urlsplit(server.url)
    target = Target(where.port or 80, where.path, [server.body(rows)], connections=256, patience=1.0)
    with get_context("spawn").Pool(_ASKING) as pool, ThreadPoolExecutor(1) as watching:
        asking = pool.starmap_async(observe, [(target, rate / _ASKING, seconds)] * _ASKING)
        watching.submit(_watch, server, asking, peaks)
        found = asking.get()
    _say(found, rate, before, max(peaks, default=0), alive=server.process.poll() is None)


def _watch(server: Running, asking: object, peaks: list[int]) -> None:
    while not asking.ready():  # type: ignore[attr-defined]  # a result of a pool
        peaks.append(_memory(server))
        time.sleep(1)


def _memory(server: Running) -> int:
    return sum(map(memory_bytes, family(server.process.pid)))


def _say(found: Sequence[Observed], rate: float, before: int, peak: int, *, alive: bool) -> None:
    latencies = sorted(one for each in found for one in each.latencies)
    statuses = sum((Counter(each.statuses) for each in found), Counter[int]())
    asked = sum(each.asked for each in found)
    p99, took = quantile(latencies, 0.99), max(each.seconds for each in found)
    gave_up = sum(each.gave_up for each in found)
    shares = ", ".join(f"{status or 'lost'} {100 * count / asked:.1f} %" for status, count in sorted(statuses.items()))
    print(f"  offered {rate:,.0f}/s for {took:.0f} s; accepted {len(latencies) / took:,.0f}/s")
    print(f"  accepted: p50 {1000 * quantile(latencies, 0.5):.0f} ms, p99 {1000 * p99:.0f} ms, from when each was due")
    print(f"  {shares}; found no connection within a second {100 * gave_up / asked:.1f} %")
    print(f"  who asked was late by {1000 * max(each.late for each in found):.1f} ms (p99): it shares the processors")
    print(f"  memory of all processes {before / 2**20:.0f} MiB before, at most {peak / 2**20:.0f} MiB")
    _bar("no crash", alive)
    _bar(f"accepted within {1000 * _BAR:.0f} ms at p99", p99 < _BAR)
    _bar(f"memory at most {_GROWTH:g} times", peak <= _GROWTH * before)
    _bar("the rest gets 429 or 503", not set(statuses) - {200, 429, 503})


def _bar(title: str, met: bool) -> None:  # noqa: FBT001 - a line of a report
    print(f"  {'met   ' if met else 'MISSED'}  {title}", flush=True)
