"""What `rehearse` does: releases of a model simulated by the judge itself, one kind of new version after the other.

It decides which kinds, and counts; how releases are simulated is the judge's, how it is printed the command line's.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from mlops_charts.assemble import plan_of
from mlops_charts.errors import InvalidSpec, Mistake, NotFound
from mlops_charts.judge.rehearsal import Rate, Release, rate, rehearse
from mlops_charts.judge.samples import Baseline, ReleasePlan, planned
from mlops_charts.judge.scenario import Scenario
from mlops_charts.loading import load_path
from mlops_charts.planning import Plan, policy_of
from mlops_charts.release.policy import Policy, PolicyCheck
from mlops_charts.releasing import evidence
from mlops_charts.rendering import one_model

Kind = Literal["equal", "between", "worse"]
Tick = Callable[[int], None]
Batch = tuple[Policy, Scenario, int, int, float]
Work = Callable[[Sequence[Batch]], Iterator[tuple[Release, ...]]]
_BATCH: Final = 25  # releases that are simulated at once
_WORTH: Final = 1000  # releases from which further processes pay
_PRIME: Final = 1_000_003
_TWICE: Final = 2.0


@dataclass(frozen=True)
class RehearsalAsked:
    """What a rehearsal is asked for.

    Attributes:
        path: A model.yaml or its folder; None for the only model of the repository.
        environment: The environment; empty for the first.
        effects: What the new version does otherwise; None for a table of kinds.
        error_percent: How many requests of the stable version fail, in percent; None for what is assumed.
        evidence: A record of evidence, from which the stable version's counts are taken.
        releases: How many releases of each kind.
        look_seconds: How often the judge looks.
        seed: Of the random numbers.
        platform: The platform.yaml to use.
    """

    path: Path | None = None
    environment: str = ""
    effects: Scenario | None = None
    error_percent: float | None = None
    evidence: Path | None = None
    releases: int = 500
    look_seconds: float = 60.0
    seed: int = 0
    platform: Path | None = None


@dataclass(frozen=True)
class Cell:
    """One kind of new version, and what became of its releases.

    Attributes:
        title: What it does otherwise.
        kind: equal; worse, by a margin or more; or between.
        promoted: Those that got all traffic and kept it.
        rolled_back: Those that a check ended.
        undecided: Those that were over time, and rolled back for it.
        median_seconds: Until which half of those that were decided were; None if none was.
        late_seconds: Until which 90 % of them were.
        ended_by: How often each check was what ended a release.
        seconds: How long each took that was decided.
    """

    title: str
    kind: Kind
    promoted: Rate
    rolled_back: Rate
    undecided: Rate
    median_seconds: float | None
    late_seconds: float | None
    ended_by: dict[str, int]
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Rehearsed:
    """What came of a rehearsal.

    Attributes:
        model: The model.
        environment: The environment.
        policy: By what was judged.
        planned: How long a release is planned to take.
        scenario: The version that serves.
        cells: Each kind of new version.
        asked: What was asked for.
    """

    model: str
    environment: str
    policy: Policy
    planned: ReleasePlan
    scenario: Scenario
    cells: tuple[Cell, ...]
    asked: RehearsalAsked

    @property
    def allowed(self) -> float:
        """The share of false rollbacks, and of missed regressions, that the policy admits."""
        return 1 - self.policy.confidence

    @property
    def false_rollback(self) -> Rate | None:
        """The share of equal versions that a check has ended; None if none was rehearsed."""
        return next((cell.rolled_back for cell in self.cells if cell.kind == "equal"), None)

    @property
    def missed(self) -> Cell | None:
        """The worse version that was promoted most often; None if none was rehearsed."""
        worse = [cell for cell in self.cells if cell.kind == "worse"]
        return max(worse, key=lambda cell: cell.promoted.share, default=None)

    @property
    def sound(self) -> bool:
        """Whether neither rate is shown to be above what the policy admits.

        Of regressions it admits any number where no stage is judged, as with blueGreen.
        """
        missed = self.missed.promoted if self.missed and self.policy.stages else None
        shares = [self.false_rollback, missed]
        return all(one is None or one.low <= self.allowed for one in shares)


def rehearsed(asked: RehearsalAsked, tick: Tick = lambda _: None) -> Rehearsed:
    """Rehearse releases of a model.

    Args:
        asked: What is asked for.
        tick: Called with the number of releases that are done.

    Raises:
        InvalidSpec: model.yaml has errors.
        NotFound: There is no such model or environment.
        Mistake: The record of evidence has no counts, or the effects cannot be.
    """
    plan, name, policy = _judged(asked)
    base = _base(asked)
    kinds = list(_kinds(policy, base, asked.effects))
    with workers(asked.releases * len(kinds)) as work:
        cells = tuple(
            _cell(title, kind, simulated(policy, scenario, asked, tick, work)) for title, kind, scenario in kinds
        )
    return Rehearsed(plan.model, name, policy, planned(policy, base.baseline), base, cells, asked)


def count_of(asked: RehearsalAsked) -> int:
    """Return how many releases a rehearsal simulates; raises like `rehearsed`."""
    _, _, policy = _judged(asked)
    return asked.releases * len(list(_kinds(policy, _base(asked), asked.effects)))


def simulated(policy: Policy, scenario: Scenario, asked: RehearsalAsked, tick: Tick, work: Work) -> list[Release]:
    """Return simulated releases of one kind: the same for the same seed, on however many processors.

    Args:
        policy: By what they are judged.
        scenario: What both versions do.
        asked: How many, and from which seed.
        tick: Called with the number of releases that are done.
        work: What simulates batches, of `workers`.

    Raises:
        Mistake: The scenario cannot be.
    """
    sizes = [min(_BATCH, asked.releases - first) for first in range(0, asked.releases, _BATCH)]
    batches = [
        (policy, scenario, size, asked.seed * _PRIME + number, asked.look_seconds) for number, size in enumerate(sizes)
    ]
    found: list[Release] = []
    try:
        for some in work(batches):
            found += some
            tick(len(some))
    except ValueError as error:
        raise Mistake(f"this cannot be rehearsed: {error}") from None
    except ImportError:
        raise Mistake("numpy is not installed; pip install 'mlops-charts[steps]' brings it") from None
    return found


@contextmanager
def workers(releases: int) -> Iterator[Work]:
    """Yield what simulates batches: here, or in a process for each processor where there are many."""
    processes = os.cpu_count() or 1
    if releases < _WORTH or processes == 1:
        yield lambda batches: map(_batch, batches)
        return
    import multiprocessing  # noqa: PLC0415 - only long rehearsals need it

    with multiprocessing.get_context("spawn").Pool(processes, _unbothered) as pool:  # leaving it ends the processes
        yield lambda batches: pool.imap(_batch, batches)


def _unbothered() -> None:
    """Leave it to the process that asks to hear that it is interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _batch(given: Batch) -> tuple[Release, ...]:
    policy, scenario, releases, seed, look = given
    return rehearse(policy, scenario, releases, seed, look).releases


def _judged(asked: RehearsalAsked) -> tuple[Plan, str, Policy]:
    _, path = one_model(asked.path, asked.platform)
    loaded = load_path(path, asked.platform)
    if loaded.model is None:
        raise InvalidSpec(loaded.problems)
    plan = plan_of(loaded.model)
    found = [one for one in plan.environments if asked.environment in {"", one.name}]
    if not found:
        known = ", ".join(one.name for one in plan.environments)
        raise NotFound(f"{plan.model} is not served in {asked.environment}; its environments are {known}")
    return plan, found[0].name, policy_of(found[0])


def _base(asked: RehearsalAsked) -> Scenario:
    """Return the version that serves."""
    baseline = Baseline() if asked.error_percent is None else Baseline(error_rate=asked.error_percent / 100)
    if asked.evidence is None:
        return Scenario(baseline=baseline)
    try:
        window = evidence.window_in(evidence.content_of(asked.evidence.read_bytes()))
    except ValueError as error:
        reason = "it is no JSON" if isinstance(error, json.JSONDecodeError) else str(error)
        raise Mistake(f"{asked.evidence} is no record of evidence: {reason}") from None
    if window is None or not (window.stable.requests or window.before.requests):
        raise Mistake(f"{asked.evidence} has no counts of the version that served; take the record of an advance")
    counts = max(window.stable, window.before, key=lambda one: one.requests)
    if asked.error_percent is not None:
        counts = replace(counts, errors=round(counts.requests * asked.error_percent / 100))
    return Scenario(baseline=baseline, measured=counts, bounds=window.bounds)


def _kinds(policy: Policy, base: Scenario, effects: Scenario | None) -> Iterator[tuple[str, Kind, Scenario]]:
    yield "equal", "equal", base
    if effects is not None:
        given = replace(effects, baseline=base.baseline, measured=base.measured, bounds=base.bounds)
        yield title_of(given), kind_of(policy, given), given
        return
    for check in policy.checks:
        for times in (1.0, _TWICE):
            worse = worse_by(base, check, times)
            yield title_of(worse), "worse", worse


def worse_by(base: Scenario, check: PolicyCheck, times: float) -> Scenario:
    """Return a new version that is worse by so many times the margin of a check."""
    if check.metric == "errorRate":
        return replace(base, added_error_points=times * (check.max_increase_points or 0))
    if check.metric == "latency":
        return replace(base, latency_ratio=1 + times * ((check.max_ratio or 1) - 1))
    if check.metric == "predictionDrift":
        return replace(base, psi=times * (check.max_psi or 0))
    return replace(base, business_drop_percent=min(times * (check.max_drop_percent or 0), 100.0))


def title_of(scenario: Scenario) -> str:
    """Return in words what a new version does otherwise."""
    parts = (
        f"errors +{scenario.added_error_points:.4g} points" if scenario.added_error_points else "",
        f"latency x {scenario.latency_ratio:.4g}" if scenario.latency_ratio != 1 else "",
        f"drift PSI {scenario.psi:.4g}" if scenario.psi else "",
        f"business -{scenario.business_drop_percent:.4g} %" if scenario.business_drop_percent else "",
    )
    return ", ".join(part for part in parts if part) or "equal"


def kind_of(policy: Policy, scenario: Scenario) -> Kind:
    """Return whether a new version equals the stable one, or is worse by at least one margin."""
    if title_of(scenario) == "equal":
        return "equal"
    worse = (
        (check.metric == "errorRate" and scenario.added_error_points >= (check.max_increase_points or 0))
        or (check.metric == "latency" and scenario.latency_ratio >= (check.max_ratio or 1))
        or (check.metric == "predictionDrift" and scenario.psi >= (check.max_psi or 0))
        or (check.metric == "business" and scenario.business_drop_percent >= (check.max_drop_percent or 0))
        for check in policy.checks
    )
    return "worse" if any(worse) else "between"


def _cell(title: str, kind: Kind, found: Sequence[Release]) -> Cell:
    outcomes = Counter(one.outcome for one in found)
    decided = (one for one in found if one.outcome != "undecided")
    seconds = tuple(sorted(one.seconds + (sum(one.stages) if one.baking else 0.0) for one in decided))
    return Cell(
        title,
        kind,
        rate(outcomes["promoted"], len(found)),
        rate(outcomes["rolledBack"], len(found)),
        rate(outcomes["undecided"], len(found)),
        _quantile(seconds, 0.5),
        _quantile(seconds, 0.9),
        dict(Counter(one.check for one in found if one.check)),
        seconds,
    )


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None
