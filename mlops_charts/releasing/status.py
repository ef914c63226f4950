"""What is released where, and what it waits for: a release file in words. It must not know git, nor print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import inf
from typing import Any, Final

from mlops_charts.release import ReleaseState, problems_of
from mlops_charts.release.asked import Place, ReleaseSpec
from mlops_charts.release.deciding import frozen_until
from mlops_charts.release.machine import JUDGED
from mlops_charts.release.moves import pair, policy_in, seconds_of
from mlops_charts.release.phases import RESTING
from mlops_charts.release.policy import Policy
from mlops_charts.release.start import flying_version, stable_version
from mlops_charts.release.state import SLOTS
from mlops_charts.releasing.persons import Standing

_UNITS: Final = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


@dataclass(frozen=True)
class Status:
    """One environment in words.

    Attributes:
        environment: The environment.
        phase: What is going on; empty without a release file.
        paused: Whether a person holds the release.
        stable: The version that answers users; empty if none does.
        flying: The version in flight; empty if none is.
        weights: Percent of the traffic by version.
        started: When the release began, in UTC; empty if it is not known.
        since: When its phase or step began.
        waits_for: What must happen next, in words.
        policy: How the release goes; the one of the next release where none is in flight.
        rejected: Versions that are not released again until a person says so, with the reason.
        flaw: What is wrong with the file, in words; empty if nothing is.
    """

    environment: str
    phase: str = ""
    paused: bool = False
    stable: str = ""
    flying: str = ""
    weights: tuple[tuple[str, int], ...] = ()
    started: str = ""
    since: str = ""
    waits_for: str = ""
    policy: str = ""
    rejected: tuple[tuple[str, str], ...] = ()
    flaw: str = ""

    def data(self) -> dict[str, Any]:
        """Return the status for programs."""
        return {
            "environment": self.environment,
            "phase": self.phase,
            "paused": self.paused,
            "stable": self.stable,
            "newVersion": self.flying,
            "weights": dict(self.weights),
            "startedAt": self.started,
            "stepStartedAt": self.since,
            "waitsFor": self.waits_for,
            "policy": self.policy,
            "rejected": [{"version": version, "reason": reason} for version, reason in self.rejected],
            "flaw": self.flaw,
        }

    def lines(self, now: datetime) -> Mapping[str, str]:
        """Return the status for a person: words by what they are about."""
        shares = ", ".join(f"{version} {weight} %" for version, weight in self.weights)
        found = {
            "phase": f"{self.phase}, held by a person" if self.paused else self.phase,
            "stable": self.stable or "nothing",
            "new version": self.flying,
            "traffic": shares,
            "since": self._since(now),
            "waits for": self.waits_for,
            "policy": self.policy,
            "rejected": "; ".join(f"{version}: {reason}" if reason else version for version, reason in self.rejected),
            "flaw": self.flaw,
        }
        return {name: text for name, text in found.items() if text}

    def _since(self, now: datetime) -> str:
        if not self.since:
            return ""
        begun = f"; the release began {_ago(self.started, now)}" if self.flying and self.started else ""
        return f"{self.since}, {_ago(self.since, now)}{begun}"


def status_of(spec: ReleaseSpec, one: Standing, *, now: datetime | None = None) -> Status:
    """Return an environment in words."""
    state, moment = one.state, now or datetime.now(UTC)
    if state is None:
        missing = f"{one.path} is not in the repository; commit what `mlops-charts render` writes"
        return Status(one.place.name, flaw=missing)
    flaws = problems_of(state, spec.ingress)
    policy = policy_in(state) if state.phase not in RESTING else one.place.policy
    return Status(
        environment=one.place.name,
        phase=_phase(state, policy),
        paused=state.paused,
        stable=stable_version(state),
        flying=flying_version(state),
        weights=tuple((state.slot(name).version, state.slot(name).weight) for name in SLOTS if state.slot(name).routed),
        started=state.started_at,
        since=state.step_started_at,
        waits_for=_waits_for(spec, one.place, state, policy, moment),
        policy=_policy(policy) if policy else "cannot be read",
        rejected=tuple((str(one.get("version", "")), str(one.get("reason", ""))) for one in state.rejected),
        flaw=f"{flaws[0].key}: {flaws[0].message}" if flaws else "",
    )


def _phase(state: ReleaseState, policy: Policy | None) -> str:
    if state.phase == "canary" and policy:
        return f"canary, step {state.step + 1} of {len(policy.steps)}"
    return state.phase


def _waits_for(spec: ReleaseSpec, place: Place, state: ReleaseState, policy: Policy | None, now: datetime) -> str:
    if state.phase in RESTING:
        return ""
    if state.phase == "rollingBack":
        return f"the cluster, to run without {flying_version(state)}"
    if asked := _of_a_person(state, policy):
        return f"a person: mlops-charts release {asked.format(model=spec.model)} --environment {place.name}"
    if end := frozen_until(place.freeze, now):
        return f"the end of the freeze, {end}"
    return _of_the_world(state, policy, flying_version(state), now) if policy else ""


def _of_a_person(state: ReleaseState, policy: Policy | None) -> str:
    """Return the decision that a release waits for; empty if it waits for none."""
    if state.paused:
        return "resume {model}"
    if state.phase == "awaitingApproval":
        return f"approve {{model}} {flying_version(state)}"
    return "" if policy else "rollback {model}"


def _of_the_world(state: ReleaseState, policy: Policy, flying: str, now: datetime) -> str:
    if state.phase == "warming":
        return f"pods of {flying} that are ready, and answer its example as when it was saved"
    if state.phase in JUDGED:
        checks = ", ".join(check.title for check in policy.checks)
        left = policy.interval_seconds - (now.timestamp() - seconds_of(state.step_started_at))
        rest = f", and {_length(left)} more" if 0 < left < inf else ""
        return f"requests enough to judge {checks} by{rest}" if checks else f"the next look of the judge{rest}"
    if state.phase == "promoting":
        return "the route, to be seen with all traffic on it"
    left = policy.bake_seconds - (now.timestamp() - seconds_of(state.step_started_at))
    if not pair(state).rival:
        return "the next look of the judge, which settles it"
    if left == inf:
        return f"a person, to say since when: stepStartedAt of {flying} is empty"
    return f"the end of the bake, in {_length(left)}" if left > 0 else "the next look of the judge, which ends the bake"


def _policy(policy: Policy) -> str:
    steps = " -> ".join(f"{step} %" for step in policy.steps)
    parts = [f"{policy.strategy} {steps}".strip()]
    if policy.stages:
        parts.append(f"at least {_length(policy.interval_seconds)} each")
    parts.append(f"bake {_length(policy.bake_seconds)}")
    parts.append(f"at most {_length(policy.max_duration_seconds)}")
    checks = ", ".join(check.title for check in policy.checks)
    return f"{', '.join(parts)}; judged by {checks}" if checks else ", ".join(parts)


def _ago(at: str, now: datetime) -> str:
    try:
        return f"{_length(now.timestamp() - seconds_of(at))} ago"
    except ValueError:
        return f"at {at}"


def _length(seconds: float) -> str:
    """Return a length of time in its two largest units."""
    whole = max(round(seconds), 0)
    for (unit, large), (part, small) in pairwise(_UNITS):
        if whole >= large:
            rest = whole % large // small
            return f"{whole // large}{unit}{rest}{part}" if rest else f"{whole // large}{unit}"
    return f"{whole}s"
