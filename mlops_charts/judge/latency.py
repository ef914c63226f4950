"""Quantiles of durations compared by their ratio, reduced to proportions of requests beyond bounds of buckets.

A quantile q of the new version is at most r times the stable one's if, for a bound x0 and the largest bound x1 that is
at most r * x0, fewer of its requests take longer than x1 than of the stable one's take longer than x0, and fewer than
1 - q. Both are proportions, so `proportions` tests them exactly, without any shape of the distribution; x1 is rounded
down, so coarse buckets cost samples and never let more through. x0 is chosen about the quantile by what the stable slot
did before, where an equal version gathers evidence fastest.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import log, sqrt

from mlops_charts.judge.counts import MOST, Window
from mlops_charts.judge.proportions import (
    Layout,
    Line,
    Prior,
    Priors,
    Trials,
    levels,
    log_evidence,
    log_likelihood,
    log_mixed,
)
from mlops_charts.judge.verdict import Compared
from mlops_charts.release.policy import PolicyCheck

_ENOUGH = 100  # requests before, by which a test is laid out
_HELD = 400  # requests that a guess about a worse version is worth, at most
_ROUNDING = 1 + 1e-9


@dataclass(frozen=True)
class Tails:
    """Of a histogram, how many requests took longer than each edge; the first edge is 0.

    Attributes:
        edges: 0 and the bounds of the buckets, in seconds.
        beyond: Requests that took longer than each edge.
    """

    edges: tuple[float, ...]
    beyond: tuple[float, ...]

    @property
    def total(self) -> float:
        """All requests."""
        return self.beyond[0]

    def at(self, place: int) -> Trials:
        """Return the requests beyond an edge, as trials."""
        return Trials(self.beyond[place], self.total)

    def quantile(self, share: float) -> float:
        """Return a quantile in seconds, taken as even within a bucket; the last edge at most."""
        rest = (1 - share) * self.total
        place = next((p for p, count in enumerate(self.beyond) if count <= rest), 0)
        if not place:
            return self.edges[-1]
        above, below = self.beyond[place - 1], self.beyond[place]
        low, high = self.edges[place - 1], self.edges[place]
        return low + (high - low) * (above - rest) / (above - below)


@dataclass(frozen=True)
class Places:
    """By which edges a quantile is compared.

    Attributes:
        quantile: The quantile.
        ratio: The margin.
        stable: Place of x0 among the edges.
        candidate: Place of x1.
        fail: Place of the edge beyond which the stable one is looked at for "not worse".
        fail_candidate: Place of the edge beyond which the new one is: the largest within half of the margin, on the
            scale of logarithms. Where buckets are too coarse for that, it is the same.
    """

    quantile: float
    ratio: float
    stable: int
    candidate: int
    fail: int
    fail_candidate: int


def tails(histogram: Sequence[float], bounds: Sequence[float]) -> Tails | str:
    """Return a histogram's tails; or a word why there are none: missing, broken, mismatched."""
    if not all(0 <= count <= MOST for count in histogram):
        return "broken"
    if not sum(histogram):
        return "missing"
    if len(histogram) != len(bounds) + 1:
        return "mismatched"
    beyond = tuple(accumulate(reversed(histogram)))[::-1]
    return Tails((0.0, *bounds), beyond)


def compare_latency(check: PolicyCheck, window: Window, alpha: float, *, interval: bool = True) -> Compared:
    """Compare a quantile of durations: may the new version's be the margin's ratio times the stable one's?"""
    share, ratio = check.quantile or 0.95, check.max_ratio or 1
    blank = Compared(check.title, "noData", check.critical, ratio, "ratio", "seconds", need_pass=log(1 / alpha))
    stable, candidate, before = (
        tails(slot.latency, window.bounds) for slot in (window.stable, window.candidate, window.before)
    )
    if isinstance(stable, str) or isinstance(candidate, str):
        return replace(blank, note=_missing(stable, candidate))
    known = before if isinstance(before, Tails) and before.total >= _ENOUGH else None
    places = choose(known or stable, share, ratio)
    if isinstance(places, str):
        return replace(blank, samples=(int(stable.total), int(candidate.total)), note=places)
    figures = stable.quantile(share), candidate.quantile(share)
    worse = log_above(stable, candidate, known, replace(places, stable=places.fail), places.fail_candidate)
    if (
        figures[1] <= figures[0] * stable.edges[places.fail_candidate] / stable.edges[places.fail]
    ):  # slower elsewhere than at the quantile, as where both have become slower since before
        worse = min(worse, 0.0)
    return replace(
        blank,
        finding="undecided",
        stable=figures[0],
        candidate=figures[1],
        effect=figures[1] / figures[0],
        interval=_interval(stable, candidate, known, places, blank.need_pass) if interval else None,
        log_pass=log_below(stable, candidate, known, places, places.candidate),
        log_fail=worse,
        samples=(int(stable.total), int(candidate.total)),
        note="" if places.stable else "faster than the smallest bound: compared by how many are slower than it",
    )


def choose(known: Tails, quantile: float, ratio: float) -> Places | str:
    """Return by which edges a quantile is compared, or in words why it cannot be."""
    rest, best = 1 - quantile, (0.0, 0, 0)
    for place, count in enumerate(known.beyond):
        if count < rest / 2 * known.total:
            break
        other = bisect_right(known.edges, ratio * known.edges[place] * _ROUNDING) - 1 if place else 1
        if other > place:
            speed = _speed((known.beyond[other] + 0.5) / (known.total + 1), min(count / known.total, rest))
            best = max(best, (speed, place, other))
    if best[0] > 0:
        last = len(known.edges) - 1
        fail = max(next((p for p, count in enumerate(known.beyond) if count <= rest * known.total), last), 1)
        half = bisect_right(known.edges, sqrt(ratio) * known.edges[fail] * _ROUNDING) - 1
        return Places(quantile, ratio, best[1], best[2], fail, half)
    if known.beyond[-1] > rest * known.total:
        return f"the quantile is beyond the last bound, {known.edges[-1]:g} s"
    return f"no two bounds about the quantile are within a ratio of {ratio:g}"


def log_below(stable: Tails, candidate: Tails, before: Tails | None, places: Places, edge: int) -> float:
    """Return the logarithm of the evidence that fewer of the new version's requests take longer than an edge."""
    return evidence_below(
        laid_out(before, places, edge), stable.at(places.stable), candidate.at(edge), 1 - places.quantile
    )


def evidence_below(layout: Layout, stable: Trials, candidate: Trials, most: float) -> float:
    """Return the logarithm of the evidence that a rate is below the stable one's and below `most`: the lesser one."""
    against = log_evidence(layout.log_marginal(stable, candidate), stable, candidate, Line(), "above")
    alone = log_mixed(layout.candidate, candidate) - log_likelihood(candidate, max(candidate.rate, most))
    return min(against, alone)


def log_above(stable: Tails, candidate: Tails, before: Tails | None, places: Places, edge: int) -> float:
    """Return the logarithm of the evidence that more of the new version's requests take longer than an edge.

    More than of the stable one's take longer than x0.
    """
    one, other, layout = stable.at(places.stable), candidate.at(edge), laid_out(before, places, edge)
    return log_evidence(layout.log_marginal(one, other), one, other, Line(), "below")


def laid_out(before: Tails | None, places: Places, edge: int) -> Layout:
    """Return how the evidence beyond an edge is laid out, by what the stable slot did before."""
    if before is None:
        return Layout((Prior(1.0),), (Prior(1.0),))
    worse = bisect_right(before.edges, before.edges[edge] / places.ratio * _ROUNDING) - 1
    guess = before.at(worse)
    held = min(guess.of, _HELD)
    slower = Prior(0.3, 0.5 + held * guess.rate, 0.5 + held * (1 - guess.rate))
    candidate: Priors = (*levels(before.at(edge), 0.5), slower, Prior(0.2))
    return Layout(levels(before.at(places.stable)), candidate)


def _interval(
    stable: Tails, candidate: Tails, before: Tails | None, places: Places, need: float
) -> tuple[float, float] | None:
    """Return between what the ratio lies, by edges; None where the upper end is beyond the last."""
    first, start, last = stable.edges[places.stable], _place(candidate, places), len(stable.edges)
    low = start - bisect_left(
        range(start), True, key=lambda by: log_above(stable, candidate, before, places, start - by) >= need
    )
    high = start + bisect_left(
        range(start, last), True, key=lambda edge: log_below(stable, candidate, before, places, edge) >= need
    )
    return (stable.edges[low] / first, stable.edges[high] / first) if first and high < last else None


def _place(candidate: Tails, places: Places) -> int:
    rest = (1 - places.quantile) * candidate.total
    return next((p for p, count in enumerate(candidate.beyond) if count <= rest), len(candidate.edges) - 1)


def _speed(share: float, margin: float) -> float:
    """Return how fast evidence grows that a share is below a margin; 0 if it is not."""
    if share >= margin:
        return 0.0
    return share * log(share / margin) + (1 - share) * (log((1 - share) / (1 - margin)) if margin < 1 else 30.0)


def _missing(stable: Tails | str, candidate: Tails | str) -> str:
    words = {
        "missing": "no durations of the {} version",
        "broken": "the durations of the {} version are not counts",
        "mismatched": "the buckets of the {} version are not those of the bounds",
    }
    named = (("stable", stable), ("new", candidate))
    return "; ".join(words[found].format(name) for name, found in named if isinstance(found, str))
