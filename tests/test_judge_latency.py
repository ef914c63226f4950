"""Quantiles by buckets: where they are compared, and that coarse or odd histograms let nothing through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_samples import LATENCY, counts, policy, usual_tails, window

from mlops_charts import contract
from mlops_charts.judge.judging import judge
from mlops_charts.judge.latency import Tails, choose, compare_latency, tails
from mlops_charts.judge.verdict import Compared
from mlops_charts.release.policy import PolicyCheck

BOUNDS = contract.LATENCY_BUCKETS


def _histogram(*seconds: float) -> tuple[int, ...]:
    return tuple(np.histogram(seconds, bins=[0, *BOUNDS, np.inf])[0].tolist())


def _compared(
    stable: tuple[int, ...],
    candidate: tuple[int, ...],
    bounds: tuple[float, ...] = BOUNDS,
    check: PolicyCheck = LATENCY,
) -> Compared:
    sight = replace(
        window(replace(counts(100), latency=candidate)),
        stable=replace(counts(100), latency=stable),
        before=replace(counts(100), latency=stable),
        bounds=bounds,
    )
    return judge(policy(check), sight).checks[0]


def test_a_quantile_is_compared_about_itself() -> None:
    """Of log-normal durations the bounds stand by the 95th percentile, and within the ratio of each other."""
    known = usual_tails(72_000)
    found = choose(known, 0.95, 1.2)
    assert not isinstance(found, str)
    first, second = known.edges[found.stable], known.edges[found.candidate]
    assert 0.03 < known.at(found.stable).rate < 0.08
    assert first < second <= 1.2 * first * 1.000001
    assert known.at(found.fail).rate <= 0.05


def test_buckets_that_are_too_coarse_are_said() -> None:
    """Where no bound is within the ratio of another there is nothing to compare, and nothing passes."""
    found = _compared((50, 900, 50, 1), (50, 900, 50, 1), (0.005, 0.05, 0.5))
    assert (found.finding, found.note) == ("noData", "no two bounds about the quantile are within a ratio of 1.2")


def test_a_quantile_beyond_the_last_bound_is_said() -> None:
    """Nothing is known there but that it is slow."""
    slow = _histogram(*[20.0] * 500)
    assert _compared(slow, slow).note == "the quantile is beyond the last bound, 10 s"


def test_durations_within_one_bucket_can_be_compared() -> None:
    """A server that always takes as long: the same passes, one bucket more fails, although no request is beyond."""
    same, slower = _histogram(*[0.002] * 2000), _histogram(*[0.0026] * 2000)
    assert [_compared(same, other).finding for other in (same, slower)] == ["pass", "fail"]


def test_durations_below_the_smallest_bound_are_compared_by_being_there() -> None:
    """No ratio can be said of them; whoever is there too passes, whoever is not fails."""
    fast, slower = _histogram(*[0.0001] * 500), _histogram(*[0.001] * 500)
    found = _compared(fast, fast)
    assert (found.finding, found.interval, bool(found.note)) == ("pass", None, True)
    assert _compared(fast, slower).finding == "fail"


@pytest.mark.parametrize(
    ("slower", "requests", "finding"),
    [(1.5, 12, "undecided"), (2.4, 60, "undecided"), (1.5, 2000, "pass"), (9.0, 60, "fail"), (20.0, 12, "fail")],
)
def test_a_wide_margin_bears_what_is_well_within_it(slower: float, requests: int, finding: str) -> None:
    """Only beyond half of it, in logarithms, a version is shown to be worse, however few or many its requests are."""
    stable, other = _histogram(*[0.01] * 2000), _histogram(*[0.01 * slower] * requests)
    assert _compared(stable, other, check=LATENCY.model_copy(update={"max_ratio": 8.0})).finding == finding


def test_a_slow_minority_is_seen() -> None:
    """Nine of ten requests as fast as ever do not make up for one that takes ten times as long."""
    stable = _histogram(*[0.01] * 1000)
    assert _compared(stable, _histogram(*[0.01] * 900, *[0.1] * 100)).finding == "fail"


@pytest.mark.parametrize("ratio", [0.8, 1.0, 1.3, 2.0])
def test_the_interval_holds_the_ratio(ratio: float) -> None:
    """Of durations that are all changed by a ratio it stands in the interval, and is near the estimate."""
    found = compare_latency(LATENCY, window(counts(20_000, ratio=ratio)), 0.05)
    assert found.effect == pytest.approx(ratio, rel=0.05)
    assert found.interval is not None
    assert found.interval[0] <= ratio <= found.interval[1]


def test_quantiles_are_read_from_buckets() -> None:
    """Within a bucket requests are taken as even; beyond the last bound the last bound is said."""
    found = tails((10, 10, 0), (1.0, 2.0))
    assert isinstance(found, Tails)
    assert (found.quantile(0.5), found.quantile(0.75)) == (1.0, 1.5)
    assert Tails((0.0, 1.0), (5, 5)).quantile(0.5) == 1.0


def test_broken_histograms_are_named() -> None:
    """Missing, not counts, of other buckets."""
    assert [tails(one, (1.0,)) for one in ((), (0, 0), (1, -1), (1, 1, 1))] == [
        "missing", "missing", "broken", "mismatched",
    ]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=58, max_size=58), st.integers(0, 56))
def test_faster_requests_never_make_it_fail(histogram: list[int], place: int) -> None:
    """Moving requests to a faster bucket turns no pass into a fail."""
    faster = [*histogram]
    faster[place] += faster[place + 1]
    faster[place + 1] = 0
    if not sum(histogram):
        return
    known = counts(20_000).latency
    one, other = (_compared(known, tuple(each)) for each in (histogram, faster))
    assert not (one.finding == "pass" and other.finding == "fail")


def test_slower_elsewhere_than_at_the_quantile_is_no_failure() -> None:
    """Where both are slower than before, the bound that was chosen then tells of other requests than the slowest."""
    before = _histogram(*[0.002] * 940, *[0.004] * 60)
    stable = _histogram(*[0.002] * 500, *[0.006] * 440, *[0.020] * 60)
    candidate = _histogram(*[0.002] * 100, *[0.006] * 840, *[0.014] * 60)
    sight = replace(
        window(replace(counts(1000), latency=candidate)),
        stable=replace(counts(1000), latency=stable),
        before=replace(counts(1000), latency=before),
        bounds=BOUNDS,
    )
    found = judge(policy(LATENCY), sight).checks[0]
    assert found.effect is not None
    assert found.effect < 1
    assert (found.finding, found.log_fail <= 0) == ("undecided", True)
