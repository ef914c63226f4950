"""Two proportions: exactness by enumeration, and what more or better trials do to the evidence."""

from __future__ import annotations

from itertools import product
from math import comb, exp, inf, isfinite, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_charts.judge.proportions import (
    Layout,
    Line,
    Prior,
    Side,
    Trials,
    add_logs,
    around,
    greatest,
    last_true,
    levels,
    likeliest,
    log_evidence,
    log_likelihood,
)
from mlops_charts.judge.rates import business_layout, errors_layout

LAYOUTS = {
    "errors, known before": errors_layout(Trials(3, 100), 0.1),
    "errors, unknown before": errors_layout(Trials(0, 0), 0.1),
    "errors, wrongly known": errors_layout(Trials(80, 100), 0.1),
    "business": business_layout(Trials(40, 100), 0.3),
    "apart": Layout((Prior(1.0),), (around(0.3, 0.1, 0.5), Prior(0.5))),
}
NULLS: tuple[tuple[Line, Side, tuple[tuple[float, float], ...]], ...] = (
    (Line(1, 0.1), "above", ((0.0, 0.1), (0.05, 0.15), (0.4, 0.5), (0.9, 1.0), (0.1, 0.6), (0.0, 1.0))),
    (Line(), "below", ((0.05, 0.05), (0.5, 0.5), (0.5, 0.2), (0.0, 0.0), (1.0, 1.0))),
    (Line(0.7), "below", ((0.5, 0.35), (0.1, 0.07), (0.9, 0.1))),
)
COUNTS = st.integers(0, 400).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))
SOME = st.integers(1, 5000).flatmap(lambda of: st.builds(Trials, st.integers(0, of), st.just(of)))


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("null", NULLS, ids=str)
@pytest.mark.parametrize("sizes", [(12, 3), (6, 6), (2, 9)], ids=str)
def test_evidence_has_a_mean_of_at_most_one_under_its_null(
    name: str, null: tuple[Line, Side, tuple[tuple[float, float], ...]], sizes: tuple[int, int]
) -> None:
    """Enumerated exactly: for rates of the hypothesis, of any number of trials, the expected evidence is at most 1."""
    line, side, rates = null
    for pair in rates:
        assert _mean(LAYOUTS[name], line, side, pair, sizes) <= 1 + 1e-9


def test_evidence_is_reached_at_any_look_no_more_often_than_it_says() -> None:
    """Enumerated over all paths, with a look after every pair of trials: 1/alpha is reached by alpha at most."""
    layout, line = LAYOUTS["errors, known before"], Line(1, 0.1)
    for alpha in (0.05, 0.2, 0.5):
        assert _ever(layout, line, (0.3, 0.4), 1 / alpha, 14) <= alpha


def test_no_trials_are_no_evidence() -> None:
    """Without a trial of the new version the evidence is at most 1."""
    for layout in LAYOUTS.values():
        for pair in ((Trials(0, 0), Trials(0, 0)), (Trials(5, 500), Trials(0, 0))):
            assert log_evidence(layout.log_marginal(*pair), *pair, Line(1, 0.1), "above") <= 1e-9


def test_no_errors_at_all_pass_once_there_are_enough() -> None:
    """Zero errors in both slots are no evidence by themselves, but hundreds of requests without one are."""
    layout = errors_layout(Trials(0, 6000), 0.01)

    def passed(requests: int) -> bool:
        pair = Trials(0, 19 * requests), Trials(0, requests)
        return log_evidence(layout.log_marginal(*pair), *pair, Line(1, 0.01), "above") >= log(20)

    assert [passed(requests) for requests in (1, 100, 250, 600)] == [False, False, False, True]


@settings(max_examples=60, deadline=None)
@given(SOME, SOME, st.floats(0.001, 0.9))
def test_one_error_less_is_never_evidence_for_worse(stable: Trials, candidate: Trials, margin: float) -> None:
    """Fewer errors of the new version leave its likelihood ratio to "worse by the margin" no smaller."""
    if not candidate.hits:
        return
    better = Trials(candidate.hits - 1, candidate.of)
    line = Line(1, margin)

    def excluded(pair: Trials) -> float:
        free = log_likelihood(stable, stable.rate) + log_likelihood(pair, pair.rate)
        return free - greatest(stable, pair, line) if pair.rate < stable.rate + margin else 0.0

    assert excluded(better) >= excluded(candidate) - 1e-6


@settings(max_examples=100, deadline=None)
@given(SOME, SOME, st.floats(-0.9, 0.9), st.floats(0.05, 3))
def test_the_likeliest_place_of_a_line_is_found(stable: Trials, candidate: Trials, offset: float, slope: float) -> None:
    """No place of a grid along the line is likelier than the one that is found."""
    line = Line(slope, offset)
    low, high = max(0.0, -offset / slope), min(1.0, (1 - offset) / slope)
    if high - low < 1e-6:
        return
    found = greatest(stable, candidate, line)
    assert low - 1e-9 <= likeliest(stable, candidate, line) <= high + 1e-9
    for part in range(1, 20):
        at = low + (high - low) * part / 20
        other = min(max(slope * at + offset, 0.0), 1.0)
        assert log_likelihood(stable, at) + log_likelihood(candidate, other) <= found + 1e-6 * (1 + abs(found))


@settings(max_examples=60, deadline=None)
@given(SOME, st.floats(0.001, 0.999))
def test_priors_are_distributions(before: Trials, rate: float) -> None:
    """The weights of a mixture sum to 1, and one trial is a hit or a miss."""
    assert sum(prior.weight for prior in levels(before)) == pytest.approx(1)
    for prior in (*levels(before), around(rate, 0.01, 1.0)):
        assert exp(prior.log_marginal(Trials(1, 1))) + exp(prior.log_marginal(Trials(0, 1))) == pytest.approx(1)


def test_what_cannot_be_is_excluded_with_a_finite_number() -> None:
    """A rate that is higher by 100 points is impossible once one error of the stable version was seen."""
    layout, pair = errors_layout(Trials(0, 0), 1.0), (Trials(1, 2), Trials(1, 2))
    found = log_evidence(layout.log_marginal(*pair), *pair, Line(1, 1.0), "above")
    assert log(20) < found < inf


def test_logarithms_add() -> None:
    """The sum of two numbers is taken without leaving their logarithms."""
    assert add_logs(log(3), log(4)) == pytest.approx(log(7))
    assert add_logs(-5000, -5000) == pytest.approx(-5000 + log(2))


def test_the_edge_of_what_holds_is_found() -> None:
    """It lies just outside of it; where all holds it is the end."""
    assert last_true(lambda at: at < 0.3, 0.0, 1.0) == pytest.approx(0.3)
    assert last_true(lambda at: at > -2, 0.0, -1.0) == -1.0


def test_impossible_counts_have_no_likelihood() -> None:
    """A hit at a rate of 0 cannot be, no hit at 0 is certain."""
    assert log_likelihood(Trials(1, 2), 0.0) == -inf
    assert log_likelihood(Trials(0, 2), 0.0) == 0.0
    assert isfinite(log_likelihood(Trials(1, 2), 0.5))


def _mean(layout: Layout, line: Line, side: Side, rates: tuple[float, float], sizes: tuple[int, int]) -> float:
    total = 0.0
    for hits in product(*(range(size + 1) for size in sizes)):
        chance = 1.0
        for got, size, rate in zip(hits, sizes, rates, strict=True):
            chance *= comb(size, got) * rate**got * (1 - rate) ** (size - got)
        if chance:
            pair = [Trials(got, size) for got, size in zip(hits, sizes, strict=True)]
            total += chance * exp(log_evidence(layout.log_marginal(*pair), *pair, line, side))
    return total


def _ever(layout: Layout, line: Line, rates: tuple[float, float], need: float, looks: int) -> float:
    """Return the chance that the evidence ever reaches a need; each look brings a trial of either slot."""
    reached, going = 0.0, {(0, 0): 1.0}
    for look in range(1, looks + 1):
        grown: dict[tuple[int, int], float] = {}
        for (a, b), chance in going.items():
            for x, y in product((0, 1), (0, 1)):
                part = (rates[0] if x else 1 - rates[0]) * (rates[1] if y else 1 - rates[1])
                grown[a + x, b + y] = grown.get((a + x, b + y), 0.0) + chance * part
        going = {}
        for (a, b), chance in grown.items():
            pair = Trials(a, look), Trials(b, look)
            if log_evidence(layout.log_marginal(*pair), *pair, line, "above") >= log(need):
                reached += chance
            else:
                going[a, b] = chance
    return reached
