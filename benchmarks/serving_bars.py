"""What `make bench-serving` holds its figures against: which bars there are, and which are met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from serving_load import SHAPES, Found, Shape
from serving_servers import Peer

ALONE, _, SINGLE, MANY = SHAPES
_TIMES = {"seldon": 15, "mlserver": 20, "fastapi": 3}
_ROWS = {"logistic": 500_000, "forest": 200_000}
_RATE, _BARE_RATE, _SHARE, _SPLIT = 15_000, 17_700, 0.85, 0.75
_P99, _P50, _P99_MANY, _MEMORY = 0.020, 0.0004, 0.050, 200 * 2**20
POD = 2  # workers of the pod that the bars are of


@dataclass(frozen=True)
class Figures:
    """Medians of one server with one model, by shape, and the memory of one worker in bytes."""

    found: Mapping[Shape, Found]
    memory: int


@dataclass(frozen=True)
class Bar:
    """What must hold, what was found, and whether it does."""

    title: str
    found: str
    met: bool


def bars(kind: str, figures: Mapping[Peer, Figures]) -> Iterator[Bar]:
    """Yield the bars of one model, as far as what they need was measured."""
    ours = figures.get(Peer("ours", POD))
    if ours is None:
        return
    bare = figures.get(Peer("bare", POD))
    if SINGLE in ours.found:
        yield from _single(ours.found[SINGLE], bare.found[SINGLE] if bare else None)
        for peer, theirs in figures.items():
            mine = figures.get(Peer("ours", peer.workers))
            if peer.name in _TIMES and mine is not None:
                yield _ratio(peer, mine.found[SINGLE].rate, theirs.found[SINGLE].rate)
        split = figures.get(Peer("envoy", POD))
        if split is not None:
            share = split.found[SINGLE].rate / ours.found[SINGLE].rate
            yield Bar(f"behind Envoy at least {100 * _SPLIT:.0f} %", f"{100 * share:.0f} %", share >= _SPLIT)
    if ALONE in ours.found:
        yield _at_most("p50 at 1 connection", ours.found[ALONE].p50, _P50)
    if MANY in ours.found:
        rows = ours.found[MANY].rate * MANY.rows
        yield Bar(f"{MANY.rows} rows a request: {_ROWS[kind]:,} rows/s", f"{rows:,.0f}", rows >= _ROWS[kind])
        yield _at_most(f"{MANY.rows} rows a request: p99", ours.found[MANY].p99, _P99_MANY)
    megabytes = f"{ours.memory / 2**20:.0f} MiB"
    yield Bar(f"memory of one worker under {_MEMORY // 2**20} MiB", megabytes, 0 < ours.memory < _MEMORY)


def _single(ours: Found, bare: Found | None) -> Iterator[Bar]:
    if bare is None:
        yield Bar(f"{SINGLE.connections} connections: {_RATE:,}/s", f"{ours.rate:,.0f}", ours.rate >= _RATE)
    else:
        asked = _RATE if bare.rate >= _BARE_RATE else _SHARE * bare.rate
        yield Bar(f"{SINGLE.connections} connections: {asked:,.0f}/s", f"{ours.rate:,.0f}", ours.rate >= asked)
        share = ours.rate / bare.rate
        yield Bar(f"{100 * _SHARE:.0f} % of the bare handler", f"{100 * share:.0f} %", share >= _SHARE)
    yield _at_most(f"{SINGLE.connections} connections: p99", ours.p99, _P99)


def _ratio(peer: Peer, ours: float, theirs: float) -> Bar:
    title = f"{_TIMES[peer.name]} times {peer} worker{'s' * (peer.workers > 1)}"
    if not theirs:
        return Bar(title, "it answered nothing, so that there is nothing to compare", met=False)
    return Bar(title, f"{ours / theirs:.1f}", ours >= _TIMES[peer.name] * theirs)


def _at_most(title: str, found: float, most: float) -> Bar:
    return Bar(f"{title} under {1000 * most:g} ms", f"{1000 * found:.2f} ms", found < most)
