"""What a simulated release meets: how the new version differs from the stable one, and the probabilities of that."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import exp, log
from statistics import NormalDist

from mlops_charts import contract
from mlops_charts.judge.counts import Counts
from mlops_charts.judge.samples import Baseline
from mlops_charts.release.policy import Policy

_FARTHEST = 60.0  # of a tilt; beyond it a class has all or nothing


@dataclass(frozen=True)
class Scenario:
    """What the new version does other than the stable one.

    Attributes:
        added_error_points: By how many percentage points more of its requests fail.
        latency_ratio: How many times as long its requests take, all of them.
        psi: How far its predictions lie from the stable one's: the first class, in the order of names, is said more.
        business_drop_percent: By how many percent of itself its share of successes is lower.
        baseline: What the stable version does, where nothing was measured.
        measured: What the stable version was seen to do: errors, durations and predictions are then drawn from that.
        bounds: Upper bounds of the buckets of the measured durations, in seconds; empty: of whoever measures.
    """

    added_error_points: float = 0.0
    latency_ratio: float = 1.0
    psi: float = 0.0
    business_drop_percent: float = 0.0
    baseline: Baseline = field(default_factory=Baseline)
    measured: Counts | None = None
    bounds: tuple[float, ...] = ()


@dataclass(frozen=True)
class Behaviour:
    """Probabilities of what one slot does with a request.

    Attributes:
        errors: That it fails.
        latency: Of each bucket.
        predictions: Of each class.
        business: That it is a success of each figure.
    """

    errors: float
    latency: tuple[float, ...]
    predictions: tuple[float, ...]
    business: float


@dataclass(frozen=True)
class World:
    """Both slots.

    Attributes:
        bounds: Of the buckets of durations.
        classes: Names of the classes.
        figures: Names of the figures of the business that are checked.
        stable: The slot that serves.
        candidate: The new version.
    """

    bounds: tuple[float, ...]
    classes: tuple[str, ...]
    figures: tuple[str, ...]
    stable: Behaviour
    candidate: Behaviour


def world(policy: Policy, scenario: Scenario) -> World:
    """Return what both slots do in a scenario.

    Raises:
        ValueError: The scenario cannot be: predictions of one class that move, durations of other buckets than bounds.
    """
    ours = contract.EXECUTOR_BUCKETS if policy.executor else contract.LATENCY_BUCKETS
    bounds, seen, assumed = scenario.bounds or ours, scenario.measured, scenario.baseline
    spread = seen.predictions if seen and seen.predictions else {f"class {n}": 1 for n in range(assumed.classes)}
    classes = tuple(sorted(spread))
    shares = _shares([spread[name] for name in classes])
    rate = seen.errors / seen.requests if seen and seen.requests else assumed.error_rate
    below = _below(scenario, bounds)
    figures = tuple(check.name or "" for check in policy.checks if check.metric == "business")
    wins = assumed.success_rate
    worse = min(1.0, rate + scenario.added_error_points / 100)
    return World(
        bounds,
        classes,
        figures,
        Behaviour(rate, _buckets(bounds, below, 1.0), shares, wins),
        Behaviour(
            worse,
            _buckets(bounds, below, scenario.latency_ratio),
            moved(shares, scenario.psi),
            wins * (1 - scenario.business_drop_percent / 100),
        ),
    )


def moved(shares: Sequence[float], psi: float) -> tuple[float, ...]:
    """Return shares whose stability index beside the given ones is psi: the first class is said more often.

    Raises:
        ValueError: There is no such distribution.
    """
    if psi <= 0:
        return tuple(shares)

    def tilted(by: float) -> tuple[float, ...]:
        return _shares([shares[0] * exp(by), *shares[1:]])

    low, high = 0.0, _FARTHEST
    if len(shares) < 2 or _index(shares, tilted(high)) < psi:  # noqa: PLR2004 - one class cannot move
        raise ValueError(f"predictions of {len(shares)} classes cannot lie {psi:g} apart")
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _index(shares, tilted(middle)) < psi else (low, middle)
    return tilted(high)


def _index(one: Sequence[float], other: Sequence[float]) -> float:
    return sum((p - q) * log(p / q) for p, q in zip(one, other, strict=True) if p and q)


def _shares(counts: Sequence[float]) -> tuple[float, ...]:
    total = sum(counts)
    return tuple(count / total for count in counts)


def _below(scenario: Scenario, bounds: Sequence[float]) -> _Below:
    histogram = scenario.measured.latency if scenario.measured else ()
    if not sum(histogram):
        return _Normal(NormalDist(log(scenario.baseline.latency_seconds), scenario.baseline.latency_sigma))
    if len(histogram) != len(bounds) + 1:
        raise ValueError(f"durations in {len(histogram)} buckets do not go with {len(bounds)} bounds")
    # What took longer than the last bound is taken to have taken twice that at most.
    total = sum(histogram)
    return _Seen((0.0, *bounds, 2 * bounds[-1]), tuple(count / total for count in accumulate((0, *histogram))))


@dataclass(frozen=True)
class _Normal:
    normal: NormalDist

    def __call__(self, seconds: float) -> float:
        return self.normal.cdf(log(seconds))


@dataclass(frozen=True)
class _Seen:
    edges: tuple[float, ...]
    shares: tuple[float, ...]

    def __call__(self, seconds: float) -> float:
        place = bisect_right(self.edges, seconds)
        if place >= len(self.edges):
            return 1.0
        low, high = self.edges[place - 1 : place + 1]
        first, last = self.shares[place - 1 : place + 1]
        return first + (last - first) * (seconds - low) / (high - low)


_Below = _Normal | _Seen  # the share of durations of at most so many seconds


def _buckets(bounds: Sequence[float], below: _Below, ratio: float) -> tuple[float, ...]:
    shares = [0.0, *(below(bound / ratio) for bound in bounds), 1.0]
    return tuple(max(0.0, high - low) for low, high in pairwise(shares))
