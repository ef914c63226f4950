"""The champion comparison: right as often as it says, whatever the metric, and honest about what it cannot tell."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from mlops_charts.saved_model import Answers
from mlops_charts.spec.quality import Champion
from mlops_charts.steps.judging.champion import Contest, aligned, judge_champion
from mlops_charts.steps.judging.latency import Latency
from mlops_charts.steps.judging.metrics import value
from mlops_charts.steps.judging.paired import paired_drop, tango
from mlops_charts.steps.judging.sample import Sample, Undefined, sample
from mlops_charts.steps.judging.subject import Subject

NAMES = ("ant", "bee", "cat")


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    """The benchmark that simulates pairs of models."""
    path = Path(__file__).parent.parent / "benchmarks" / "champion.py"
    spec = importlib.util.spec_from_file_location("benchmark_champion", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("case", "exact"), [(0, True), (1, False), (4, False), (5, True)])
def test_rates_of_two_thousand_pairs_match_the_confidence(simulation: ModuleType, case: int, exact: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """At 95 %, a model whose drop is just what is allowed is called worse, and not worse, in 5 of 100 tests each.

    Where the true drop is less than allowed, `worse` is wrong, and where it is more, `not worse` is: both are rarer.
    Rates are held by their 99 % intervals.
    """
    asked = simulation.CASES[case]
    found = simulation.rates(asked)
    if exact:
        assert asked.drop == pytest.approx(asked.max_drop)
        assert all(found[said].low <= 0.05 <= found[said].high for said in ("worse", "notWorse"))
        return
    wrong, right = ("worse", "notWorse") if asked.drop < asked.max_drop else ("notWorse", "worse")
    assert found[wrong].high < 0.05
    assert found[right].low > 0.2


def _right(size: int, wrong: list[int], classes: int = 2) -> Sample:
    truth = np.arange(size) % classes
    said = truth.copy()
    said[wrong] = (said[wrong] + 1) % classes
    names = np.array(NAMES)
    return sample("classification", names[truth], Answers(names[said]), NAMES[:classes])


def _judge(old: Sample, new: Sample, **asked: Any) -> Any:
    contest = Contest(Subject(new, {}), Subject(old, {}), "1.4.0")
    return judge_champion(Champion(**{"metric": "accuracy", **asked}), contest)


def test_a_worse_model_is_stopped_with_numbers() -> None:
    """The sentence has the drop, its bounds, the rows, what was allowed, and what these rows could have excluded."""
    found = _judge(_right(400, list(range(10))), _right(400, list(range(60))))
    assert (found.verdict, found.passed) == ("worse", False)
    assert (found.new, found.champion, found.drop) == pytest.approx((0.85, 0.975, 0.125))
    assert found.sentence == (
        "against champion 1.4.0, accuracy is worse by 0.125 on the same 400 test rows, the drop between 0.1 and 0.155 "
        "(95 % each way): it is worse by more than maxDrop 0.01; the smallest drop that they could have excluded is "
        "0.03"
    )


def test_an_equal_model_passes_where_rows_are_enough() -> None:
    """With the same answers on many rows a drop of a point is excluded."""
    found = _judge(_right(2000, [1, 2]), _right(2000, [1, 2]))
    assert (found.verdict, found.passed, found.drop) == ("notWorse", True, 0.0)
    assert found.high < 0.01


@pytest.mark.parametrize(("then", "passed"), [("pass", True), ("fail", False)])
def test_few_rows_cannot_tell(then: str, passed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Even the same answers on 45 rows exclude no drop of a point; the spec says what follows."""
    found = _judge(_right(45, [3]), _right(45, [3]), on_inconclusive=then)
    assert (found.verdict, found.passed) == ("inconclusive", passed)
    assert found.excludable == pytest.approx(1.6449**2 / (45 + 1.6449**2), abs=1e-4)
    assert "these rows cannot tell whether it is worse by more than maxDrop 0.01" in found.sentence


def test_tango_by_hand() -> None:
    """Without a difference in n rows the bound is z^2 / (n + z^2), as in the paper; and the interval is symmetric."""
    z = 1.959964
    assert tango(0, 0, 44, 0.975) == pytest.approx((-(z**2) / (44 + z**2), z**2 / (44 + z**2)), abs=1e-6)
    low, high = tango(9, 4, 60, 0.95)
    assert tango(4, 9, 60, 0.95) == pytest.approx((-high, -low), abs=1e-9)
    n, d = 60, high  # the bound solves the score equation of the paper
    b, c = (2 * n - 9 + 4) * d - 13, -4 * d * (1 - d)
    q = (np.sqrt(b * b - 8 * n * c) - b) / (4 * n)
    assert (5 - n * d) / np.sqrt(n * (2 * q + d * (1 - d))) == pytest.approx(-1.644854, abs=1e-5)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 200), st.floats(0.6, 0.99))
def test_tango_holds_the_estimate_and_shrinks(lost: int, won: int, same: int, confidence: float) -> None:
    """The estimate is between the bounds, and four times the same rows bring them closer."""
    size = lost + won + same + 1
    low, high = tango(lost, won, size, confidence)
    assert -1 <= low <= (lost - won) / size <= high <= 1
    lower, higher = tango(4 * lost, 4 * won, 4 * size, confidence)
    assert higher - lower < high - low


METRICS = ("accuracy", "balancedAccuracy", "recall", "specificity", "precision", "f1", "rocAuc", "logLoss", "brier")


def _noisy(noise: float, seed: int, classes: int = 3) -> Sample:
    rng = np.random.default_rng(99)  # both models see the same rows
    truth = rng.integers(classes, size=240)
    hard = rng.gumbel(size=(240, classes))
    scores = 2.2 * np.eye(classes)[truth] + hard + noise * np.random.default_rng(seed).normal(size=(240, classes))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    names = np.array(NAMES)
    return sample("classification", names[truth], Answers(names[shares.argmax(axis=1)], shares), NAMES[:classes])


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_tells_a_ruined_model(metric: str, classes: int) -> None:
    """A model whose scores are mostly noise is worse by every metric, and the champion is not worse than it."""
    good, bad = _noisy(0.1, 1, classes), _noisy(6.0, 2, classes)
    drop = paired_drop(metric, good, bad, confidence=0.95, seed=0)
    assert 0 < drop.low <= drop.estimate <= drop.high
    assert abs(value(metric, good) - value(metric, bad)) == pytest.approx(drop.estimate)
    back = paired_drop(metric, bad, good, confidence=0.95, seed=0)
    assert back.high < 0


@pytest.mark.parametrize("metric", ["mae", "rmse", "r2", "medianAbsoluteError"])
def test_every_metric_of_a_regression_does(metric: str) -> None:
    """The same of numbers, whichever way the metric counts."""
    rng = np.random.default_rng(1)
    truth = rng.normal(size=150)
    good, bad = (sample("regression", truth, Answers(truth + s * rng.normal(size=150))) for s in (0.2, 1.0))
    assert paired_drop(metric, good, bad, confidence=0.95, seed=0).low > 0
    assert paired_drop(metric, bad, good, confidence=0.95, seed=0).high < 0
    with pytest.raises(Undefined, match="cannot be told apart"):
        paired_drop("maxError", good, bad, confidence=0.95, seed=0)


def test_a_paired_bootstrap_holds_as_often_as_it_says() -> None:
    """Of 120 pairs whose mean errors differ by a known amount, the bounds hold in about 95 of 100."""
    rng, held = np.random.default_rng(4), []
    for _ in range(120):
        truth, shared = rng.normal(size=80), rng.normal(size=80)
        old, new = (
            sample("regression", truth, Answers(truth + scale * (shared + 0.3 * rng.normal(size=80))))
            for scale in (1.0, 1.2)
        )
        drop = paired_drop("rmse", old, new, confidence=0.95, seed=0)
        true = 0.2 * np.sqrt(1.09)
        held.append((drop.low <= true, true <= drop.high))
    for count in np.sum(held, axis=0):
        assert binomtest(int(count), 120, 0.93, alternative="less").pvalue > 0.01


def test_classes_in_another_order_are_the_same_classes() -> None:
    """A champion that knows other classes, in another order, is compared by their names."""
    truth = np.array(["ant", "bee", "cat", "ant"])
    new = sample("classification", truth, Answers(truth, np.eye(3)[[0, 1, 2, 0]]), NAMES)
    said = np.array(["bee", "bee", "ant", "ant"])
    old = sample("classification", truth, Answers(said, np.eye(2)[[0, 0, 1, 1]]), ("bee", "ant"))
    first, second = aligned(old, new)
    assert first.classes == second.classes
    assert (first.truth == second.truth).all()
    assert value("accuracy", first) == value("accuracy", old) == 0.5
    assert paired_drop("accuracy", first, second, confidence=0.95, seed=0).estimate == -0.5


def test_a_slower_model_is_stopped() -> None:
    """Latencies are compared by the calls of each, in seconds."""
    rng = np.random.default_rng(0)
    fast, slow = (Latency(scale * rng.lognormal(sigma=0.1, size=500)) for scale in (0.001, 0.004))
    rows = _right(40, [])
    contest = Contest(replace(Subject(rows, {}), latency=slow), replace(Subject(rows, {}), latency=fast), "1.0.0")
    found = judge_champion(Champion(metric="latencyP99Seconds", max_drop=0.001), contest)
    assert (found.verdict, found.passed) == ("worse", False)
    assert 0.001 < found.low < found.drop < found.high


def test_a_metric_that_is_not_there_decides_nothing() -> None:
    """Without probabilities there is no area; the verdict says so and follows onInconclusive."""
    found = _judge(_right(40, []), _right(40, []), metric="rocAuc", on_inconclusive="fail")
    assert (found.verdict, found.passed) == ("inconclusive", False)
    assert "the model gives none" in found.sentence
