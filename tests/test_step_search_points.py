"""Points of a search: each follows from its index and the seed alone."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from mlops_charts.spec.training import SpaceRange
from mlops_charts.steps.sobol import point, unit_point, value_at

SPACE = {
    "depth": SpaceRange(int=(1, 4)),
    "rate": SpaceRange(log_float=(1e-4, 1e-1)),
    "share": SpaceRange(float=(0.5, 0.9)),
    "kind": SpaceRange(choice=("gini", "entropy", None)),
}
UNIT = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_a_point_does_not_depend_on_others(seed: int) -> None:
    """Each point, taken alone and in any order, is that of the whole sequence."""
    whole = qmc.Sobol(3, scramble=True, rng=seed).random(64)
    assert [unit_point(3, seed, i) for i in reversed(range(64))] == whole[::-1].tolist()


def test_a_point_does_not_depend_on_the_order_of_the_space() -> None:
    """The space is a map: its keys may stand in any order."""
    turned = dict(reversed(SPACE.items()))
    assert [point(SPACE, 3, i) for i in range(8)] == [point(turned, 3, i) for i in range(8)]


def test_another_seed_gives_other_points() -> None:
    """The seed of the spec decides which points are tried."""
    assert [point(SPACE, 1, i) for i in range(4)] != [point(SPACE, 2, i) for i in range(4)]


def test_the_sequence_fills_the_space_evenly() -> None:
    """Of 64 points each of four whole numbers has a quarter, which random points hardly have."""
    tried = [point(SPACE, 0, i)["depth"] for i in range(64)]
    assert [tried.count(depth) for depth in (1, 2, 3, 4)] == [16, 16, 16, 16]


@settings(deadline=None)
@given(u=UNIT, low=st.integers(-1000, 1000), more=st.integers(1, 1000))
def test_whole_numbers_are_within_their_range(u: float, low: int, more: int) -> None:
    """Both ends belong to a range of whole numbers."""
    found = value_at(SpaceRange(int=(low, low + more)), u)
    assert isinstance(found, int)
    assert low <= found <= low + more


@settings(deadline=None)
@given(u=UNIT, low=st.floats(1e-9, 1e3), factor=st.floats(1.001, 1e6))
def test_numbers_are_within_their_range(u: float, low: float, factor: float) -> None:
    """Numbers stay between the two ends, evenly or evenly in their logarithm."""
    high = low * factor
    for values in (SpaceRange(float=(low, high)), SpaceRange(log_float=(low, high))):
        assert low <= value_at(values, u) <= high


@pytest.mark.parametrize(
    ("values", "u", "expected"),
    [
        (SpaceRange(int=(1, 3)), 0.0, 1),
        (SpaceRange(int=(1, 3)), 0.9999999, 3),
        (SpaceRange(float=(1.0, 3.0)), 0.5, 2.0),
        (SpaceRange(log_float=(1.0, 100.0)), 0.5, 10.0),
        (SpaceRange(choice=("a", "b")), 0.4999, "a"),
        (SpaceRange(choice=("a", "b")), 0.5, "b"),
        (SpaceRange(choice=(None,)), 0.99, None),
    ],
)
def test_places_in_a_range(values: SpaceRange, u: float, expected: Any) -> None:
    """A place in [0, 1) is a place in the range."""
    found = value_at(values, u)
    assert found == (expected if not isinstance(expected, float) else pytest.approx(expected))
    assert not isinstance(found, float) or math.isfinite(found)
