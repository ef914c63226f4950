"""How many samples a release needs, and how long they take: planned by asking the judge's own evidence.

For a number of samples the evidence is computed that an equal version has in an unlucky case, worse than which it fares
with a chance of 1 - power; the least number at which that passes is what is planned. Assumed is what stands in
`Baseline`, with an hour of the stable version's traffic before the release, and one row and one trial per request.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log, sqrt
from statistics import NormalDist
from typing import Final

from mlops_charts import contract
from mlops_charts.judge.divergence import log_near
from mlops_charts.judge.latency import Tails, choose, evidence_below, laid_out
from mlops_charts.judge.proportions import Line, Trials, likeliest, log_evidence
from mlops_charts.judge.rates import business_layout, business_line, errors_layout
from mlops_charts.release.policy import Metric, Policy, PolicyCheck

BEFORE_SECONDS: Final = 3600.0  # of the stable version alone, by which tests are laid out
_MOST = 1e10  # samples; more are never planned
_LEAST = 64.0  # samples, from which more are tried
_FINE = 1.01  # how near what would be possible is looked for
_MARGINS: Final[dict[Metric, str]] = {
    "errorRate": "max_increase_points",
    "latency": "max_ratio",
    "predictionDrift": "max_psi",
    "business": "max_drop_percent",
}
_Unlucky = Callable[[float], float]  # the logarithm of the evidence of an unlucky case, by samples of the new version


@dataclass(frozen=True)
class Baseline:
    """What is assumed of the version that serves.

    Attributes:
        error_rate: Share of its requests that fail.
        latency_seconds: Median of its durations, which are log-normal.
        latency_sigma: Standard deviation of their natural logarithm.
        classes: How many classes, or buckets of values, it predicts.
        success_rate: Share of successes of a figure of the business.
    """

    error_rate: float = 0.01
    latency_seconds: float = 0.02
    latency_sigma: float = 0.5
    classes: int = 3
    success_rate: float = 0.1


@dataclass(frozen=True)
class CheckPlan:
    """What a check needs in a stage.

    Attributes:
        check: What it is called.
        samples: Requests, rows or trials of the new version; None if no number is enough.
        seconds: How long they take at the expected traffic; None like samples.
    """

    check: str
    samples: int | None
    seconds: float | None


@dataclass(frozen=True)
class StagePlan:
    """One stage of a release.

    Attributes:
        title: canary 5 %, shadow, abTest.
        share: Share of the requests that the new version gets, 0 to 1.
        checks: What each check needs, in the policy's order.
        seconds: How long it is planned to last: the interval, or what the slowest check needs.
    """

    title: str
    share: float
    checks: tuple[CheckPlan, ...]
    seconds: float


@dataclass(frozen=True)
class Undecidable:
    """A check that is not decided within the longest duration of a release.

    Attributes:
        check: What it is called.
        seconds: How long all stages together would take for it; None if no time is enough.
        available: How long they may take.
        margin: The least margin that would be decided, in the check's own unit; None if none would.
        requests_per_second: The least traffic with which it would be decided; None if none would.
        step: The least first step, in percent, with which it would be, all others as they are; None if none would.
        max_duration_seconds: The least longest duration with which it would be; None if none would.
    """

    check: str
    seconds: float | None
    available: float
    margin: float | None
    requests_per_second: float | None
    step: int | None
    max_duration_seconds: float | None


@dataclass(frozen=True)
class ReleasePlan:
    """How long a release is planned to take.

    Attributes:
        stages: In their order; none for blueGreen.
        bake_seconds: How long the old version stays warm.
        seconds: All stages and the baking.
        undecidable: Checks that are not decided in time.
        baseline: What was assumed.
    """

    stages: tuple[StagePlan, ...]
    bake_seconds: float
    seconds: float
    undecidable: tuple[Undecidable, ...]
    baseline: Baseline


@lru_cache(maxsize=512)  # a fleet has few policies, and each is asked for many times
def planned(policy: Policy, baseline: Baseline | None = None) -> ReleasePlan:
    """Return what each stage of a release needs so that an equal version passes each check with the policy's power."""
    baseline = baseline or Baseline()
    stages = planned_stages(policy, baseline)
    total = sum(stage.seconds for stage in stages) + policy.bake_seconds
    return ReleasePlan(stages, policy.bake_seconds, total, tuple(_undecidable(policy, baseline, stages)), baseline)


def planned_stages(policy: Policy, baseline: Baseline) -> tuple[StagePlan, ...]:
    """Return what each stage of a release needs."""
    return tuple(_stage(policy, baseline, title, share) for title, share in shares(policy))


def shares(policy: Policy) -> tuple[tuple[str, float], ...]:
    """Return the stages of a release with the share of the requests that the new version gets.

    A shadow gets a copy of every request, and so as many as the stable version. Of an experiment half of the users are
    assumed to carry its header, because nobody here can know.
    """
    if policy.strategy == "canary":
        return tuple((f"canary {step} %", step / 100) for step in policy.steps)
    return {"shadow": (("shadow", 1.0),), "abTest": (("abTest", 0.5),)}.get(policy.strategy, ())


def _stage(policy: Policy, baseline: Baseline, title: str, share: float) -> StagePlan:
    checks = tuple(_check(policy, baseline, check, share) for check in policy.checks)
    return StagePlan(title, share, checks, max([policy.interval_seconds, *(one.seconds or 0.0 for one in checks)]))


def _check(policy: Policy, baseline: Baseline, check: PolicyCheck, share: float) -> CheckPlan:
    samples = needed_samples(policy, baseline, check, share)
    per_second = policy.expected_requests_per_second * share
    return CheckPlan(check.title, samples, None if samples is None else samples / per_second)


def needed_samples(policy: Policy, baseline: Baseline, check: PolicyCheck, share: float) -> int | None:
    """Return how many samples of the new version a check needs at a share of the traffic; None if none are enough."""
    unlucky = _METRICS[check.metric](policy, baseline, check, share)
    if unlucky is None:
        return None
    need, high = -log(1 - policy.confidence), _LEAST
    while unlucky(high) < need:
        high *= 2
        if high > _MOST:
            return None
    low = high / 2 if high > _LEAST else 0.0
    while high - low > max(1.0, high / 200):
        middle = (low + high) / 2
        low, high = (low, middle) if unlucky(middle) >= need else (middle, high)
    return ceil(high)


def _errors(policy: Policy, baseline: Baseline, check: PolicyCheck, share: float) -> _Unlucky:
    margin = (check.max_increase_points or 0) / 100
    rate = baseline.error_rate
    layout = errors_layout(Trials(rate * _before(policy, share), _before(policy, share)), margin)
    line = Line(1, margin)

    def unlucky(candidates: float) -> float:
        pair = _unlucky_pair(policy, share, candidates, (rate, rate), line)
        return log_evidence(layout.log_marginal(*pair), *pair, line, "above")

    return unlucky


def _business(policy: Policy, baseline: Baseline, check: PolicyCheck, share: float) -> _Unlucky:
    margin = (check.max_drop_percent or 0) / 100
    rate = baseline.success_rate
    layout = business_layout(Trials(rate * _before(policy, share), _before(policy, share)), margin)
    line = business_line(margin)

    def unlucky(candidates: float) -> float:
        pair = _unlucky_pair(policy, share, candidates, (rate, rate), line)
        return log_evidence(layout.log_marginal(*pair), *pair, line, "below")

    return unlucky


def _latency(policy: Policy, baseline: Baseline, check: PolicyCheck, share: float) -> _Unlucky | None:
    before = expected_tails(policy, baseline, _before(policy, share))
    quantile = check.quantile or 0.95
    places = choose(before, quantile, check.max_ratio or 1)
    if isinstance(places, str):
        return None
    layout = laid_out(before, places, places.candidate)
    rates = before.at(places.stable).rate, before.at(places.candidate).rate
    level = min(1 - quantile, rates[0])

    def unlucky(candidates: float) -> float:
        pair = _unlucky_pair(policy, share, candidates, rates, Line())
        alone = _unlucky_pair(policy, share, candidates, (level, rates[1]), Line(0, level))
        return min(evidence_below(layout, *pair, 1.0), evidence_below(layout, pair[0], alone[1], 1 - quantile))

    return unlucky


def _drift(policy: Policy, baseline: Baseline, check: PolicyCheck, share: float) -> _Unlucky:
    free = max(baseline.classes - 1, 0)
    # Wilson and Hilferty, "The distribution of chi-square", PNAS 17 (1931).
    part = 2 / (9 * free) if free else 0.0
    chi = free * (1 - part + NormalDist().inv_cdf(policy.power) * sqrt(part)) ** 3
    margin = check.max_psi or 0

    def unlucky(candidates: float) -> float:
        stables = candidates * _stable_per_candidate(policy, share)
        harmonic = stables * candidates / (stables + candidates)
        return log_near(chi / harmonic, harmonic, margin)

    return unlucky


_METRICS: Final = {"errorRate": _errors, "latency": _latency, "predictionDrift": _drift, "business": _business}


def expected_tails(policy: Policy, baseline: Baseline, requests: float) -> Tails:
    """Return the durations that are assumed, in the buckets of whoever measures."""
    edges = (0.0, *(contract.EXECUTOR_BUCKETS if policy.executor else contract.LATENCY_BUCKETS))
    normal = NormalDist(log(baseline.latency_seconds), baseline.latency_sigma)
    return Tails(edges, tuple(requests * (1 - normal.cdf(log(edge)) if edge else 1.0) for edge in edges))


def _before(policy: Policy, share: float) -> float:
    """Return how many requests of the stable version are known ahead of a stage."""
    earlier = max([other for _, other in shares(policy) if other < share], default=0.0)
    return BEFORE_SECONDS * policy.expected_requests_per_second * (1 - earlier)


def _stable_per_candidate(policy: Policy, share: float) -> float:
    return 1.0 if policy.strategy == "shadow" else max((1 - share) / share, 1e-9)


def _unlucky_pair(
    policy: Policy, share: float, candidates: float, rates: tuple[float, float], line: Line
) -> tuple[Trials, Trials]:
    """Return what two rates bring in a case that lies as far towards a line as one of 1 - power does.

    The log-likelihood ratio to the likeliest place on the line is linear in the hits; its standard deviation is reached
    by moving the hits of both slots along its gradient.
    """
    counts = candidates * _stable_per_candidate(policy, share), candidates
    expected = [Trials(rate * of, of) for rate, of in zip(rates, counts, strict=True)]
    at = likeliest(expected[0], expected[1], line) if line.slope else rates[0]
    pulls = [_logit(rates[0]) - _logit(at), _logit(rates[1]) - _logit(line.slope * at + line.offset)]
    spreads = [rate * (1 - rate) * of for rate, of in zip(rates, counts, strict=True)]
    deviation = sqrt(sum(pull**2 * spread for pull, spread in zip(pulls, spreads, strict=True)))
    by = NormalDist().inv_cdf(policy.power) / deviation if deviation else 0.0
    hits = [
        min(max(one.hits - by * pull * spread, 0.0), one.of)
        for one, pull, spread in zip(expected, pulls, spreads, strict=True)
    ]
    return Trials(hits[0], counts[0]), Trials(hits[1], counts[1])


def _logit(rate: float) -> float:
    within = min(max(rate, 1e-12), 1 - 1e-12)
    return log(within / (1 - within))


def _undecidable(policy: Policy, baseline: Baseline, stages: Sequence[StagePlan]) -> Iterator[Undecidable]:
    alone = [_alone(policy, [stage.checks[place] for stage in stages]) for place in range(len(policy.checks))]
    late = [place for place, seconds in enumerate(alone) if seconds is None or seconds > policy.max_duration_seconds]
    if not late and sum(stage.seconds for stage in stages) > policy.max_duration_seconds and alone:
        late = [max(range(len(alone)), key=lambda place: alone[place] or 0.0)]
    for place in late:
        yield _possible(policy, baseline, policy.checks[place], alone[place])


def _possible(policy: Policy, baseline: Baseline, check: PolicyCheck, seconds: float | None) -> Undecidable:
    rate, longest = policy.expected_requests_per_second, policy.max_duration_seconds

    def fits(changed: Policy, other: PolicyCheck) -> bool:
        found = _seconds(changed, baseline, other)
        return found is not None and found <= longest

    field = _MARGINS[check.metric]
    margin = getattr(check, field) or 0.0
    least, most = (
        (1.0, 1000.0) if check.metric == "latency" else (0.0, {"predictionDrift": 10.0}.get(check.metric, 100.0))
    )
    larger = _least(
        lambda by: fits(policy, check.model_copy(update={field: least + by * (margin - least)})),
        (most - least) / (margin - least) if margin > least else 1.0,
    )
    faster = _least(lambda by: fits(policy.model_copy(update={"expected_requests_per_second": by * rate}), check), 1e6)
    return Undecidable(
        check.title,
        seconds,
        longest,
        None if larger is None else least + larger * (margin - least),
        None if faster is None else faster * rate,
        _first_step(policy, lambda step: fits(_with_step(policy, step), check)),
        seconds if seconds is None or seconds > longest else sum(s.seconds for s in planned_stages(policy, baseline)),
    )


def _least(enough: Callable[[float], bool], most: float) -> float | None:
    """Return the least factor that is enough, to 1 %, rounded up; None if `most` is not."""
    if most <= 1 or not enough(most):
        return None
    low, high = 1.0, most
    while high / low > _FINE:
        middle = sqrt(low * high)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _first_step(policy: Policy, enough: Callable[[int], bool]) -> int | None:
    """Return the least larger first step that is enough, below the next one; None if there is none."""
    if policy.strategy != "canary" or not policy.steps:
        return None
    steps = range(policy.steps[0] + 1, policy.steps[1] if len(policy.steps) > 1 else 100)
    place = bisect_left(steps, True, key=enough)
    return steps[place] if place < len(steps) else None


def _with_step(policy: Policy, step: int) -> Policy:
    return policy.model_copy(update={"steps": (step, *policy.steps[1:])})


def _seconds(policy: Policy, baseline: Baseline, check: PolicyCheck) -> float | None:
    """Return how long all stages take for a check alone; None if no time is enough."""
    return _alone(policy, [_check(policy, baseline, check, share) for _, share in shares(policy)])


def _alone(policy: Policy, stages: Sequence[CheckPlan]) -> float | None:
    total = 0.0
    for stage in stages:
        if stage.seconds is None:
            return None
        total += max(stage.seconds, policy.interval_seconds)
    return total
