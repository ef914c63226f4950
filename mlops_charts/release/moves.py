"""What each move makes of a state: who gets which traffic, floors, clocks, rejections.

Who may make which move, and when, is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from mlops_charts.release.phases import (
    FULL,
    IDLE,
    OFF,
    PROMOTED,
    RESTING,
    Ingress,
    Traffic,
    first_traffic,
    rival_traffic,
)
from mlops_charts.release.policy import Policy
from mlops_charts.release.start import free_slot, is_rejected, other_slot
from mlops_charts.release.state import Match, Phase, ReleaseState, Slot, SlotName

_TAKES_BACK: Final = "takesBack"
_FLOOR: Final = "minReplicas"
_SIX_HOURS: Final = 6 * 3600.0


@dataclass(frozen=True)
class Pair:
    """The two slots by their parts in a release.

    Attributes:
        old: The slot that answered users when the release began; of a first release the one that stays free.
        new: The slot of the new version.
        rival: Whether the old slot's version runs.
    """

    old: SlotName
    new: SlotName
    rival: bool


def pair(state: ReleaseState) -> Pair:
    """Return which slot has which part; of a settled state, the winner is the new one."""
    new = state.stable if state.phase in PROMOTED and state.stable != "none" else free_slot(state)
    old = other_slot(new)
    return Pair(old, new, state.slot(old).enabled)


def policy_in(state: ReleaseState) -> Policy | None:
    """Return the policy of a state; None if it has none that this version can read."""
    try:
        return Policy.model_validate(state.policy)
    except ValidationError:
        return None


def taken_back(state: ReleaseState) -> str:
    """Return the version that a person takes back by the release in flight; empty for any other release."""
    return str(state.policy.get(_TAKES_BACK, "")) if state.in_flight else ""


def arranged(
    state: ReleaseState, phase: Phase, ingress: Ingress, at: str, *, weight: int = 1, **more: Any
) -> ReleaseState:
    """Return the state in another phase, at its beginning.

    Args:
        state: The state before.
        phase: The phase.
        ingress: How traffic is divided.
        at: The time in UTC.
        weight: canary: the percent of the new version.
        more: Further fields of the state.
    """
    parts = pair(state)
    old, new = rival_traffic(phase, ingress, weight) if parts.rival else first_traffic(phase, ingress)
    before = parts.old if parts.rival else "none"
    stable = parts.new if phase in PROMOTED else before
    return _with(state, {parts.old: old, parts.new: new}, phase=phase, stable=stable, step_started_at=at, **more)


def first_stage(state: ReleaseState, policy: Policy, ingress: Ingress, at: str) -> ReleaseState:
    """Return the state in which a warm version meets traffic: as the strategy says, or all of it without a rival."""
    if pair(state).rival:
        if policy.strategy == "canary" and policy.steps:
            return arranged(state, "canary", ingress, at, weight=policy.steps[0])
        if policy.strategy == "shadow":
            return arranged(state, "shadow", ingress, at)
        if policy.strategy == "abTest":
            return arranged(state, "abTest", ingress, at, match=Match(header=policy.header, value=policy.value))
    return arranged(state, "promoting", ingress, at)


def next_stage(state: ReleaseState, policy: Policy, ingress: Ingress, at: str) -> ReleaseState:
    """Return the state behind a stage that has passed: the next step of a canary, or all traffic."""
    if is_last_stage(state, policy):
        return arranged(state, "promoting", ingress, at)
    step = state.step + 1
    return arranged(state, "canary", ingress, at, weight=policy.steps[step], step=step)


def is_last_stage(state: ReleaseState, policy: Policy) -> bool:
    """Return whether all traffic comes next."""
    return state.phase != "canary" or state.step + 1 >= len(policy.steps)


def withdrawn(state: ReleaseState, ingress: Ingress, at: str) -> ReleaseState:
    """Return the state in which the new version gets no traffic any more, and who answered before answers.

    Its pods go in the same commit if it had no traffic, and under istio, where Seldon moves no weights before all pods
    are ready. Else they go once the route without it is seen.
    """
    parts = pair(state)
    slot = state.slot(parts.new)
    seen = slot.routed or slot.mirrored or slot.matched
    new = IDLE if seen and ingress != "istio" else OFF
    traffic = {parts.old: FULL if parts.rival else OFF, parts.new: new}
    stable = parts.old if parts.rival else "none"
    return _with(state, traffic, phase="rollingBack", stable=stable, step_started_at=at)


def without(state: ReleaseState, name: SlotName, at: str | None = None) -> ReleaseState:
    """Return the state with a slot off, which gets no traffic; its clock begins anew only if told so."""
    more = {} if at is None else {"step_started_at": at}
    return state.model_copy(update={name: _slot(state.slot(name), OFF), **more})


def settled(state: ReleaseState, at: str) -> ReleaseState:
    """Return the end: who answers users answers alone, or nothing is released."""
    if state.stable == "none":
        return ReleaseState(rejected=state.rejected)
    traffic = {state.stable: FULL, other_slot(state.stable): OFF}
    after = _with(state, traffic, phase="settled", stable=state.stable, step_started_at=at)
    return after if _bound(state) else with_floors(after, {name: _asked(state) for name in traffic})


def taking_back(state: ReleaseState, at: str) -> ReleaseState:
    """Return the start of the release that brings back the version before the one that answers users.

    It meets all traffic as soon as it is warm: there is nothing to compare it with but what a person has refused.
    """
    parts = pair(state)
    known = policy_in(state)
    policy = {
        **state.policy,
        "strategy": "blueGreen",
        "steps": [],
        "checks": [],
        "intervalSeconds": 0.0,
        "bakeSeconds": 0.0,
        "header": "",
        "value": "",
        "maxDurationSeconds": known.max_duration_seconds if known else _SIX_HOURS,
        _TAKES_BACK: state.slot(parts.new).version,
    }
    traffic = {parts.new: FULL, parts.old: IDLE}
    begun = _with(state, traffic, phase="warming", stable=parts.new, step_started_at=at, started_at=at, policy=policy)
    floor = max(begun.slot(name).min_replicas for name in (parts.old, parts.new))
    return with_floors(begun, {parts.old: floor})


def rejecting(state: ReleaseState, name: SlotName, at: str, reason: str, evidence: str = "") -> ReleaseState:
    """Return the state with the version of a slot among the rejected."""
    slot = state.slot(name)
    entry = {
        "version": slot.version,
        "codeDigest": slot.code_digest,
        "dataDigest": slot.data_digest,
        "at": at,
        "evidence": evidence,
        "reason": reason,
    }
    kept = [one for one in state.rejected if one.get("version") != slot.version]
    return state.model_copy(update={"rejected": (*kept, entry)})


def was_rejected(state: ReleaseState, name: SlotName) -> bool:
    """Return whether the version of a slot is among the rejected."""
    slot = state.slot(name)
    return is_rejected(state, slot.version, slot.code_digest, slot.data_digest)


def held(state: ReleaseState, at: str) -> ReleaseState:
    """Return the state that a person holds; it keeps since when where the step's beginning stood."""
    return state.model_copy(update={"paused": True, "step_started_at": at})


def let_go(state: ReleaseState, at: str) -> ReleaseState:
    """Return the state that nobody holds any more: its clock has stood still, and its step begins anew."""
    pause = max(seconds_between(state.step_started_at, at), 0.0)
    started = shifted(state.started_at, pause)
    return state.model_copy(update={"paused": False, "started_at": started, "step_started_at": at})


def with_more_pods(state: ReleaseState, running: int) -> ReleaseState:
    """Return the state in which no slot that may have to answer all users has fewer pods than answer them now.

    The old slot keeps as many as it runs, so that it can take everything back; but no floor of pods that get traffic
    changes where Seldon's executor would restart them for it.
    """
    parts, policy = pair(state), policy_in(state)
    if not parts.rival or policy is None:
        return state
    floors = {}
    if state.phase == "warming" or not _bound(state):
        floors[parts.new] = max(running, state.slot(parts.new).min_replicas)
    if not _bound(state) and (state.phase != "warming" or policy.stages == 0):
        floors[parts.old] = max(running, state.slot(parts.old).min_replicas)
    return with_floors(state, floors)


def with_floors(state: ReleaseState, floors: Mapping[SlotName, int]) -> ReleaseState:
    """Return the state with other fewest pods of slots."""
    changed: dict[str, Any] = {
        name: state.slot(name).model_copy(update={"min_replicas": count}) for name, count in floors.items()
    }
    return state.model_copy(update=changed)


def begun_with(policy: Policy, min_replicas: int) -> dict[str, Any]:
    """Return a policy as it stands in a state, with the fewest pods that the model asks for."""
    data = policy.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {**data, _FLOOR: min_replicas} if min_replicas > 1 else data


def seconds_between(begin: str, end: str) -> float:
    """Return the seconds from one moment to another; 0 if the first is not known."""
    return (_moment(end) - _moment(begin)).total_seconds() if begin and end else 0.0


def seconds_of(at: str) -> float:
    """Return a moment of a release file in seconds since 1970; the farthest future if it is not known."""
    return _moment(at).timestamp() if at else float("inf")


def shifted(at: str, seconds: float) -> str:
    """Return a moment some seconds later; nothing of nothing."""
    return written(_moment(at) + timedelta(seconds=seconds)) if at else at


def written(moment: datetime) -> str:
    """Return a moment as it stands in a release file."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(at: str) -> datetime:
    moment = datetime.fromisoformat(at)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _with(state: ReleaseState, traffic: Mapping[SlotName, Traffic], *, phase: Phase, **more: Any) -> ReleaseState:
    slots: dict[str, Any] = {name: _slot(state.slot(name), one) for name, one in traffic.items()}
    anew = {"phase": phase, "in_flight": phase not in RESTING, "paused": False, "step": 0, "match": Match()}
    return state.model_copy(update={**anew, **slots, **more})


def _slot(slot: Slot, traffic: Traffic) -> Slot:
    return slot.model_copy(update=vars(traffic))


def _asked(state: ReleaseState) -> int:
    asked = state.policy.get(_FLOOR, 1)
    return asked if isinstance(asked, int) and asked > 0 else 1


def _bound(state: ReleaseState) -> bool:
    """Return whether pods restart when their floor changes, because the executor has it in a variable."""
    policy = policy_in(state)
    return policy is None or policy.executor
