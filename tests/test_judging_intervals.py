"""Intervals hold as often as they say, hold the estimate, and shrink with rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import binomtest

from mlops_charts.saved_model import Answers
from mlops_charts.steps.judging.intervals import clopper_pearson, interval, quantile_bounds
from mlops_charts.steps.judging.metrics import value
from mlops_charts.steps.judging.sample import Sample, Undefined, sample

NAMES = ("ant", "bee", "cat")


def _classified(size: int, hit: float, rng: Any, classes: int = 3) -> Sample:
    truth = np.arange(size) % classes
    wrong = (truth + rng.integers(1, classes, size)) % classes
    said = np.where(rng.random(size) < hit, truth, wrong)
    names = np.array(NAMES)
    return sample("classification", names[truth], Answers(names[said]), NAMES[:classes])


def _scored(size: int, apart: float, rng: Any) -> Sample:
    truth = np.arange(size) % 2
    share = 1 / (1 + np.exp(-(rng.normal(size=size) + apart * truth)))
    names = np.array(NAMES)
    answers = Answers(names[(share > 0.5).astype(int)], np.stack([1 - share, share], axis=1))
    return sample("classification", names[truth], answers, NAMES[:2])


def _measured(size: int, rng: Any) -> Sample:
    truth = rng.normal(0, 2, size)
    return sample("regression", truth, Answers(truth + rng.normal(size=size)))


def _holds(metric: str, true: float, draw: Callable[[Any], Sample], times: int, cls: str | None = None) -> list[float]:
    """Return the shares of samples whose lower, and whose upper bound holds."""
    rng = np.random.default_rng(11)
    found = [interval(metric, draw(rng), cls) for _ in range(times)]
    return [float(np.mean([one.low <= true for one in found])), float(np.mean([one.high >= true for one in found]))]


def _rare(rng: Any) -> Sample:
    rows = _classified(180, HIT, rng)
    return rows.take((rows.truth != 2) | (np.arange(180) < 27))


HIT = 0.9
CASES: dict[str, tuple[str, float, Callable[[Any], Sample], str | None, int]] = {
    "accuracy": ("accuracy", HIT, lambda rng: _classified(90, HIT, rng), None, 1000),
    "accuracy near 1": ("accuracy", 0.99, lambda rng: _classified(60, 0.99, rng), None, 1000),
    "recall of a class": ("recall", HIT, lambda rng: _classified(90, HIT, rng), "bee", 1000),
    "specificity of a class": ("specificity", 0.95, lambda rng: _classified(90, HIT, rng), "bee", 1000),
    "precision of a class": ("precision", HIT, lambda rng: _classified(90, HIT, rng), "bee", 1000),
    "mean recall": ("recall", HIT, lambda rng: _classified(90, HIT, rng), None, 400),
    "mean recall near 1": ("balancedAccuracy", 0.99, lambda rng: _classified(60, 0.99, rng), None, 400),
    "mean recall of a rare class too": ("recall", HIT, _rare, None, 400),
    "f1 of a class": ("f1", HIT, lambda rng: _classified(90, HIT, rng), "bee", 400),
    "mean precision": ("precision", HIT, lambda rng: _classified(90, HIT, rng), None, 400),
    "mean f1 near 1": ("f1", 0.99, lambda rng: _classified(60, 0.99, rng), None, 400),
    "mean f1": ("f1", HIT, lambda rng: _classified(90, HIT, rng), None, 400),
    "area": ("rocAuc", 0.92135, lambda rng: _scored(80, 2.0, rng), None, 600),
    "area near 1": ("rocAuc", 0.99766, lambda rng: _scored(80, 4.0, rng), None, 600),
    "median error": ("medianAbsoluteError", 0.67449, lambda rng: _measured(60, rng), None, 1000),
    "mean error": ("mae", 0.79788, lambda rng: _measured(60, rng), None, 100),
    "root mean squared error": ("rmse", 1.0, lambda rng: _measured(60, rng), None, 100),
    "r2": ("r2", 0.75, lambda rng: _measured(80, rng), None, 100),
}


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
def test_bounds_hold_as_often_as_they_say(case: str) -> None:
    """Of many samples of a known truth, 95 in 100 have a bound that holds; 93 are within what formulas promise."""
    metric, true, draw, cls, times = CASES[case]
    for share in _holds(metric, true, draw, times, cls):
        said = binomtest(round(share * times), times, 0.935, alternative="less")
        assert said.pvalue > 0.001, f"{case}: {share} of {times}"


def test_areas_of_the_simulation_are_what_they_should_be() -> None:
    """The true area of two normal distributions is Phi(apart / sqrt 2)."""
    rng = np.random.default_rng(3)
    assert value("rocAuc", _scored(40_000, 2.0, rng)) == pytest.approx(0.92135, abs=0.004)
    assert value("rocAuc", _scored(40_000, 4.0, rng)) == pytest.approx(0.99766, abs=0.002)
    assert ndtri(0.75) == pytest.approx(0.67449, abs=1e-5)


@pytest.mark.parametrize("metric", ["accuracy", "precision", "recall", "specificity", "f1", "balancedAccuracy"])
def test_a_perfect_test_is_no_proof_of_perfection(metric: str) -> None:
    """Without one mistake in 45 rows the lower bound still stays below 1, for one class and for all."""
    rows = _classified(45, 1.0, np.random.default_rng(0))
    found = interval(metric, rows)
    assert (value(metric, rows), found.high) == (1.0, 1.0)
    assert 0.8 < found.low < 0.99


def test_a_perfect_area_is_no_proof_either() -> None:
    """The same of an area under the curve, which a bootstrap would call certain."""
    truth = np.array(["ant", "bee"])[np.arange(40) % 2]
    share = np.linspace(0, 0.3, 40) + 0.6 * (np.arange(40) % 2)
    rows = sample("classification", truth, Answers(truth, np.stack([1 - share, share], axis=1)), NAMES[:2])
    found = interval("rocAuc", rows)
    assert found.high == 1.0
    assert 0.8 < found.low < 0.98


def test_clopper_pearson_by_hand() -> None:
    """Without a miss in n rows the bound is the n-th root of 5 %, and the other way round."""
    assert clopper_pearson(45, 45, 0.95) == pytest.approx((0.05 ** (1 / 45), 1.0))
    assert clopper_pearson(0, 45, 0.95) == pytest.approx((0.0, 1 - 0.05 ** (1 / 45)))
    assert clopper_pearson(41, 45, 0.95)[0] == pytest.approx(binomtest(41, 45).proportion_ci(0.90, "exact").low)


def test_no_bound_is_told() -> None:
    """Where nothing bounds a metric, that is said."""
    rows = _measured(30, np.random.default_rng(0))
    with pytest.raises(Undefined, match="how large the largest error can be"):
        interval("maxError", rows)
    with pytest.raises(Undefined, match="4 values are too few"):
        quantile_bounds(np.arange(4.0), 0.5, 0.95)
    with pytest.raises(Undefined, match="298 values are too few"):
        quantile_bounds(np.arange(298.0), 0.99, 0.95)
    assert quantile_bounds(np.arange(299.0), 0.99, 0.95)[1] == 298.0


METRICS = st.sampled_from(["accuracy", "precision", "recall", "specificity", "f1", "balancedAccuracy"])


@given(METRICS, st.integers(0, 2**32 - 1), st.floats(0.3, 1.0), st.integers(2, 3))
def test_intervals_hold_the_estimate_and_shrink_with_rows(metric: str, seed: int, hit: float, classes: int) -> None:
    """The estimate lies between its bounds; nine times the same rows bring them closer; twice is the same."""
    rows = _classified(30, hit, np.random.default_rng(seed), classes)
    found = interval(metric, rows)
    assert found.low <= value(metric, rows) <= found.high
    more = interval(metric, rows.take(np.tile(np.arange(30), 9)))
    assert more.high - more.low < found.high - found.low or found.high == found.low
    assert interval(metric, rows) == found


@settings(max_examples=20)
@given(st.sampled_from(["mae", "rmse", "r2", "medianAbsoluteError"]), st.integers(0, 2**32 - 1))
def test_intervals_of_numbers_hold_the_estimate(metric: str, seed: int) -> None:
    """The same of a regression's metrics."""
    rows = _measured(25, np.random.default_rng(seed))
    found = interval(metric, rows)
    assert found.low <= value(metric, rows) <= found.high
    assert interval(metric, rows) == found
