"""Checks of shares: of errors, which may rise by points, and of successes, which may fall by percent."""

from __future__ import annotations

from dataclasses import replace
from math import log

from mlops_charts.judge.counts import MOST, Counts, Window
from mlops_charts.judge.intervals import Evidence, difference, drop
from mlops_charts.judge.proportions import Layout, Line, Prior, Trials, around, levels, log_evidence
from mlops_charts.judge.verdict import Compared
from mlops_charts.release.policy import PolicyCheck

_EQUAL = 0.5  # weight of the case that both are equal
_MARGIN = 0.25  # of the case that the new version is worse by about the margin


def compare_errors(check: PolicyCheck, window: Window, alpha: float, *, interval: bool = True) -> Compared:
    """Compare the shares of requests that failed: may the new version's be higher by the margin?"""
    margin = (check.max_increase_points or 0) / 100
    blank = Compared(check.title, "noData", check.critical, 100 * margin, "points", "percent", need_pass=log(1 / alpha))
    stable, candidate = (trials(slot.errors, slot.requests) for slot in (window.stable, window.candidate))
    if isinstance(stable, str) or isinstance(candidate, str):
        return replace(blank, note=_missing(stable, candidate, "requests"))
    before = trials(window.before.errors, window.before.requests)
    layout = errors_layout(Trials(0, 0) if isinstance(before, str) else before, margin)
    marginal = layout.log_marginal(stable, candidate)
    evidence = Evidence(marginal, stable, candidate, blank.need_pass)
    ends = difference(evidence) if interval else None
    return replace(
        _filled(blank, stable, candidate),
        effect=100 * (candidate.rate - stable.rate),
        interval=(100 * ends[0], 100 * ends[1]) if ends else None,
        log_pass=log_evidence(marginal, stable, candidate, Line(1, margin), "above"),
        log_fail=log_evidence(marginal, stable, candidate, Line(), "below"),
    )


def compare_business(check: PolicyCheck, window: Window, alpha: float, *, interval: bool = True) -> Compared:
    """Compare the shares of successes: may the new version's be lower by the margin, in percent of the stable one's?"""
    margin = (check.max_drop_percent or 0) / 100
    blank = Compared(
        check.title, "noData", check.critical, 100 * margin, "percent", "percent", need_pass=log(1 / alpha)
    )
    stable, candidate = (_business(slot, check) for slot in (window.stable, window.candidate))
    if isinstance(stable, str) or isinstance(candidate, str):
        return replace(blank, note=_missing(stable, candidate, "trials"))
    if not stable.hits:
        return replace(blank, samples=(int(stable.of), int(candidate.of)), note="no success of the stable version yet")
    before = _business(window.before, check)
    layout = business_layout(Trials(0, 0) if isinstance(before, str) else before, margin)
    marginal = layout.log_marginal(stable, candidate)
    evidence = Evidence(marginal, stable, candidate, blank.need_pass)
    ends = drop(evidence) if interval else None
    return replace(
        _filled(blank, stable, candidate),
        effect=100 * (1 - candidate.rate / stable.rate),
        interval=(100 * ends[0], 100 * ends[1]) if ends else None,
        log_pass=log_evidence(marginal, stable, candidate, business_line(margin), "below"),
        log_fail=log_evidence(marginal, stable, candidate, Line(), "above"),
    )


def errors_layout(before: Trials, margin: float) -> Layout:
    """Return how the evidence on errors is laid out, by what the stable slot did before."""
    return _layout(before, before.rate + margin, margin)


def business_layout(before: Trials, margin: float) -> Layout:
    """Return how the evidence on a figure of the business is laid out, by what the stable slot did before."""
    return _layout(before, before.rate * (1 - margin), before.rate * margin)


def business_line(margin: float) -> Line:
    """Return the edge of "worse by the margin"."""
    return Line(max(1 - margin, 1e-9))


def trials(hits: float, of: float) -> Trials | str:
    """Return counts as trials; a word why they are none: "missing", or "broken" (not a number, negative, too many)."""
    if not (0 <= hits <= of <= MOST):
        return "broken"
    return Trials(hits, of) if of else "missing"


def _layout(before: Trials, worse: float, margin: float) -> Layout:
    if not before.of:
        return Layout(levels(before), (Prior(1.0),), _EQUAL)
    share = _MARGIN / (1 - _EQUAL)
    candidate = (around(worse, max(margin, 1e-6) / 2, share), Prior(1 - share))
    return Layout(levels(before), candidate, _EQUAL)


def _business(slot: Counts, check: PolicyCheck) -> Trials | str:
    return trials(*slot.business.get(check.name or "", (0, 0)))


def _filled(blank: Compared, stable: Trials, candidate: Trials) -> Compared:
    return replace(
        blank,
        finding="undecided",
        stable=100 * stable.rate,
        candidate=100 * candidate.rate,
        samples=(int(stable.of), int(candidate.of)),
    )


def _missing(stable: Trials | str, candidate: Trials | str, what: str) -> str:
    words = {"missing": f"no {what} of the {{}} version", "broken": f"the {what} of the {{}} version are not counts"}
    named = (("stable", stable), ("new", candidate))
    return "; ".join(words[found].format(name) for name, found in named if isinstance(found, str))
