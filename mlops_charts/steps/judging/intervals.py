"""How far the true value of a metric may lie from the estimate: a lower and an upper bound of every metric.

Each bound holds by itself with the stated confidence; both together are a two-sided interval of twice the risk. Rows,
or lists of a ranking, count as drawn independently. Which formula is of which metric stands in docs/validation.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any, Final

import numpy as np

from mlops_charts.steps.judging import metrics
from mlops_charts.steps.judging.lists import LIST_METRICS, list_values
from mlops_charts.steps.judging.resampling import bootstrap
from mlops_charts.steps.judging.sample import Sample, Undefined

CONFIDENCE: Final = 0.95
"""Confidence of the bound that `on: lowerBound` asks for: one-sided, so that one true value in twenty lies beyond."""

_CELLS: Final = 40_000_000  # cells of tables drawn at most in all
_TABLES: Final = 4000
_NOTHING: Final = 1e-6  # the weight of a class without rows
TINY: Final = 1e-12  # off an end at which a variance is 0, which would be taken for the bound


@dataclass(frozen=True)
class Interval:
    """Bounds of a metric.

    Attributes:
        low: The true value is not below this, with the confidence.
        high: It is not above this, with the confidence.
        method: How they were found.
        rows: What they rest on: rows, those of one class, or lists of a ranking.
    """

    low: float
    high: float
    method: str
    rows: int


def interval(
    metric: str, rows: Sample, cls: str | None = None, *, confidence: float = CONFIDENCE, seed: int = 0
) -> Interval:
    """Return the bounds of a metric on some rows, each with the confidence by itself.

    Args:
        metric: One of the metrics of the rows' task, but the latency.
        rows: What to judge by.
        cls: The class that the metric is taken of; None for all.
        confidence: Of each bound by itself, between 0.5 and 1.
        seed: Of all that is drawn.

    Raises:
        Undefined: The metric does not exist on these rows, or nothing bounds it.
    """
    estimate = metrics.value(metric, rows, cls)
    found = _bounds(metric, rows, cls, confidence, seed)
    return replace(found, low=min(found.low, estimate), high=max(found.high, estimate))


def _bounds(metric: str, rows: Sample, cls: str | None, confidence: float, seed: int) -> Interval:
    if (shares := proportion(metric, rows, cls)) is not None and len(shares):
        return Interval(*clopper_pearson(int(shares.sum()), len(shares), confidence), "Clopper-Pearson", len(shares))
    if metric == "rocAuc":
        return _areas(rows, cls, confidence)
    if metric in {"precision", "recall", "specificity", "f1", "balancedAccuracy"}:
        return _tables(metric, rows, cls, confidence, seed)
    if metric == "medianAbsoluteError":
        errors = np.abs(rows.truth - rows.answers)
        return Interval(*quantile_bounds(errors, 0.5, confidence), "order statistics", len(rows))
    if metric == "maxError":
        raise Undefined("maxError has no bound: no number of rows says how large the largest error can be")
    return _bootstrapped(metric, rows, confidence, seed)


def proportion(metric: str, rows: Sample, cls: str | None = None) -> Any:
    """Return (n,) booleans whose mean the metric is; None if it is no proportion."""
    if metric == "accuracy":
        return rows.truth == rows.answers
    if metric == "hitRate":
        return list_values(metric, rows) == 1
    one = metrics.positive(rows, cls) if metric in {"precision", "recall", "specificity"} else None
    if one is None:
        return None
    metrics.check_class(metric, rows, one)
    if metric == "specificity":
        return rows.answers[rows.truth != one] != one
    given, other = (rows.answers, rows.truth) if metric == "precision" else (rows.truth, rows.answers)
    return other[given == one] == one


def clopper_pearson(hits: int, size: int, confidence: float) -> tuple[float, float]:
    """Return exact bounds of a proportion, each one-sided: the true one lies beyond at most as often as stated.

    C. Clopper and E. Pearson, "The use of confidence or fiducial limits", Biometrika 26 (1934): quantiles of
    Beta(hits, size - hits + 1) and Beta(hits + 1, size - hits).

    Args:
        hits: Rows of which it is so.
        size: All rows, at least one.
        confidence: Of each bound by itself.
    """
    from scipy.special import betaincinv  # noqa: PLC0415 - loads scipy

    low = float(betaincinv(hits, size - hits + 1, 1 - confidence)) if hits else 0.0
    high = float(betaincinv(hits + 1, size - hits, confidence)) if hits < size else 1.0
    return low, high


def quantile_bounds(values: Any, level: float, confidence: float) -> tuple[float, float]:
    """Return bounds of a quantile that hold whatever the distribution is: two of the values themselves.

    W. Conover, "Practical Nonparametric Statistics" (1999), 3.2: how many of n values lie below the quantile is
    binomial with n and the level.

    Args:
        values: (n,) numbers.
        level: The quantile, between 0 and 1.
        confidence: Of each bound by itself.

    Raises:
        Undefined: There are too few values: not even their extremes are bounds.
    """
    from scipy.special import bdtr  # noqa: PLC0415 - loads scipy

    ordered, size = np.sort(values), len(values)
    at_most = bdtr(np.arange(size), size, level)  # at k: P(at most k of the values lie below the quantile)
    lower = np.flatnonzero(at_most <= 1 - confidence)
    upper = np.flatnonzero(at_most >= confidence)
    if not len(lower) or not len(upper):
        raise Undefined(f"{size:,} values are too few for a bound of their {level:g} quantile")
    return float(ordered[lower[-1]]), float(ordered[upper[0]])


def area_bounds(area: float, ones: int, others: int, confidence: float) -> tuple[float, float]:
    """Return bounds of an area under the ROC curve, each one-sided, that stay honest at 0 and 1.

    R. Newcombe, "Confidence intervals for an effect size measure based on the Mann-Whitney statistic, part 2",
    Statistics in Medicine 25 (2006), method 5: the values t with |area - t| = z sqrt(V(t)), where

        V(t) = t (1 - t) (1 + N (1 - t) / (2 - t) + N t / (1 + t)) / (m n),    N = (m + n) / 2 - 1

    Args:
        area: The area that was found, from 0 to 1.
        ones: m, the rows of the class.
        others: n, all other rows.
        confidence: Of each bound by itself.
    """
    from scipy.optimize import brentq  # noqa: PLC0415 - loads scipy
    from scipy.special import ndtri  # noqa: PLC0415

    half, z = (ones + others) / 2 - 1, float(ndtri(confidence))

    def beyond(t: float, side: int) -> float:
        variance = t * (1 - t) * (1 + half * (1 - t) / (2 - t) + half * t / (1 + t)) / (ones * others)
        return side * (area - t) - z * sqrt(max(variance, 0.0))

    low = brentq(beyond, 0.0, area - TINY, args=(1,)) if area > TINY else 0.0
    high = brentq(beyond, area + TINY, 1.0, args=(-1,)) if area < 1 - TINY else 1.0
    return float(low), float(high)


def _areas(rows: Sample, cls: str | None, confidence: float) -> Interval:
    """Return the bounds of one area, or the means of those of all: whatever the areas have in common, it is no less."""
    one = metrics.positive(rows, cls)
    bounds = []
    for k in range(len(rows.classes)) if one is None else (one,):
        area, ones = metrics.value("rocAuc", rows, rows.classes[k]), int((rows.truth == k).sum())
        bounds.append(area_bounds(area, ones, len(rows) - ones, confidence))
    low, high = np.mean(bounds, axis=0)
    return Interval(float(low), float(high), "Newcombe", len(rows))


def _tables(metric: str, rows: Sample, cls: str | None, confidence: float, seed: int) -> Interval:
    """Return quantiles of the metric over tables of shares that the counts leave possible.

    Shares of the answers within each true class are drawn from the Dirichlet distribution of their counts, with a part
    of a row more that was answered wrongly for the lower bound, and rightly for the upper one, as Clopper and Pearson
    do with a single proportion. So a table without a mistake does not claim that there never will be one, as a
    bootstrap would. The shares of the classes are drawn from their counts.
    """
    name = "recall" if metric == "balancedAccuracy" else metric
    one = metrics.positive(rows, cls) if name == metric else None
    matrix = metrics.confusion(rows)
    if one is not None:  # of one class, all others are one
        matrix, one = _against_rest(matrix, one), 1
    size, draw = len(matrix), np.random.default_rng(seed)
    count = int(np.clip(_CELLS // size**2, 200, _TABLES))
    more, right = size**-0.5, np.eye(size)
    found = []
    for prior, level in (((1 - right) / (size - 1), 1 - confidence), (right, confidence)):
        weights = np.maximum(matrix + more * prior, _NOTHING)
        cells = np.stack([draw.dirichlet(row, count) for row in weights], axis=1)
        cells *= draw.dirichlet(np.maximum(matrix.sum(axis=1), _NOTHING), count)[..., None]
        ratios = [metrics.ratio(name, cells, k) for k in (range(size) if one is None else (one,))]
        values = [np.divide(above, below, out=np.zeros(count), where=below > 0) for above, below in ratios]
        found.append(float(np.quantile(np.mean(values, axis=0), level)))
    return Interval(min(found), max(found), "Dirichlet", len(rows))


def _against_rest(matrix: Any, k: int) -> Any:
    hits, row, column = matrix[k, k], matrix[k].sum(), matrix[:, k].sum()
    return np.array([[matrix.sum() - row - column + hits, column - hits], [row - hits, hits]])


def _bootstrapped(metric: str, rows: Sample, confidence: float, seed: int) -> Interval:
    units, final = moments(metric, rows)
    low, high = bootstrap(lambda index: final(units[index].mean(axis=0)), len(units), confidence=confidence, seed=seed)
    if low == high and low <= 1 and metric in {*LIST_METRICS, "brier"}:
        # every unit is alike; what lies between 0 and 1 varies no more than a proportion of the same mean
        bounds = clopper_pearson(round(low * len(units)), len(units), confidence)
        return Interval(*bounds, "Clopper-Pearson", len(units))
    return Interval(low, high, "bootstrap (BCa)", len(units))


def moments(metric: str, rows: Sample) -> tuple[Any, Callable[[Any], float]]:
    """Return (units, k) numbers, and what makes the metric of their means, so that it is one line on any resample."""
    if metric in LIST_METRICS:
        return list_values(metric, rows)[:, None], _first
    if metric in {"logLoss", "brier", "mae", "mape"}:
        return metrics.losses(metric, rows)[:, None], _first
    squares = (rows.truth - rows.answers) ** 2
    if metric == "rmse":
        return squares[:, None], lambda means: sqrt(means[0])
    centred = rows.truth - rows.truth.mean()
    return np.stack([squares, centred, centred**2], axis=1), _explained


def _first(means: Any) -> float:
    return float(means[0])


def _explained(means: Any) -> float:
    """Return r2 of the mean squared error, and of the target's mean and mean square."""
    around = means[2] - means[1] ** 2
    if around <= 0:
        raise Undefined("the target is the same in all rows")
    return float(1 - means[0] / around)
