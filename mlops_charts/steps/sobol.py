"""Points of a search: the parameters of trial i, from the space and a seed alone.

Trials run in pods that share nothing, so the point of one must not depend on any other: a scrambled Sobol sequence is
the same wherever it is entered. See I. M. Sobol', USSR Comput. Math. Math. Phys. 7 (1967), and A. B. Owen's scrambling,
as scipy.stats.qmc has them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from mlops_charts.spec.training import SpaceRange

_BELOW_ONE: Final = math.nextafter(1.0, 0.0)


def point(space: Mapping[str, SpaceRange], seed: int, index: int) -> dict[str, Any]:
    """Return the parameters of a trial.

    Args:
        space: The parameters and the values to try; their order does not matter.
        seed: Seed of the scrambling.
        index: The trial, counted from 0.
    """
    names = sorted(space)
    return {name: value_at(space[name], u) for name, u in zip(names, unit_point(len(names), seed, index), strict=True)}


def unit_point(dimensions: int, seed: int, index: int) -> list[float]:
    """Return a point of the sequence, in [0, 1) in each dimension.

    Args:
        dimensions: How many numbers make a point.
        seed: Seed of the scrambling.
        index: Which point, counted from 0.
    """
    from scipy.stats import qmc  # noqa: PLC0415 - 1 s

    sequence = qmc.Sobol(dimensions, scramble=True, rng=seed)
    if index:
        sequence.fast_forward(index)
    return [min(float(u), _BELOW_ONE) for u in sequence.random(1)[0]]


def value_at(values: SpaceRange, u: float) -> Any:
    """Return the value of a range at a place in [0, 1): whole numbers and choices have equal shares of it."""
    if values.choice is not None:
        return values.choice[int(u * len(values.choice))]
    if values.int is not None:
        low, high = values.int
        return low + int(u * (high - low + 1))
    if values.log_float is not None:
        first, last = values.log_float
        return min(max(math.exp(math.log(first) + u * (math.log(last) - math.log(first))), first), last)
    if values.float is not None:
        first, last = values.float
        return first + u * (last - first)
    raise ValueError(values)  # the rules of model.yaml admit exactly one kind
