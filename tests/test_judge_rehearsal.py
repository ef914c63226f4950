"""Simulated releases: what becomes of good and bad versions, the same for the same seed, with exact intervals."""

from __future__ import annotations

import pytest
from judge_samples import BUSINESS, ERRORS, counts, policy

from mlops_charts import contract
from mlops_charts.judge.counts import Counts
from mlops_charts.judge.rehearsal import rate, rehearse, summed
from mlops_charts.judge.samples import Baseline
from mlops_charts.judge.scenario import Scenario, moved, world


def test_an_equal_version_is_promoted() -> None:
    """Through all three steps and the baking, in well under the longest duration."""
    found = rehearse(policy(), releases=12, seed=1)
    assert (found.promoted.count, found.reached.count, found.undecided.count) == (12, 12, 0)
    assert all(900 <= seconds < 3 * 3600 for seconds in found.seconds)
    assert all(len(one.stages) == 3 for one in found.releases)


@pytest.mark.parametrize(
    ("scenario", "check"),
    [
        (Scenario(added_error_points=5), "errorRate"),
        (Scenario(latency_ratio=1.6), "latency p95"),
        (Scenario(psi=0.5), "predictionDrift"),
    ],
)
def test_a_worse_version_is_rolled_back(scenario: Scenario, check: str) -> None:
    """By the check that sees it, at the first step."""
    found = rehearse(policy(), scenario, releases=8, seed=2)
    assert (found.rolled_back.count, found.ended_by) == (8, {check: 8})
    assert all(not one.stages for one in found.releases)


def test_a_drop_of_success_is_rolled_back() -> None:
    """Figures of the business are simulated where they are checked."""
    found = rehearse(policy(BUSINESS), Scenario(business_drop_percent=60), releases=4, seed=2)
    assert found.ended_by == {"business sold": 4}


def test_too_little_time_is_undecided() -> None:
    """A release that is not decided in its longest duration is counted apart, and has no time to a verdict."""
    found = rehearse(policy(ERRORS, max_duration_seconds=600), releases=3, seed=1)
    assert (found.undecided.count, found.seconds) == (3, ())


@pytest.mark.parametrize("strategy", ["shadow", "abTest", "blueGreen"])
def test_each_strategy_is_simulated(strategy: str) -> None:
    """A good version is promoted by any; with blueGreen a bad one has all traffic before it is seen."""
    asked = policy(strategy=strategy, steps=())
    assert rehearse(asked, releases=3, seed=1).promoted.count == 3
    bad = rehearse(asked, Scenario(added_error_points=30), releases=3, seed=1)
    assert (bad.rolled_back.count, bad.reached.count) == (3, 3 if strategy == "blueGreen" else 0)


def test_what_was_measured_is_simulated() -> None:
    """Errors, durations and predictions of a server are drawn from its counts, and changed by the scenario."""
    seen = counts(50_000)
    found = rehearse(policy(), Scenario(measured=seen, bounds=contract.LATENCY_BUCKETS), releases=4, seed=5)
    assert found.promoted.count == 4
    there = world(policy(), Scenario(measured=seen, latency_ratio=2.0, added_error_points=2))
    assert there.candidate.errors == pytest.approx(0.03)
    assert sum(there.candidate.latency[:25]) < sum(there.stable.latency[:25])
    assert sum(there.candidate.latency) == pytest.approx(1)


def test_the_same_seed_gives_the_same() -> None:
    """And another one gives another; releases that were simulated apart can be told together."""
    one, same, other = (rehearse(policy(), releases=3, seed=seed) for seed in (4, 4, 5))
    assert one == same
    assert one.seconds != other.seconds
    assert summed([*one.releases, *other.releases]).promoted.of == 6


def test_impossible_scenarios_are_refused() -> None:
    """One class cannot drift, and durations must be of the buckets that are named."""
    with pytest.raises(ValueError, match="cannot lie"):
        world(policy(), Scenario(psi=0.2, baseline=Baseline(classes=1)))
    with pytest.raises(ValueError, match="buckets"):
        world(policy(), Scenario(measured=Counts(3, latency=(1, 2))))


def test_predictions_move_as_far_as_asked() -> None:
    """Shares sum to one, and lie apart by the index."""
    assert sum(moved([0.7, 0.2, 0.1], 0.4)) == pytest.approx(1)
    assert moved([0.5, 0.5], 0) == (0.5, 0.5)


def test_rates_have_exact_intervals() -> None:
    """Those of Clopper and Pearson, as tables have them."""
    none, some = rate(0, 2000), rate(8, 40)
    assert (none.low, none.high) == (0.0, pytest.approx(0.001843, rel=1e-3))
    assert (some.low, some.high) == (pytest.approx(0.0905, abs=1e-4), pytest.approx(0.3565, abs=1e-4))
    assert (rate(5, 5).high, rate(0, 0).share) == (1.0, 0.0)
