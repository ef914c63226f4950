"""What a tick does next, given what was seen: an event, or a reason to wait. Pure, and without a memory of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from mlops_charts.release import moves
from mlops_charts.release.events import Advance, Baked, Ready, Regress, Seen, Settle
from mlops_charts.release.machine import JUDGED
from mlops_charts.release.phases import RESTING
from mlops_charts.release.policy import Policy
from mlops_charts.release.state import ReleaseState


@dataclass(frozen=True)
class Judged:
    """What the judge has said of the newest counts.

    Attributes:
        decision: What is to be done.
        reason: Why, in words.
        evidence: Digest of its record, sha256:...
        no_data: Whether it is not the version that is worse, but nothing was there to judge it by.
    """

    decision: Literal["advance", "hold", "rollback"]
    reason: str
    evidence: str = ""
    no_data: bool = False


@dataclass(frozen=True)
class Observed:
    """What a tick has seen.

    Attributes:
        running: Whether the cluster runs what git says.
        why: If not, what is missing.
        verdict: What the judge says; None in phases in which nothing is judged, or where it could not be asked.
        smoke: warming: how the answers to the model's example differ from those when it was saved; None if they do not.
        min_replicas: Pods of the stable slot that answer now under autoscaling; 1 without an autoscaler.
        handed_over: Whether all that comes before the end is done: evidence, aliases, the next environment's release.
        frozen_seconds: How much of the time since the release started lay in a freeze.
    """

    running: bool
    why: str = ""
    verdict: Judged | None = None
    smoke: str | None = None
    min_replicas: int = 1
    handed_over: bool = False
    frozen_seconds: float = 0.0


@dataclass(frozen=True)
class Wait:
    """Nothing is to be committed now.

    Attributes:
        reason: Why, in words.
    """

    reason: str


class Span(Protocol):
    """A time in which no release starts or advances."""

    @property
    def from_(self) -> str:
        """Its beginning, RFC 3339; it is in it."""

    @property
    def to(self) -> str:
        """Its end, which is not in it."""


def next_event(state: ReleaseState, observed: Observed, now: float, frozen: bool) -> Seen | Wait:  # noqa: FBT001 - fixed
    """Return what a tick does next.

    Evidence against a version is acted upon at once: also while a person holds the release, in a freeze, and when the
    cluster does not run what git says. All else waits until it does.

    Args:
        state: The state as git has it.
        observed: What was seen.
        now: The time in seconds since 1970.
        frozen: Whether now is in a freeze.
    """
    if bad := _bad(state, observed):
        return bad
    if state.phase == "rollingBack":
        return _rolling_back(state, observed)
    if held := _held(state, frozen=frozen):
        return held
    policy = moves.policy_in(state)
    if policy is None:
        return Wait("the policy in the release file cannot be read; roll the release back, and start it again")
    event = _forward(state, observed, policy, now) if observed.running else Wait(observed.why)
    if isinstance(event, Wait) and _expired(state, observed, policy, now):
        evidence = observed.verdict.evidence if observed.verdict else ""
        reason = f"undecided after {policy.max_duration_seconds:g} s: {event.reason}"
        return Regress(reason, evidence, "expired", state)
    return event


def frozen_until(freeze: Iterable[Span], now: datetime) -> str:
    """Return when the freeze ends that a moment is in; empty if it is in none. A freeze has its beginning in it."""
    ends = [one.to for one in freeze if datetime.fromisoformat(one.from_) <= now < datetime.fromisoformat(one.to)]
    return max(ends, key=datetime.fromisoformat, default="")


def _bad(state: ReleaseState, observed: Observed) -> Regress | None:
    verdict = observed.verdict
    promoted = state.phase in {"promoting", "baking"} and moves.pair(state).rival and not moves.taken_back(state)
    judged = state.phase in JUDGED or promoted
    if judged and verdict is not None and verdict.decision == "rollback":
        return Regress(verdict.reason, verdict.evidence, "noData" if verdict.no_data else "verdict", state)
    if state.phase == "warming" and observed.running and observed.smoke is not None:
        return Regress(observed.smoke, "", "smoke", state)
    return None


def _rolling_back(state: ReleaseState, observed: Observed) -> Seen | Wait:
    if not observed.running:
        return Wait(observed.why)
    return Ready(seen=state) if state.slot(moves.pair(state).new).enabled else Settle(state)


def _held(state: ReleaseState, *, frozen: bool) -> Wait | None:
    if state.phase in RESTING:
        return Wait("no release is in flight")
    if state.phase == "awaitingApproval":
        return Wait("it waits for a person's approval")
    if state.paused:
        return Wait("a person holds the release")
    if frozen and not moves.taken_back(state):
        return Wait("no release advances in a freeze")
    return None


def _forward(state: ReleaseState, observed: Observed, policy: Policy, now: float) -> Seen | Wait:
    if state.phase == "warming":
        return Ready(observed.min_replicas, state)
    if state.phase in JUDGED:
        return _judged(state, observed, policy)
    if not moves.pair(state).rival:
        return Settle(state) if observed.handed_over else Wait("the release is not handed on yet")
    if state.phase == "promoting":
        return Ready(seen=state)
    left = policy.bake_seconds - (now - moves.seconds_of(state.step_started_at))
    return Wait(f"the version before stays warm for {left:.0f} s more") if left > 0 else Baked(state)


def _judged(state: ReleaseState, observed: Observed, policy: Policy) -> Seen | Wait:
    if observed.verdict is None:
        return Wait("nothing was judged")
    if observed.verdict.decision != "advance":
        return Wait(observed.verdict.reason)
    if moves.is_last_stage(state, policy) and moves.with_more_pods(state, observed.min_replicas) != state:
        return Ready(observed.min_replicas, state)
    return Advance(observed.verdict.evidence, state)


def _expired(state: ReleaseState, observed: Observed, policy: Policy, now: float) -> bool:
    if moves.taken_back(state) or (state.phase != "warming" and state.phase not in JUDGED):
        return False  # what a person has refused would stay, and the version before be rejected as well
    return now - moves.seconds_of(state.started_at) - observed.frozen_seconds >= policy.max_duration_seconds
