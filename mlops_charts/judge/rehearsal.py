"""Whole releases are simulated through the judge itself, so that its rates of error and its times can be seen.

Requests come by chance (Poisson), each to one slot by the stage's share, and are independent of each other; what each
check looks at is drawn apart. An advance takes no time. It needs numpy, and loads it only when it is called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log
from typing import TYPE_CHECKING, Any, Final, Literal

from mlops_charts.judge.counts import Counts, Window
from mlops_charts.judge.judging import judge
from mlops_charts.judge.samples import BEFORE_SECONDS, shares
from mlops_charts.judge.scenario import Behaviour, Scenario, World, world
from mlops_charts.judge.verdict import Verdict
from mlops_charts.release.policy import Policy

if TYPE_CHECKING:
    import numpy as np

Outcome = Literal["promoted", "rolledBack", "undecided"]
_CHUNK: Final = 64  # looks that are drawn at once


@dataclass(frozen=True)
class Rate:
    """A share of releases.

    Attributes:
        count: How many.
        of: Of how many.
        low: Lower end of its exact 95 % interval (Clopper and Pearson, Biometrika 26, 1934).
        high: Upper end.
    """

    count: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share, 0 to 1."""
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True)
class Release:
    """One simulated release.

    Attributes:
        outcome: What became of it. promoted: it got all traffic and kept it. rolledBack: a check ended it.
            undecided: its longest duration was over, which ends it too.
        seconds: From its start until it got all traffic, or lost what it had; while baking, since it got all.
        stages: How long each stage took that it passed, in seconds.
        check: The check that ended it; else empty.
        baking: Whether that was while it had all traffic.
    """

    outcome: Outcome
    seconds: float
    stages: tuple[float, ...]
    check: str = ""
    baking: bool = False


@dataclass(frozen=True)
class Rehearsal:
    """What became of the simulated releases.

    Attributes:
        promoted: Those that got all traffic and kept it.
        rolled_back: Those that a check ended, while baking too.
        undecided: Those that were rolled back because the longest duration was over.
        reached: Those that got all traffic, whether they kept it or not.
        seconds: Of each release that the judge decided, how long it took to get all traffic or to lose what it had.
        ended_by: How often each check was what ended a release.
        releases: Each of them.
    """

    promoted: Rate
    rolled_back: Rate
    undecided: Rate
    reached: Rate
    seconds: tuple[float, ...]
    ended_by: Mapping[str, int]
    releases: tuple[Release, ...]


def rehearse(
    policy: Policy, scenario: Scenario | None = None, releases: int = 200, seed: int = 0, look_seconds: float = 60
) -> Rehearsal:
    """Simulate releases of one kind.

    Args:
        policy: By what they are carried out and judged.
        scenario: What the new version is like; None is one that equals the stable one.
        releases: How many.
        seed: Of the random numbers; the same gives the same.
        look_seconds: How often the judge looks.

    Raises:
        ValueError: The scenario cannot be.
    """
    import numpy as np  # noqa: PLC0415 - loaded by simulations alone

    there = world(policy, scenario or Scenario())
    seeds = np.random.SeedSequence(seed).spawn(releases)
    found = [_release(policy, there, np.random.default_rng(one), look_seconds) for one in seeds]
    return summed(found)


def rate(count: int, of: int, confidence: float = 0.95) -> Rate:
    """Return a share of releases with its exact interval."""
    rest = (1 - confidence) / 2
    low = _edge(lambda at: 1 - _at_most(count - 1, of, at) < rest) if count else 0.0
    high = _edge(lambda at: _at_most(count, of, at) > rest) if count < of else 1.0
    return Rate(count, of, low, high)


def summed(found: Sequence[Release]) -> Rehearsal:
    """Return what became of releases, which may have been simulated apart."""
    outcomes = Counter(release.outcome for release in found)
    return Rehearsal(
        rate(outcomes["promoted"], len(found)),
        rate(outcomes["rolledBack"], len(found)),
        rate(outcomes["undecided"], len(found)),
        rate(sum(one.baking or one.outcome == "promoted" for one in found), len(found)),
        tuple(release.seconds for release in found if release.outcome != "undecided"),
        dict(Counter(release.check for release in found if release.check)),
        tuple(found),
    )


def _release(policy: Policy, there: World, random: np.random.Generator, look: float) -> Release:
    stages: list[float] = []
    earlier = 0.0
    for _, share in shares(policy):
        mirrored = policy.strategy == "shadow"
        rest = policy.max_duration_seconds - sum(stages)
        stage = _Stage(1.0 if mirrored else 1 - share, share, 1 - earlier, int(rest // look))
        took, verdict = _judged(policy, _windows(policy, there, random, stage, look))
        if verdict is None:
            return Release("undecided", policy.max_duration_seconds, tuple(stages))
        if verdict.decision == "rollback":
            return Release("rolledBack", sum(stages) + took, tuple(stages), _ended_by(verdict))
        stages.append(took)
        earlier = 0.0 if mirrored else share
    baking = _Stage(1 - earlier, 1.0, 1 - earlier, int(policy.bake_seconds // look), concurrent=False)
    took, verdict = _judged(policy, _windows(policy, there, random, baking, look))
    if verdict is not None:
        return Release("rolledBack", took, tuple(stages), _ended_by(verdict), baking=True)
    return Release("promoted", sum(stages), tuple(stages))


def _judged(policy: Policy, windows: Iterator[Window]) -> tuple[float, Verdict | None]:
    for window in windows:
        verdict = judge(policy, window, intervals=False)
        if verdict.decision != "hold":
            return window.end, verdict
    return 0.0, None


def _ended_by(verdict: Verdict) -> str:
    return next((one.check for one in verdict.checks if one.finding == "fail"), "no data")


@dataclass(frozen=True)
class _Stage:
    """Shares of the requests: of both slots, and of the stable one ahead of the stage; how often it is looked at."""

    stable: float
    candidate: float
    before: float
    looks: int
    concurrent: bool = True


def _windows(policy: Policy, there: World, random: np.random.Generator, stage: _Stage, look: float) -> Iterator[Window]:
    """Yield what the judge sees of a stage, look by look, until its time is over."""
    per_second = policy.expected_requests_per_second
    before = next(drawn(there, there.stable, random, per_second * stage.before * BEFORE_SECONDS, 1))
    stable = drawn(there, there.stable, random, per_second * stage.stable * look, stage.looks)
    candidate = drawn(there, there.candidate, random, per_second * stage.candidate * look, stage.looks)
    for place, (one, other) in enumerate(zip(stable, candidate, strict=True), 1):
        yield Window(0.0, place * look, one, other, before, there.bounds, concurrent=stage.concurrent)


def drawn(there: World, slot: Behaviour, random: np.random.Generator, requests: float, looks: int) -> Iterator[Counts]:
    """Yield the counts of a slot since a stage began, look by look."""
    past: Any = 0
    for first in range(0, looks, _CHUNK):
        size = min(_CHUNK, looks - first)
        table = _table(there, slot, random, random.poisson(requests, size)).cumsum(axis=0) + past
        past = table[-1]
        for row in table.tolist():
            yield _counts(there, row)


def _table(there: World, slot: Behaviour, random: np.random.Generator, arrived: Any) -> Any:
    """Return a row a look: requests, errors, successes of each figure, buckets, classes."""
    import numpy as np  # noqa: PLC0415 - loaded by simulations alone

    wins = [random.binomial(arrived, slot.business) for _ in there.figures]
    return np.column_stack(
        [
            arrived,
            random.binomial(arrived, slot.errors),
            *wins,
            random.multinomial(arrived, slot.latency),
            random.multinomial(arrived, slot.predictions),
        ]
    )


def _counts(there: World, row: list[int]) -> Counts:
    requests, errors, *rest = row
    figures, buckets = len(there.figures), len(there.bounds) + 1
    return Counts(
        requests,
        errors,
        tuple(rest[figures : figures + buckets]),
        dict(zip(there.classes, rest[figures + buckets :], strict=True)),
        {name: (wins, requests) for name, wins in zip(there.figures, rest, strict=False)},
    )


def _edge(below: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2


def _at_most(count: int, of: int, share: float) -> float:
    """Return the chance of at most `count` hits of `of` trials."""
    yes, no = log(max(share, 1e-300)), log(max(1 - share, 1e-300))
    whole = lgamma(of + 1)
    parts = (whole - lgamma(k + 1) - lgamma(of - k + 1) + k * yes + (of - k) * no for k in range(count + 1))
    return min(1.0, sum(exp(part) for part in parts))
