"""Of a window and a policy, a verdict. It needs no memory: what it says follows from the counts since the step began.

A release advances when every check has passed: each is tested at the full level, since all must pass (an
intersection-union test; Berger, Technometrics 24, 1982). It is rolled back when one has failed by Holm's procedure
("A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979) over the checks,
at a level that the stages of the release share. All evidence may be looked at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log
from typing import Final

from mlops_charts.judge.counts import Window
from mlops_charts.judge.divergence import compare_drift
from mlops_charts.judge.latency import compare_latency
from mlops_charts.judge.rates import compare_business, compare_errors
from mlops_charts.judge.verdict import Compared, Decision, Verdict
from mlops_charts.judge.words import said
from mlops_charts.release.policy import Metric, Policy

_COMPARE: Final[dict[Metric, Callable[..., Compared]]] = {
    "errorRate": compare_errors,
    "latency": compare_latency,
    "predictionDrift": compare_drift,
    "business": compare_business,
}


def judge(policy: Policy, window: Window, *, intervals: bool = True) -> Verdict:
    """Say what the counts of a step mean for a release.

    Args:
        policy: By what the release is judged.
        window: Counts since the step began. Where it is not concurrent, the new version is baking: only critical checks
            count then, and there is nothing to advance to.
        intervals: Whether to say where each effect lies; simulations leave that out, because no decision needs it.
    """
    alpha = 1 - policy.confidence
    compared = [
        _COMPARE[check.metric](check, window, alpha, interval=intervals and not window.flaws) for check in policy.checks
    ]
    if window.flaws:
        compared = [replace(one, finding="noData", note="the counts are not to be trusted") for one in compared]
    counted = [place for place, one in enumerate(compared) if window.concurrent or one.critical]
    needs = needed(compared, counted, log(judged(policy) / alpha))
    checks = tuple(_found(one, need) for one, need in zip(compared, needs, strict=True))
    decision, why = _decide(policy, window, [checks[place] for place in counted])
    return Verdict(decision, why, checks)


def judged(policy: Policy) -> int:
    """Return how often a release is judged, by which the level of failing is shared: its stages, and baking."""
    bakes = policy.bake_seconds > 0 and any(check.critical for check in policy.checks)
    return max(1, policy.stages + bakes)


def needed(compared: Sequence[Compared], counted: Sequence[int], once: float) -> list[float]:
    """Return the logarithm of the evidence at which each check fails, by Holm's procedure.

    Args:
        compared: All checks.
        counted: The places of those that count.
        once: The logarithm of what is needed for a check that stands alone.
    """
    most = once + log(max(1, len(counted)))
    needs, rest = [most] * len(compared), len(counted)
    for place in sorted(counted, key=lambda at: -compared[at].log_fail):
        needs[place] = once + log(rest)
        if compared[place].finding != "noData" and compared[place].log_fail >= needs[place]:
            rest = max(1, rest - 1)
    return needs


def _found(one: Compared, need: float) -> Compared:
    if one.finding == "noData":
        return replace(one, need_fail=need)
    passed, failed = one.log_pass >= one.need_pass, one.log_fail >= need
    # Both at once: it is worse, and shown to be so by less than the margin, which admits it.
    return replace(one, need_fail=need, finding="pass" if passed else "fail" if failed else "undecided")


def _decide(policy: Policy, window: Window, checks: Sequence[Compared]) -> tuple[Decision, str]:
    over = window.end - window.begin >= policy.interval_seconds
    blind = [one for one in checks if one.finding == "noData"]
    for one in checks:
        if one.finding == "fail" and (one.critical or over):
            return "rollback", said(one)
    if window.flaws or blind:
        why = "; ".join([*window.flaws] or [f"{one.check}: {one.note}" for one in blind])
        return (
            ("rollback", f"nothing to judge by: {why}") if policy.on_no_data == "rollback" and over else ("hold", why)
        )
    return _go_on(window, checks, over=over)


def _go_on(window: Window, checks: Sequence[Compared], *, over: bool) -> tuple[Decision, str]:
    failed = [one for one in checks if one.finding == "fail"]
    undecided = [one for one in checks if one.finding == "undecided"]
    if failed:
        return "hold", f"{said(failed[0])}; rolled back once the interval is over"
    if not window.concurrent:
        return "hold", "baking: no critical check has failed"
    if undecided:
        return "hold", "; ".join(said(one) for one in undecided)
    if not window.candidate.requests > 0:
        return "hold", "no requests of the new version"
    return ("advance", "; ".join(map(said, checks)) or "no checks") if over else ("hold", "the interval is not over")
