"""Rules about how long a release takes: its gates can be decided before it is given up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from mlops_charts.judge.samples import Undecidable, planned
from mlops_charts.planning import checks_of, policy_asked
from mlops_charts.problems import Problem
from mlops_charts.release.policy import Policy, PolicyCheck
from mlops_charts.rules.asked import View
from mlops_charts.rules.release import CHECKS, finest_ratio
from mlops_charts.source import Path
from mlops_charts.spec.scalars import seconds

_MARGINS: Final = {
    "errorRate": "maxIncreasePoints",
    "latency": "maxRatio",
    "predictionDrift": "maxPsi",
    "business": "maxDropPercent",
}
_LEAST_STEP, _MOST_STEP = 1, 99  # percent


def time_enough(view: View) -> Iterator[Problem]:
    """A release that goes well is decided before it is given up; it bakes behind that."""
    release = view.spec.release
    stages = {"canary": len(release.steps), "blueGreen": 0}.get(release.strategy, 1)
    if stages * seconds(release.interval) > seconds(release.max_duration):
        paths: tuple[Path, ...] = tuple(("release", field) for field in ("maxDuration", "interval", "steps"))
        least = _said(stages * seconds(release.interval))
        message = f"{stages} x interval {release.interval} takes longer than {release.max_duration}"
        yield view.problem("release-too-long", message, *paths, note=f"maxDuration: {least} or more")


def decidable(view: View) -> Iterator[Problem]:
    """Each check can be decided in each environment, by the traffic that is expected there."""
    for each in _served(view):
        policy = _sound(each)
        if policy is None or any(time_enough(each)):
            continue
        for found in planned(policy).undecidable:
            yield _problem(each, policy, found)


def _served(view: View) -> Iterator[View]:
    """Yield the model as each environment has it; those without overrides share one."""
    asked = view.asked
    overridden = {each.environment: each for each in asked.views[1:]}
    names = {entry.name for entry in asked.spec.environments if entry.overrides is not None}
    if not asked.environments or any(name not in names for name in asked.environments):
        yield view
    for name, each in overridden.items():
        yield replace(each, environment=name)


def _sound(view: View) -> Policy | None:
    """Return by what a release is judged, as far as no other rule has something against it."""
    if view.spec.release.strategy == "canary" and not _rising(view.spec.release.steps):
        return None
    policy = policy_asked(view.spec, checks_of(view.spec))
    finest = finest_ratio(view.spec.serving.runtime) - 1e-3
    return policy.model_copy(update={"checks": tuple(one for one in policy.checks if _whole(one, policy, finest))})


def _rising(steps: tuple[int, ...]) -> bool:
    return all(_LEAST_STEP <= step <= _MOST_STEP for step in steps) and list(steps) == sorted(set(steps))


def _whole(check: PolicyCheck, policy: Policy, finest: float) -> bool:
    whole = {
        "errorRate": check.max_increase_points is not None,
        "latency": check.quantile is not None and check.max_ratio is not None and check.max_ratio >= finest,
        "predictionDrift": check.max_psi is not None and not policy.executor,
        "business": None not in {check.name, check.max_drop_percent}
        and all("{slot}" in (query or "") for query in (check.success, check.total)),
    }
    return whole[check.metric]


def _problem(view: View, policy: Policy, found: Undecidable) -> Problem:
    asked = view.spec.release
    place, check = next((place, one) for place, one in enumerate(policy.checks) if one.title == found.check)
    where = f"in {view.environment} " if view.environment else ""
    behind = (
        f"at {asked.expected_requests_per_second:g} requests/s, and a release is given up after {asked.max_duration}"
    )
    if found.seconds is None:
        message = f"{where}{found.check} cannot be decided with this margin, however long a release lasts"
    elif _together(found):
        message = f"{where}all checks together take {_said(found.max_duration_seconds or 0)} to be decided {behind}"
    else:
        message = f"{where}{found.check} takes {_said(found.seconds)} to be decided {behind}"
    stated: tuple[Path, ...] = (
        ("release", "expectedRequestsPerSecond"),
        ("release", "maxDuration"),
        *(((*CHECKS, _index(view, check, place), _MARGINS[check.metric]),) if view.states(CHECKS) else ()),
        ("release", "steps"),
        ("release",),
    )
    return view.problem("check-undecidable", message, *stated, note=_note(view, check, found))


def _index(view: View, check: PolicyCheck, place: int) -> int:
    """Return where a check stands among those that are written, where some of them are not sound."""
    titles = [
        PolicyCheck.model_validate(one.model_dump(by_alias=True)).title for one in view.spec.release.analysis.checks
    ]
    return titles.index(check.title) if check.title in titles else place


def _note(view: View, check: PolicyCheck, found: Undecidable) -> str:
    """Say what would be possible, each by itself."""
    steps = view.spec.release.steps
    if _together(found):
        return f"possible would be maxDuration: {_said(found.max_duration_seconds or 0)}; {found.check} takes longest"
    ways = [
        f"{_MARGINS[check.metric]}: {_up(found.margin)}" if found.margin else "",
        f"expectedRequestsPerSecond: {_up(found.requests_per_second)}" if found.requests_per_second else "",
        f"steps: {[found.step, *(step for step in steps if step > found.step)]}" if found.step else "",
        f"maxDuration: {_said(found.max_duration_seconds)}" if found.max_duration_seconds else "",
    ]
    possible = [way for way in ways if way]
    if not possible:
        return "no margin, traffic or time would do; remove the check, or choose strategy: blueGreen"
    return "possible would be " + ", or ".join(possible)


def _together(found: Undecidable) -> bool:
    """Return whether a check alone could be decided, and all of them cannot."""
    return found.seconds is not None and found.seconds <= found.available


def _up(number: float) -> str:
    """Return a number with three digits that count, rounded up."""
    digits = 2 - math.floor(math.log10(number))
    return f"{math.ceil(round(number * 10**digits, 6)) / 10**digits:g}"


def _said(length: float) -> str:
    """Return a duration as it may stand in model.yaml, in whole minutes, rounded up."""
    minutes = math.ceil(length / 60)
    hours, rest = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{rest}m" if rest or not hours else "")
