"""Plans of samples: that they are what simulation needs, and what is said of checks that cannot be decided."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_samples import BUSINESS, DRIFT, ERRORS, LATENCY, policy

from mlops_charts.judge.counts import Window
from mlops_charts.judge.judging import judge
from mlops_charts.judge.rehearsal import drawn
from mlops_charts.judge.samples import Baseline, needed_samples, planned, shares
from mlops_charts.judge.scenario import Scenario, world
from mlops_charts.release.policy import Policy, PolicyCheck


def _passing(asked: Policy, samples: int, share: float, runs: int) -> float:
    """Return how often an equal version passes the one check of a policy with so many samples."""
    there, random, found = world(asked, Scenario()), np.random.default_rng(3), 0
    for _ in range(runs):
        before, stable, candidate = (
            next(drawn(there, there.stable, random, of, 1)) for of in (72_000, samples * (1 - share) / share, samples)
        )
        sight = Window(0, 3600, stable, candidate, before, there.bounds)
        found += judge(asked, sight, intervals=False).checks[0].finding == "pass"
    return found / runs


@pytest.mark.parametrize("share", [0.05, 0.5])
@pytest.mark.parametrize("check", [ERRORS, LATENCY, DRIFT, BUSINESS], ids=lambda check: check.metric)
def test_the_planned_samples_give_the_power(check: PolicyCheck, share: float) -> None:
    """With as many samples as are planned an equal version passes about as often as the policy's power says."""
    samples = needed_samples(policy(check), Baseline(), check, share)
    assert samples is not None
    assert 0.7 <= _passing(policy(check), samples, share, 300) <= 0.9


def test_sample_iris_is_decided_within_an_hour() -> None:
    """Its three steps at 20 requests a second, and half an hour of baking behind them."""
    found = planned(policy())
    assert [stage.title for stage in found.stages] == ["canary 5 %", "canary 25 %", "canary 50 %"]
    assert 1800 < sum(stage.seconds for stage in found.stages) < 3600
    assert found.seconds == sum(stage.seconds for stage in found.stages) + 1800
    assert found.undecidable == ()


def test_a_stage_lasts_its_interval_at_least() -> None:
    """Samples that come faster do not shorten it."""
    found = planned(policy(expected_requests_per_second=1e6))
    assert [stage.seconds for stage in found.stages] == [300, 300, 300]


def test_what_cannot_be_decided_is_said_with_what_would_be_possible() -> None:
    """Each of the ways that are named, taken alone, makes the check one that is decided."""
    slow = policy(expected_requests_per_second=2)
    errors = next(one for one in planned(slow).undecidable if one.check == "errorRate")
    assert errors.seconds is not None
    assert errors.seconds > errors.available == 6 * 3600
    ways = (
        {"checks": (ERRORS.model_copy(update={"max_increase_points": errors.margin}),)},
        {"expected_requests_per_second": errors.requests_per_second},
        {"steps": (errors.step, 25, 50)},
        {"max_duration_seconds": errors.max_duration_seconds},
    )
    for way in ways:
        assert None not in way.values()
        assert planned(slow.model_copy(update={"checks": (ERRORS,), **way})).undecidable == ()


def test_a_ratio_finer_than_the_buckets_is_never_decided() -> None:
    """No number of samples is enough; a larger ratio is, more traffic is not."""
    fine = policy(PolicyCheck(metric="latency", quantile=0.95, max_ratio=1.05))
    (found,) = planned(fine).undecidable
    assert (found.seconds, found.requests_per_second, found.max_duration_seconds) == (None, None, None)
    assert found.margin is not None
    assert 1.1 < found.margin < 1.4


def test_shares_follow_the_strategy() -> None:
    """A shadow gets all requests, an experiment is assumed to get half, blueGreen is not judged ahead of promotion."""
    steps = {"steps": ()}
    assert shares(policy(strategy="shadow", **steps)) == (("shadow", 1.0),)
    assert shares(policy(strategy="abTest", **steps)) == (("abTest", 0.5),)
    assert planned(policy(strategy="blueGreen", **steps)).seconds == 1800


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.floats(0.2, 20), st.floats(1.2, 4), st.floats(0.02, 2)),
    st.fixed_dictionaries(
        {
            "confidence": st.floats(0.6, 0.99),
            "power": st.floats(0.55, 0.95),
            "steps": st.sampled_from(((1,), (5,), (50,), (100,))),
            "executor": st.booleans(),
        }
    ),
)
def test_any_policy_has_a_plan(margins: tuple[float, float, float], other: dict[str, Any]) -> None:
    """Samples are positive, and more confidence never needs fewer."""
    points, ratio, drift = margins
    checks = (
        PolicyCheck(metric="errorRate", max_increase_points=points),
        PolicyCheck(metric="latency", quantile=0.9, max_ratio=ratio),
        PolicyCheck(metric="predictionDrift", max_psi=drift),
    )
    stricter = {**other, "confidence": (1 + other["confidence"]) / 2}
    plans = (planned(policy(*checks, **fields)).stages[0].checks for fields in (other, stricter))
    for few, many in zip(*plans, strict=True):
        assert few.samples is None or (many.samples is not None and 0 < few.samples <= 1.01 * many.samples + 2)


def test_a_server_that_never_fails_is_planned_for() -> None:
    """Without errors in the baseline fewer samples do, but some hundreds at least."""
    found = needed_samples(policy(), Baseline(error_rate=0.0), ERRORS, 0.05)
    assert found is not None
    assert -log(0.05) / 0.01 < found < 1000
