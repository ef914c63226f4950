"""The new version against the one that serves now, on the same test rows, by a paired comparison.

It knows two models' answers to the same rows; where the champion is kept, and why there may be none, `validate` knows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from mlops_charts.spec.quality import Champion
from mlops_charts.steps.judging import metrics
from mlops_charts.steps.judging.lists import LIST_METRICS
from mlops_charts.steps.judging.own import own_name
from mlops_charts.steps.judging.paired import Drop, paired_drop
from mlops_charts.steps.judging.report import ChampionVerdict
from mlops_charts.steps.judging.resampling import bootstrap
from mlops_charts.steps.judging.sample import Sample, Undefined
from mlops_charts.steps.judging.subject import Subject
from mlops_charts.steps.judging.words import number, percent

_OWN_RESAMPLES: Final = 400
_CALL_RESAMPLES: Final = 1000


@dataclass(frozen=True, eq=False)
class Contest:
    """Two models on the same rows.

    Attributes:
        new: The model that is judged.
        old: The champion.
        version: The champion's version.
        less_is_better: Whether an own metric is better when it is less; of ours it is known.
        notes: What to bear in mind.
    """

    new: Subject
    old: Subject
    version: str
    less_is_better: bool = False
    notes: tuple[str, ...] = ()


def skipped(reason: str, version: str = "") -> ChampionVerdict:
    """Return the verdict where there was nothing to compare; it lets the version pass."""
    return ChampionVerdict(verdict="skipped", passed=True, sentence=f"not compared: {reason}", version=version)


def judge_champion(asked: Champion, contest: Contest) -> ChampionVerdict:
    """Return whether the new version is worse than the champion by more than may be.

    With D the drop and its two bounds, each one-sided with the confidence: worse if the lower one is above maxDrop, not
    worse if the upper one is at most maxDrop, else inconclusive. So of versions whose true drop is just maxDrop, one in
    twenty is called worse and one in twenty not worse at a confidence of 0.95, however many rows there are.

    Raises:
        Refused: The model's own metrics raised.
    """
    try:
        drop, new, old = compare(asked.metric, contest, asked.confidence)
    except Undefined as reason:
        return _undecided(asked, contest, str(reason))
    verdict = "worse" if drop.low > asked.max_drop else "notWorse" if drop.high <= asked.max_drop else "inconclusive"
    return ChampionVerdict(
        verdict=verdict,
        passed=verdict == "notWorse" or (verdict == "inconclusive" and asked.on_inconclusive == "pass"),
        sentence=_sentence(asked, contest, drop, verdict),
        version=contest.version,
        metric=asked.metric,
        new=new,
        champion=old,
        drop=drop.estimate,
        low=drop.low,
        high=drop.high,
        confidence=asked.confidence,
        max_drop=asked.max_drop,
        excludable=drop.excludable if drop.high > drop.low else None,
        rows=drop.rows,
        method=drop.method,
        notes=contest.notes,
    )


def compare(metric: str, contest: Contest, confidence: float) -> tuple[Drop, float, float]:
    """Return the drop, and the metric of the new model and of the old.

    Raises:
        Undefined: The metric does not exist on these rows, or nothing tells two models apart by it.
        Refused: The model's own metrics raised.
    """
    new, old = contest.new.value(metric), contest.old.value(metric)
    if metric == metrics.LATENCY:
        return _latency_drop(contest, confidence), new, old
    if contest.new.is_own(metric):
        return _own_drop(metric, contest, confidence), new, old
    first, second = aligned(contest.old.rows, contest.new.rows)
    return paired_drop(metric, first, second, confidence=confidence, seed=contest.new.seed), new, old


def aligned(one: Sample, other: Sample) -> tuple[Sample, Sample]:
    """Return two samples of the same rows with the same classes in the same order."""
    if one.classes == other.classes:
        return one, other
    classes = (*one.classes, *(name for name in other.classes if name not in one.classes))
    return _with_classes(one, classes), _with_classes(other, classes)


def _with_classes(rows: Sample, classes: tuple[str, ...]) -> Sample:
    places = np.array([classes.index(name) for name in rows.classes])
    spread: Any = None
    if rows.probabilities is not None:
        spread = np.zeros((len(rows), len(classes)))
        spread[:, places[: rows.probabilities.shape[1]]] = rows.probabilities
    return replace(rows, truth=places[rows.truth], answers=places[rows.answers], probabilities=spread, classes=classes)


def _own_drop(metric: str, contest: Contest, confidence: float) -> Drop:
    new, old = contest.new.own, contest.old.own
    if new is None or old is None:
        raise Undefined(f'nothing produces the metric "{metric}"')
    name, sign, size = own_name(metric, None), -1 if contest.less_is_better else 1, len(contest.new.rows)

    def drop(index: Any) -> float:
        return sign * (old.value_of_some(name, index) - new.value_of_some(name, index))

    strata = contest.new.rows.truth if contest.new.rows.task == "classification" else None
    low, high = bootstrap(
        drop, size, confidence=confidence, seed=contest.new.seed, strata=strata, resamples=_OWN_RESAMPLES
    )
    estimate = drop(np.arange(size))
    return Drop(estimate, low, high, high - estimate, size, "paired bootstrap (BCa)")


def _latency_drop(contest: Contest, confidence: float) -> Drop:
    """Return the difference of two 0.99 quantiles; calls are no pairs, so each model's are drawn by themselves."""
    if contest.new.latency is None or contest.old.latency is None:
        raise Undefined("the latency was not measured")
    new, old = contest.new.latency, contest.old.latency
    draw = np.random.default_rng(contest.new.seed)
    drawn = [
        replace(new, seconds=draw.choice(new.seconds, len(new.seconds))).p99
        - replace(old, seconds=draw.choice(old.seconds, len(old.seconds))).p99
        for _ in range(_CALL_RESAMPLES)
    ]
    low, high = (float(found) for found in np.quantile(drawn, [1 - confidence, confidence]))
    estimate, calls = new.p99 - old.p99, min(len(new.seconds), len(old.seconds))
    return Drop(estimate, min(low, estimate), max(high, estimate), high - estimate, calls, "bootstrap of both")


def _undecided(asked: Champion, contest: Contest, reason: str) -> ChampionVerdict:
    return ChampionVerdict(
        verdict="inconclusive",
        passed=asked.on_inconclusive == "pass",
        sentence=f"champion {contest.version}: {asked.metric} cannot be compared: {reason}",
        version=contest.version,
        metric=asked.metric,
        confidence=asked.confidence,
        max_drop=asked.max_drop,
        notes=contest.notes,
    )


def _sentence(asked: Champion, contest: Contest, drop: Drop, verdict: str) -> str:
    """Return the verdict in words, with the numbers that it rests on."""
    moved = f"worse by {number(drop.estimate)}" if drop.estimate > 0 else f"better by {number(-drop.estimate)}"
    if not drop.estimate:
        moved = "as good"
    between = f"between {number(drop.low)} and {number(drop.high)}"
    meaning = {
        "worse": f"it is worse by more than maxDrop {number(asked.max_drop)}",
        "notWorse": f"it is not worse by more than maxDrop {number(asked.max_drop)}",
        "inconclusive": f"these rows cannot tell whether it is worse by more than maxDrop {number(asked.max_drop)}",
    }[verdict]
    unit = "calls" if asked.metric == metrics.LATENCY else "lists" if asked.metric in LIST_METRICS else "test rows"
    seen = f"the smallest drop that they could have excluded is {number(drop.excludable)}"
    if drop.low == drop.high:
        seen = f"no {unit.removesuffix('s')} tells the two apart"
    return (
        f"against champion {contest.version}, {asked.metric} is {moved} on the same {drop.rows:,} {unit}, the drop "
        f"{between} ({percent(asked.confidence)} each way): {meaning}; {seen}"
    )
