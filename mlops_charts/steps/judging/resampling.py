"""The seeded bootstrap, for metrics whose distribution no formula gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from mlops_charts.steps.judging.sample import Undefined

Statistic = Callable[[Any], float]
"""What a metric is on some of the units: takes an array of their indices, repeated as often as they were drawn."""

_RESAMPLES: Final = 2000
_FEWEST: Final = 400
_DRAWS: Final = 40_000_000  # units drawn at most in all, so that a million rows take seconds
_BLOCKS: Final = 100  # units are left out in so many blocks at most, to measure the skew
_LOST: Final = 0.05  # the most resamples on which a metric may not exist


def bootstrap(
    statistic: Statistic,
    size: int,
    *,
    confidence: float,
    seed: int,
    strata: Any = None,
    resamples: int = _RESAMPLES,
) -> tuple[float, float]:
    """Return a lower and an upper bound, each one-sided: the bias-corrected and accelerated bootstrap (BCa).

    B. Efron, "Better bootstrap confidence intervals", JASA 82 (1987); Efron and Tibshirani, "An Introduction to the
    Bootstrap" (1993), chapter 14. With z0 from the share of resamples below the estimate, and the acceleration a from
    the skewness of the jackknife, the bound at level p is the quantile of the resamples at

        Phi(z0 + (z0 + z_p) / (1 - a (z0 + z_p)))

    A bootstrap of few units is too narrow, so z_p is sqrt(n / (n - 1)) times the quantile of Student's t with n - 1
    degrees of freedom: T. Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69
    (2015), 4.4.

    Args:
        statistic: The metric on some of the units.
        size: Units: rows, or lists of a ranking.
        confidence: Of each bound by itself.
        seed: Seed of what is drawn.
        strata: (size,) units are drawn within each value of it; None draws them all alike.
        resamples: How many; fewer where there are very many units.

    Raises:
        Undefined: The metric does not exist on too many of the resamples.
    """
    estimate = statistic(np.arange(size))
    count = max(min(resamples, _FEWEST), min(resamples, _DRAWS // size))
    drawn = _resampled(statistic, size, count, np.random.default_rng(seed), strata)
    if np.ptp(drawn) == 0:
        return estimate, estimate
    levels = _levels(drawn, estimate, _left_out(statistic, size, strata), _normal(confidence, size))
    low, high = np.quantile(drawn, levels)
    return min(float(low), estimate), max(float(high), estimate)


def _resampled(statistic: Statistic, size: int, count: int, draw: Any, strata: Any) -> Any:
    parts = [np.arange(size)] if strata is None else [np.flatnonzero(strata == value) for value in np.unique(strata)]
    found = []
    for _ in range(count):
        try:
            found.append(statistic(np.concatenate([part[draw.integers(len(part), size=len(part))] for part in parts])))
        except Undefined:
            continue
    if len(found) < (1 - _LOST) * count:
        lost = count - len(found)
        raise Undefined(f"on {lost:,} of {count:,} resamples of the {size:,} rows it does not exist: they are too few")
    return np.array(found)


def _left_out(statistic: Statistic, size: int, strata: Any) -> Any:
    """Return the jackknife: the metric with one block left out, of as many blocks as there are units, or 100."""
    order = np.arange(size) if strata is None else np.argsort(strata, kind="stable")
    blocks = min(size, _BLOCKS)
    found = []
    for block in range(blocks):
        try:
            found.append(statistic(np.sort(np.delete(order, np.s_[block::blocks]))))
        except Undefined:
            continue
    return np.array(found)


def _normal(confidence: float, size: int) -> Any:
    """Return the two quantiles of the normal distribution that a level stands for, wider for few units."""
    from scipy.special import stdtrit  # noqa: PLC0415 - loads scipy

    free = max(size - 1, 1)
    return (size / free) ** 0.5 * stdtrit(free, np.array([1 - confidence, confidence]))


def _levels(drawn: Any, estimate: float, left_out: Any, normal: Any) -> Any:
    from scipy.special import ndtr, ndtri  # noqa: PLC0415 - loads scipy

    below = ((drawn < estimate).sum() + (drawn == estimate).sum() / 2) / len(drawn)
    bias = ndtri(np.clip(below, 1 / len(drawn), 1 - 1 / len(drawn)))
    apart = left_out.mean() - left_out if len(left_out) else np.zeros(1)
    spread = (apart**2).sum()
    skew = (apart**3).sum() / (6 * spread**1.5) if spread else 0.0
    at = bias + normal
    return ndtr(bias + at / (1 - np.clip(skew * at, -0.9, 0.9)))
