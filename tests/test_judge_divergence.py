"""The stability index: what it is, and that the evidence on it keeps its promises in simulation."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from judge_samples import DRIFT, counts, policy, window

from mlops_charts.judge.counts import Counts
from mlops_charts.judge.divergence import log_apart, log_within, psi
from mlops_charts.judge.judging import judge
from mlops_charts.judge.scenario import moved


def _ever(level: list[float], other: list[float], share: float, margin: float) -> float:
    """Return how often an index is ever found below a margin, in 200 runs of 80 looks."""
    random, found = np.random.default_rng(7), 0
    for _ in range(200):
        sizes = random.poisson(6 * (1 - share) / share, 80), random.poisson(6, 80)
        pairs = [random.multinomial(of, p).cumsum(axis=0) for of, p in zip(sizes, (level, other), strict=True)]
        for a, b in zip(*(pair.tolist() for pair in pairs), strict=True):
            if sum(a) and sum(b) and log_within(a, b, psi(a, b), margin) >= log(20):
                found += 1
                break
    return found / 200


@pytest.mark.parametrize(
    "level", [[1 / 3] * 3, [0.01, 0.99], [0.001, 0.999], [0.5, 0.3, 0.1, 0.1], [0.1] * 10], ids=str
)
@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_an_index_at_the_margin_rarely_passes(level: list[float], margin: float) -> None:
    """Looked at again and again, in either direction and at either share, it passes in 5 % of the runs at most."""
    there = list(moved(level, margin))
    for share, pair in ((0.05, (level, there)), (0.5, (there, level))):
        assert _ever(*pair, share, margin) <= 0.05 + 2 * 0.0154


def test_classes_that_vanish_are_missed() -> None:
    """A class that is no longer said is not passed by, although few rows are enough for the others."""
    before = {"a": 9000, "b": 500, "c": 500}
    gone = window(Counts(60, 0, (), {"a": 60}), stable=Counts(1200, predictions=before), before=Counts())
    assert judge(policy(DRIFT), gone).checks[0].finding == "undecided"


def test_the_index_is_symmetric_and_zero_of_itself() -> None:
    """Whichever of two lists comes first."""
    assert psi([300, 100], [30, 10]) == pytest.approx(0, abs=1e-3)
    assert psi([300, 100], [100, 300]) == psi([100, 300], [300, 100])
    assert psi([750_000, 250_000], [250_000, 750_000]) == pytest.approx(log(3), rel=1e-4)


def test_evidence_of_moving_is_exact() -> None:
    """Its mean is at most 1 where both slots have one distribution, enumerated over all outcomes of four rows."""
    shares, total = (0.5, 0.3, 0.2), 0.0
    for before in ([0.0] * 3, [5.0, 3.0, 2.0], [0.0, 0.0, 90.0]):
        total = 0.0
        for rows in np.ndindex(3, 3, 3, 3):
            stable, candidate = ([float(part.count(k)) for k in range(3)] for part in (rows[:3], rows[3:]))
            chance = np.prod([shares[k] for k in rows])
            total += chance * np.exp(log_apart(stable, candidate, before, 0.2))
        assert total <= 1 + 1e-9


def test_one_class_alone_passes() -> None:
    """Two versions that both say one thing only do not lie apart."""
    one = {"stable": Counts(4000, predictions={"a": 4000}), "before": Counts()}
    assert judge(policy(DRIFT), window(Counts(400, predictions={"a": 400}), **one)).checks[0].finding == "pass"


def test_a_new_class_fails() -> None:
    """A class that the stable version never said, in a fifth of all rows, is seen."""
    new = Counts(400, predictions={"a": 320, "b": 80})
    one = {"stable": Counts(4000, predictions={"a": 4000}), "before": Counts(4000, predictions={"a": 4000})}
    assert judge(policy(DRIFT), window(new, **one)).checks[0].finding == "fail"


def test_the_effect_is_freed_of_noise() -> None:
    """What small samples show of themselves is taken off the index that is said."""
    found = judge(policy(DRIFT), window(counts(30), requests=30)).checks[0]
    assert found.effect == 0.0
