"""How much worse one model is than another on the same rows, with bounds: what both get right tells nothing apart.

A drop is in the metric's unit and positive where the new model is worse, whichever way the metric counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

from mlops_charts.steps.judging import metrics
from mlops_charts.steps.judging.intervals import TINY, moments
from mlops_charts.steps.judging.lists import LIST_METRICS, list_values
from mlops_charts.steps.judging.resampling import bootstrap
from mlops_charts.steps.judging.sample import Sample, Undefined

_MOMENTS: Final = frozenset({"logLoss", "brier", "mae", "mape", "rmse", "r2", *LIST_METRICS} - {"hitRate"})


@dataclass(frozen=True)
class Drop:
    """How much worse a new model is.

    Attributes:
        estimate: In the metric's unit.
        low: It is not less than this, with the confidence.
        high: It is not more than this, with the confidence.
        excludable: The smallest drop that these rows could have excluded, had both models been equally good.
        rows: Rows, or lists of a ranking, that were compared.
        method: How the bounds were found.
    """

    estimate: float
    low: float
    high: float
    excludable: float
    rows: int
    method: str


def paired_drop(metric: str, old: Sample, new: Sample, cls: str | None = None, *, confidence: float, seed: int) -> Drop:
    """Return how much worse `new` is than `old` by a metric, both on the same rows.

    Args:
        metric: What is compared.
        old: The rows with the answers of what serves now.
        new: The same rows, in the same order, with the answers of the new model.
        cls: The class that the metric is taken of; None for all.
        confidence: Of each bound by itself.
        seed: Of the resamples.

    Raises:
        Undefined: The metric does not exist on these rows.
    """
    if metric == "maxError":
        raise Undefined("the maxError of two models cannot be told apart with confidence by any number of rows")
    estimate = metrics.value(metric, old, cls) - metrics.value(metric, new, cls)
    if metric in metrics.LESS_IS_BETTER:
        estimate = -estimate
    parts = _proportions(metric, old, new, cls)
    if len(parts) == 1:
        return _one_proportion(*parts[0], confidence)
    if parts:
        return _mean_of_proportions(parts, confidence)
    size, statistic, strata = _resampled(metric, old, new, cls)
    low, high = bootstrap(statistic, size, confidence=confidence, seed=seed, strata=strata)
    return Drop(estimate, low, high, high - estimate, size, "paired bootstrap (BCa)")


def tango(lost: float, won: float, size: int, confidence: float) -> tuple[float, float]:
    """Return bounds of (lost - won) / size, each one-sided: the score interval of a paired difference of proportions.

    T. Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design", Statistics in Medicine 17 (1998): the values d with |lost - won - n d| = z sqrt(n (2 q + d (1 - d))), where
    q, the most likely share of `won` if the difference is d, solves 2 n q^2 + B q + C = 0 with
    B = (2 n - lost + won) d - lost - won and C = -won d (1 - d).

    Args:
        lost: Rows that only the old model gets right.
        won: Rows that only the new model gets right.
        size: All rows.
        confidence: Of each bound by itself.
    """
    from scipy.optimize import brentq  # noqa: PLC0415 - loads scipy
    from scipy.special import ndtri  # noqa: PLC0415

    z, estimate = float(ndtri(confidence)), (lost - won) / size

    def beyond(d: float, side: int) -> float:
        b = (2 * size - lost + won) * d - lost - won
        c = -won * d * (1 - d)
        q = (sqrt(max(b * b - 8 * size * c, 0.0)) - b) / (4 * size)
        return side * (estimate - d) * size - z * sqrt(max(size * (2 * q + d * (1 - d)), 0.0))

    low = brentq(beyond, -1.0, estimate - TINY, args=(1,)) if estimate > -1 else -1.0
    high = brentq(beyond, estimate + TINY, 1.0, args=(-1,)) if estimate < 1 else 1.0
    return float(low), float(high)


def _proportions(metric: str, old: Sample, new: Sample, cls: str | None) -> list[tuple[Any, Any]]:
    """Return, where the metric is a proportion of the same rows for both models or a mean of such, who is right where.

    A precision is none: its rows are those that a model itself names.
    """
    if metric == "accuracy":
        return [(old.answers == old.truth, new.answers == new.truth)]
    if metric == "hitRate":
        return [(list_values(metric, old) == 1, list_values(metric, new) == 1)]
    one = metrics.positive(old, cls)
    if metric == "specificity" and one is not None:
        others = old.truth != one
        return [(old.answers[others] != one, new.answers[others] != one)]
    if metric == "recall" and one is not None:
        return [_recall(old, new, one)]
    if metric in {"recall", "balancedAccuracy"}:
        return [_recall(old, new, k) for k in range(len(old.classes))]
    return []


def _recall(old: Sample, new: Sample, k: int) -> tuple[Any, Any]:
    of_class = old.truth == k
    return old.answers[of_class] == k, new.answers[of_class] == k


def _discordant(old: Any, new: Any) -> tuple[int, int, int]:
    return int((old & ~new).sum()), int((new & ~old).sum()), len(old)


def _one_proportion(old: Any, new: Any, confidence: float) -> Drop:
    lost, won, size = _discordant(old, new)
    low, high = tango(lost, won, size, confidence)
    even = (lost + won) / 2
    excludable = tango(even, even, size, confidence)[1]
    return Drop((lost - won) / size, low, high, excludable, size, "Tango's score interval")


def _mean_of_proportions(parts: list[tuple[Any, Any]], confidence: float) -> Drop:
    """Return bounds of a mean of independent differences from the bounds of each, by the squares of their distances.

    G. Zou and A. Donner, "Construction of confidence limits about effect measures: a general approach", Statistics in
    Medicine 27 (2008).
    """
    drops = [_one_proportion(old, new, confidence) for old, new in parts]
    estimate = sum(one.estimate for one in drops) / len(drops)
    below, above, excludable = (
        sqrt(sum(distance**2 for distance in distances)) / len(drops)
        for distances in (
            [one.estimate - one.low for one in drops],
            [one.high - one.estimate for one in drops],
            [one.excludable for one in drops],
        )
    )
    size = sum(one.rows for one in drops)
    return Drop(
        estimate, estimate - below, estimate + above, excludable, size, "Tango's score intervals of the classes"
    )


def _resampled(metric: str, old: Sample, new: Sample, cls: str | None) -> tuple[int, Callable[[Any], float], Any]:
    """Return how many units there are, the drop on some of them, and within what they are drawn."""
    sign = -1 if metric in metrics.LESS_IS_BETTER else 1
    if metric in _MOMENTS:
        (first, final), (second, _) = moments(metric, old), moments(metric, new)
        return (
            len(first),
            lambda index: sign * (final(first[index].mean(axis=0)) - final(second[index].mean(axis=0))),
            None,
        )

    def statistic(index: Any) -> float:
        return sign * (metrics.value(metric, old.take(index), cls) - metrics.value(metric, new.take(index), cls))

    return len(old), statistic, old.truth if old.task == "classification" else None
