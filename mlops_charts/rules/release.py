"""Rules about how a new version takes over."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from mlops_charts.contract import EXECUTOR_BUCKETS, LATENCY_BUCKETS
from mlops_charts.problems import Problem
from mlops_charts.rules.asked import View
from mlops_charts.source import Path
from mlops_charts.spec.fields import by_key
from mlops_charts.spec.operation import Check

CHECKS: Path = ("release", "analysis", "checks")
_COMMON = frozenset({"metric", "critical"})
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "errorRate": ("maxIncreasePoints",),
    "latency": ("quantile",),
    "predictionDrift": ("maxPsi",),
    "business": ("name", "success", "total", "maxDropPercent"),
}
_OPTIONAL: Mapping[str, tuple[str, ...]] = {"latency": ("maxRatio",)}
_FINE_SPAN = (0.001, 1.0)  # seconds between which our server's buckets are fine
_TOLERANCE = 1e-3  # the bounds of buckets are rounded


def steps_rise(view: View) -> Iterator[Problem]:
    """Each step gives the new version more traffic, and never all of it."""
    before = 0
    for index, step in enumerate(view.spec.release.steps):
        path: Path = ("release", "steps", index)
        if not 1 <= step <= 99:  # noqa: PLR2004 - percent
            note = "promotion gives all traffic, after the last step"
            yield view.problem("steps-not-rising", f"found {step}, expected 1 to 99 percent", path, note=note)
        elif step <= before:
            note = "percent of the traffic, rising strictly: [5, 25, 50]"
            yield view.problem("steps-not-rising", f"{step} is not above {before}", path, note=note)
        before = max(before, step)


def ab_test_block(view: View) -> Iterator[Problem]:
    """The experiment is described if and only if it is the strategy."""
    release = view.spec.release
    if release.strategy == "abTest" and release.ab_test is None:
        note = "add abTest: {header: x-user}"
        yield view.problem(
            "ab-test-block", "the strategy abTest needs the block abTest", ("release", "strategy"), note=note
        )
    if release.strategy != "abTest" and release.ab_test is not None:
        note = "remove it, or choose strategy: abTest"
        yield view.problem(
            "ab-test-block",
            f"without effect: the strategy is {release.strategy}",
            ("release", "abTest"),
            note=note,
            key=True,
        )


def ingress_divides(view: View) -> Iterator[Problem]:
    """Traffic is divided by something that can divide it."""
    strategy, ingress = view.spec.release.strategy, view.asked.platform.ingress.type
    path: Path = ("release", "strategy")
    if strategy == "abTest" and ingress != "gatewayApi":
        note = "ingress: {type: gatewayApi} in platform.yaml, or another strategy" + view.asked.without_platform
        message = f"users cannot stay with a version where the ingress is {ingress}"
        yield view.problem("ab-test-ingress", message, path, note=note)
    elif strategy in {"canary", "shadow"} and ingress == "none":
        note = "strategy: blueGreen, or an ingress of type gatewayApi or istio in platform.yaml"
        note += view.asked.without_platform
        yield view.problem(
            "release-without-ingress",
            f"nothing divides the traffic of a {strategy}: the ingress is none",
            path,
            note=note,
        )


def ab_test_business(view: View) -> Iterator[Problem]:
    """An experiment with users asks what they did."""
    release = view.spec.release
    if release.strategy == "abTest" and not any(check.metric == "business" for check in release.analysis.checks):
        note = "add {metric: business, name: conversion, success: ..., total: ..., maxDropPercent: 5}"
        yield view.problem(
            "ab-test-business",
            "an A/B test without a business check decides nothing",
            CHECKS,
            ("release", "strategy"),
            note=note,
        )


def _stated_checks(view: View) -> Iterator[tuple[int, Check, Path]]:
    if view.states(CHECKS):
        for index, check in enumerate(view.spec.release.analysis.checks):
            yield index, check, (*CHECKS, index)


def check_fields(view: View) -> Iterator[Problem]:
    """A check has the fields of its metric, all of them and no others."""
    for _, check, path in _stated_checks(view):
        given = {key for key, field in by_key(Check).items() if _value(check, key) is not None} - _COMMON
        needed = _NEEDED[check.metric]
        for key in needed:
            if key not in given:
                note = f"{check.metric} needs: {', '.join(needed)}"
                yield view.problem("check-field-missing", f"a check of {check.metric} needs {key}", path, note=note)
        for key in sorted(given - {*needed, *_OPTIONAL.get(check.metric, ())}):
            note = f"{check.metric} has: {', '.join([*needed, *_OPTIONAL.get(check.metric, ())])}"
            yield view.problem(
                "check-field-foreign",
                f"{key} is no field of a check of {check.metric}",
                (*path, key),
                note=note,
                key=True,
            )


def _value(check: Check, key: str) -> object:
    names = {field.alias or name: name for name, field in Check.model_fields.items()}
    return getattr(check, names[key])


def finest_ratio(runtime: str) -> float:
    """Return the smallest ratio of two latencies that the histogram of a runtime can always tell apart."""
    low, high = _FINE_SPAN
    fine = [bucket for bucket in LATENCY_BUCKETS if low <= bucket <= high]
    return _widest(fine if runtime == "python" else EXECUTOR_BUCKETS)


def _widest(buckets: Sequence[float]) -> float:
    return max(upper / lower for lower, upper in itertools.pairwise(buckets))


def margin_resolution(view: View) -> Iterator[Problem]:
    """A margin of latency is no finer than the buckets that it is read from."""
    finest = finest_ratio(view.spec.serving.runtime)
    for _, check, path in _stated_checks(view):
        if check.metric == "latency" and check.max_ratio is not None and check.max_ratio < finest - _TOLERANCE:
            who = "our server" if view.spec.serving.runtime == "python" else "Seldon's executor"
            message = f"a ratio of {check.max_ratio:g} cannot be seen: the buckets of {who} are {finest:.3g} apart"
            note = f"maxRatio: {finest + 0.005:.2f} or more" + (
                "" if who == "our server" else "; runtime: python measures finer"
            )
            yield view.problem("margin-too-fine", message, (*path, "maxRatio"), note=note)


def drift_measured(view: View) -> Iterator[Problem]:
    """Drift of predictions is measured by our server alone."""
    runtime = view.spec.serving.runtime
    for _, check, path in _stated_checks(view):
        if check.metric == "predictionDrift" and runtime != "python":
            note = "runtime: python, or remove the check"
            yield view.problem(
                "check-not-measured",
                f"the runtime {runtime} does not measure predictionDrift",
                (*path, "metric"),
                note=note,
            )


def business_slot(view: View) -> Iterator[Problem]:
    """A business query tells the versions apart."""
    for _, check, path in _stated_checks(view):
        for key, query in (("success", check.success), ("total", check.total)):
            if check.metric == "business" and query is not None and "{slot}" not in query:
                note = 'put {slot} where the version stands: sum(orders_total{version="{slot}"})'
                yield view.problem(
                    "business-slot",
                    "the query does not contain {slot}, so both versions get the same answer",
                    (*path, key),
                    note=note,
                )


def duplicate_checks(view: View) -> Iterator[Problem]:
    """Two checks do not compare the same thing."""
    seen: dict[tuple[object, ...], int] = {}
    for index, check, path in _stated_checks(view):
        first = seen.setdefault((check.metric, check.quantile, check.name), index)
        if first != index:
            yield view.problem(
                "duplicate-check", f"the same as release.analysis.checks[{first}]", path, note="remove one of them"
            )


def no_checks(view: View) -> Iterator[Problem]:
    """A release that nothing judges is a deployment with delays."""
    if not view.spec.release.analysis.checks:
        note = "remove checks: the default compares errors, latency and drift"
        yield view.problem("no-checks", "nothing compares the new version with the old one", CHECKS, note=note)
