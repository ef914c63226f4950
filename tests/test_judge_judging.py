"""The verdict: what advances, what holds, what rolls back; and that nothing advances without data."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_samples import BUSINESS, DRIFT, ERRORS, LATENCY, counts, policy, window

from mlops_charts.judge.counts import Counts, Window
from mlops_charts.judge.judging import judge, judged, needed
from mlops_charts.judge.verdict import Compared, Verdict
from mlops_charts.release.policy import Metric, PolicyCheck

NAN = float("nan")
EQUAL = counts(4000)


def _findings(verdict: Verdict) -> list[str]:
    return [one.finding for one in verdict.checks]


def test_an_equal_version_advances_once_the_interval_is_over() -> None:
    """With samples enough all checks pass; ahead of the interval's end that is held."""
    assert _findings(judge(policy(), window(EQUAL))) == ["pass", "pass", "pass"]
    assert judge(policy(), window(EQUAL)).decision == "advance"
    assert judge(policy(), window(EQUAL, seconds=299)).decision == "hold"


def test_few_samples_hold() -> None:
    """An equal version of which little is known is neither advanced nor rolled back."""
    verdict = judge(policy(), window(counts(20), requests=400))
    assert (verdict.decision, set(_findings(verdict))) == ("hold", {"undecided"})


@pytest.mark.parametrize(
    ("bad", "check"),
    [
        (counts(4000, errors=0.06), "errorRate"),
        (counts(4000, ratio=1.5), "latency p95"),
        (counts(4000, psi=0.5), "predictionDrift"),
        (counts(40_000, sold=0.05), "business sold"),
    ],
)
def test_a_worse_version_is_rolled_back(bad: Counts, check: str) -> None:
    """Whatever it is worse in is what the reason names."""
    verdict = judge(policy(ERRORS, LATENCY, DRIFT, BUSINESS), window(bad))
    assert verdict.decision == "rollback"
    assert verdict.reason.startswith(check)
    assert [one.check for one in verdict.checks if one.finding == "fail"] == [check]


def test_a_critical_failure_waits_for_nothing() -> None:
    """Errors are critical here and end the release within its interval; latency is not, and ends it behind."""
    assert judge(policy(), window(counts(300, errors=0.5), requests=5700, seconds=10)).decision == "rollback"
    assert judge(policy(), window(counts(4000, ratio=2), seconds=299)).decision == "hold"
    assert judge(policy(), window(counts(4000, ratio=2), seconds=300)).decision == "rollback"


def test_while_baking_only_critical_checks_count() -> None:
    """A slow version is held, one with errors is rolled back, and a good one never advances: there is nothing to."""
    baking = {"concurrent": False}
    assert judge(policy(), window(counts(4000, ratio=2), **baking)).decision == "hold"
    assert judge(policy(), window(counts(4000, errors=0.06), **baking)).decision == "rollback"
    assert judge(policy(), window(EQUAL, **baking)).decision == "hold"


@pytest.mark.parametrize("candidate", [Counts(), EQUAL, counts(4000, errors=0.5)])
def test_what_cannot_be_trusted_decides_nothing(candidate: Counts) -> None:
    """A flaw holds whatever the counts are; where the policy says so it rolls back, once the interval is over."""
    flawed = window(candidate, flaws=("stable: no sample for 120 s",))
    assert judge(policy(), flawed).decision == "hold"
    assert judge(policy(on_no_data="rollback"), flawed).decision == "rollback"
    assert judge(policy(on_no_data="rollback"), replace(flawed, end=299)).decision == "hold"
    assert "no sample for 120 s" in judge(policy(), flawed).reason


@pytest.mark.parametrize(
    "broken",
    [
        Counts(),
        replace(EQUAL, requests=0),
        replace(EQUAL, errors=NAN),
        replace(EQUAL, errors=-1),
        replace(EQUAL, errors=EQUAL.requests + 1),
        replace(EQUAL, requests=NAN),
        replace(EQUAL, latency=()),
        replace(EQUAL, latency=EQUAL.latency[:-1]),
        replace(EQUAL, latency=(NAN, *EQUAL.latency[1:])),
        replace(EQUAL, predictions={}),
        replace(EQUAL, predictions={"a": NAN}),
        replace(EQUAL, business={}),
        replace(EQUAL, business={"sold": (5, 4)}),
    ],
)
@pytest.mark.parametrize("arm", ["stable", "candidate"])
def test_missing_and_broken_counts_are_never_a_pass(broken: Counts, arm: str) -> None:
    """Whichever slot has none, or has something that is no count, the check says noData and the release is held."""
    sight = replace(window(EQUAL), **{arm: broken})
    checks = policy(ERRORS, LATENCY, DRIFT, BUSINESS)
    verdict = judge(checks, sight)
    assert verdict.decision == "hold"
    assert "noData" in _findings(verdict)
    assert all(one.note for one in verdict.checks if one.finding == "noData")
    assert judge(checks.model_copy(update={"on_no_data": "rollback"}), sight).decision == "rollback"


def test_broken_counts_of_before_only_cost_samples() -> None:
    """What was before lays a test out and decides nothing, so without it the same is found, later."""
    for before in (Counts(), replace(EQUAL, errors=NAN, latency=(1,), predictions={"a": NAN})):
        assert judge(policy(), window(counts(40_000), before=before)).decision == "advance"


def test_no_errors_in_either_slot_can_pass_but_not_at_once() -> None:
    """It takes hundreds of requests, not the absence of errors alone."""
    none = {"stable": counts(20_000, errors=0), "before": counts(20_000, errors=0)}
    assert judge(policy(ERRORS), window(counts(50, errors=0), **none)).decision == "hold"
    assert judge(policy(ERRORS), window(counts(1000, errors=0), **none)).decision == "advance"


def test_a_few_terrible_samples_do_not_pass() -> None:
    """Seven of ten requests that are a hundred times slower are seen for what they are."""
    slow = replace(counts(3000), latency=counts(3000, ratio=100).latency)
    assert judge(policy(LATENCY), window(slow)).decision == "rollback"


def test_without_checks_time_alone_passes_but_not_without_requests() -> None:
    """A policy whose checks were left out advances by its interval, where the new version has answered anything."""
    bare = policy().model_copy(update={"checks": ()})
    assert judge(bare, window(EQUAL)).decision == "advance"
    assert judge(bare, window(Counts())).decision == "hold"


def test_the_level_of_failing_is_shared_by_checks_and_stages() -> None:
    """Three steps and a baking with something critical make four; three checks make twelve, by Holm fewer behind."""
    assert judged(policy()) == 4
    assert judged(policy(LATENCY)) == 3
    assert judged(policy(bake_seconds=0)) == 3
    assert judged(policy(strategy="blueGreen", steps=())) == 1
    both = judge(policy(), window(counts(4000, errors=0.06, ratio=2)))
    assert [round(one.need_fail, 6) for one in both.checks] == [
        pytest.approx(log(4 * rest / 0.05), abs=1e-5) for rest in (2, 3, 1)
    ]


def test_holm_stops_at_the_first_that_is_not_worse() -> None:
    """Whatever stands behind it is held to the same number of checks that are left."""
    found = [Compared("a", "undecided", False, 1, "points", log_fail=each) for each in (9.0, 1.5, 1.0)]
    assert needed(found, [0, 1, 2], 1.0) == [1 + log(3), 1 + log(2), 1 + log(2)]
    assert needed([replace(one, finding="noData") for one in found], [0, 1, 2], 1.0) == [1 + log(3)] * 3
    assert needed(found, [1], 1.0)[1] == 1.0


def test_worse_by_less_than_the_margin_passes() -> None:
    """Where so much is known that both are shown, the margin admits it."""
    one = judge(policy(ERRORS), window(counts(400_000, errors=0.0125), requests=400_000)).checks[0]
    assert one.log_fail >= one.need_fail
    assert one.finding == "pass"


@settings(max_examples=40, deadline=None)
@given(
    st.integers(50, 30_000),
    st.floats(0, 0.05),
    st.floats(0.7, 1.6),
    st.floats(0, 0.5),
    st.floats(0.05, 0.15),
)
def test_intervals_agree_with_findings(requests: int, errors: float, ratio: float, psi: float, sold: float) -> None:
    """What passed ends below its margin, what failed begins above no effect, what did neither reaches the margin."""
    sight = window(counts(requests, errors, ratio, psi, sold))
    for one in judge(policy(ERRORS, LATENCY, DRIFT, BUSINESS), sight).checks:
        if one.interval is None:
            assert one.effect_unit == "ratio"
            continue
        low, high = one.interval
        none = 1.0 if one.effect_unit == "ratio" else 0.0
        assert low - 0.15 * (one.effect_unit == "ratio") <= (one.effect or 0.0) <= high + 1e-9
        if one.finding == "pass":
            assert high <= one.margin + 1e-6
        if one.finding == "fail":
            assert low >= none
        if one.log_pass < one.need_pass and one.effect_unit != "PSI":
            assert high >= one.margin * 0.85


@settings(max_examples=40, deadline=None)
@given(st.integers(100, 20_000), st.integers(0, 200), st.integers(1, 200))
def test_fewer_errors_never_make_a_verdict_worse(requests: int, errors: int, fewer: int) -> None:
    """Taking errors from the new version turns no pass into a fail and no advance into a rollback."""
    worse = replace(counts(requests), errors=min(errors, requests))
    better = replace(worse, errors=max(0, worse.errors - fewer))
    order = {"rollback": 0, "hold": 1, "advance": 2}
    one, other = (judge(policy(ERRORS), window(slot), intervals=False) for slot in (worse, better))
    assert order[other.decision] >= order[one.decision] or other.checks[0].finding == "undecided"
    assert not (one.checks[0].finding == "pass" and other.checks[0].finding == "fail")


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Counts,
        st.integers(0, 50),
        st.integers(0, 50),
        st.lists(st.integers(0, 9), max_size=58).map(tuple),
        st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)),
    ),
    st.builds(Counts, st.integers(0, 50), st.integers(0, 50), st.just((1,) * 58), st.just({"a": 3})),
)
def test_any_counts_give_a_verdict(one: Counts, other: Counts) -> None:
    """Whatever stands in the counts, the judge says something, and nothing advances on so little."""
    for pair in ({"stable": one, "candidate": other}, {"stable": other, "candidate": one}):
        verdict = judge(policy(), replace(window(EQUAL), before=one, **pair))
        assert verdict.decision != "advance"
        assert verdict.reason


@pytest.mark.parametrize("metric", ["errorRate", "latency", "predictionDrift", "business"])
def test_a_margin_that_is_missing_passes_nothing(metric: Metric) -> None:
    """A policy of another version of this library may lack one: the check is then held against no margin at all."""
    bare = policy(PolicyCheck(metric=metric, name="sold"))
    assert judge(bare, window(EQUAL)).decision == "hold"
    assert judge(bare, window(Counts())).decision == "hold"


def test_verdicts_are_plain_numbers() -> None:
    """Whatever the counts are, a record of them is JSON without NaN and infinities."""
    for slot in (counts(1), EQUAL, counts(4000, errors=1, ratio=100, psi=3, sold=0), counts(4000, errors=0, sold=1)):
        for total in (
            policy(ERRORS, LATENCY, DRIFT, BUSINESS),
            policy(ERRORS.model_copy(update={"max_increase_points": 100})),
        ):
            json.dumps(asdict(judge(total, window(slot))), allow_nan=False)


def test_a_judgement_takes_a_moment() -> None:
    """Three checks with their intervals, the best of several: no more than a few milliseconds on any machine."""
    sight, times = window(EQUAL), []
    for _ in range(10):
        began = time.perf_counter()
        judge(policy(), sight)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.02


def test_reasons_tell_the_figures() -> None:
    """Each names effect, interval, margin, and what follows."""
    said = judge(policy(ERRORS), window(counts(4000, errors=0.06))).reason
    assert said.startswith("errorRate: 6 % beside 1 %, higher by 5 points (")
    assert said.endswith("1 points admitted: shown to be worse")
    assert judge(policy(), Window(0, 0)).reason.startswith("errorRate: no requests of the stable version")


@pytest.mark.parametrize("requests", [10**13, 10**16, 10**18, 10**400])
def test_more_than_can_be_told_apart_is_no_count(requests: int) -> None:
    """A version that is worse by half more than the margin does not pass because a computer cannot see it."""
    stable = Counts(requests, requests // 100, (), {"a": requests}, {"sold": (requests // 2, requests)})
    worse = replace(stable, errors=requests // 100 + requests * 3 // 200)
    found = judge(policy(ERRORS, DRIFT, BUSINESS), Window(0.0, 3600.0, stable=stable, candidate=worse, before=stable))
    assert [one.finding for one in found.checks] == ["noData"] * 3
    assert [one.note.count("not counts") for one in found.checks] == [2, 2, 2]
    assert found.decision != "advance"


def test_a_great_many_can_be_told_apart() -> None:
    """As far as counts are taken, 1.01 times the margin fails to pass, and 0.99 times it passes."""
    requests = 10**12
    stable = Counts(requests, requests // 100)
    for part, finding in ((101, "fail"), (99, "pass")):
        other = Counts(requests, requests // 100 + requests * part // 10**4)
        found = judge(policy(ERRORS), Window(0.0, 3600.0, stable=stable, candidate=other, before=stable))
        assert ([one.finding for one in found.checks], part) == ([finding], part)
