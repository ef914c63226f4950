"""How a release starts: a state and a version become the state in which the version meets the environment.

Pure functions; where their result is kept, and who asks, they must not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_charts.errors import Mistake
from mlops_charts.release.phases import PROMOTED, RESTING, Ingress, state_of
from mlops_charts.release.state import SLOTS, Identity, ReleaseState, SlotName


class Rejected(Mistake):
    """The version was rejected, and nobody has lifted the rejection."""


class Paused(Mistake):
    """A person holds the release that is in flight."""


def start(
    state: ReleaseState,
    new: Identity,
    *,
    ingress: Ingress,
    policy: Mapping[str, Any],
    at: str,
    approval: bool,
    min_replicas: int = 1,
) -> ReleaseState:
    """Return the state in which a new version starts to take over.

    The version goes into the slot that is not stable. It supersedes a release that is in flight; what was promoted by
    then stays, as the stable version. A version that is stable or in flight already changes nothing.

    Args:
        state: The state now.
        new: The version.
        ingress: How traffic is divided.
        policy: Steps, interval and checks, which then hold for this release whatever model.yaml says later.
        at: The time in UTC, 2026-11-23T10:00:00Z.
        approval: Whether a person must approve it first.
        min_replicas: The fewest pods of its slot under autoscaling, where the stable one has not more.

    Raises:
        Rejected: The version, or its digests, were rejected.
        Paused: A release of another version is in flight, and a person holds it.
    """
    if is_rejected(state, new.version, new.code_digest, new.data_digest):
        raise Rejected(f"version {new.version} was rejected, and is not released again until a person lifts that")
    if new.version in {stable_version(state), flying_version(state)}:
        return state
    if state.paused and state.in_flight:
        held = flying_version(state)
        raise Paused(
            f"a person holds the release of {held}, so {new.version} does not supersede it; resume it, or roll it back"
        )
    return _begun(state, new, ingress, "awaitingApproval" if approval else "warming", min_replicas).model_copy(
        update={"started_at": at, "step_started_at": at, "policy": dict(policy), "rejected": state.rejected}
    )


def stable_version(state: ReleaseState) -> str:
    """Return the version that answers users; empty if none does."""
    return "" if state.stable == "none" else state.slot(state.stable).version


def flying_version(state: ReleaseState) -> str:
    """Return the version whose release is in flight; empty if there is none."""
    if state.phase in RESTING:
        return ""
    return stable_version(state) if state.phase in PROMOTED else state.slot(free_slot(state)).version


def is_rejected(state: ReleaseState, version: str, code: str, data: str) -> bool:
    """Return whether a version was rejected: by its number, or by both of its digests."""
    return any(
        one.get("version") == version or (one.get("codeDigest"), one.get("dataDigest")) == (code, data)
        for one in state.rejected
    )


def free_slot(state: ReleaseState) -> SlotName:
    """Return the slot that a new version goes into; of a first release in flight, its own."""
    if state.stable != "none":
        return other_slot(state.stable)
    used = [name for name in SLOTS if state.slot(name).enabled] or [name for name in SLOTS if state.slot(name).version]
    return used[0] if used and state.phase not in RESTING else "blue"


def other_slot(name: SlotName) -> SlotName:
    """Return the other of the two slots."""
    return "green" if name == "blue" else "blue"


def identity_in(state: ReleaseState, name: SlotName) -> Identity:
    """Return which version a slot holds."""
    return Identity.model_validate(state.slot(name).model_dump(include=set(Identity.model_fields)))


def _begun(state: ReleaseState, new: Identity, ingress: Ingress, phase: Any, min_replicas: int) -> ReleaseState:
    if state.stable == "none":
        return state_of(phase, ingress, None, new, stable=other_slot(free_slot(state)), min_replicas=min_replicas)
    floor = state.slot(state.stable).min_replicas
    begun = state_of(phase, ingress, identity_in(state, state.stable), new, stable=state.stable, min_replicas=floor)
    name = other_slot(state.stable)
    slot = begun.slot(name)
    return begun.model_copy(update={name: slot.model_copy(update={"min_replicas": max(floor, min_replicas)})})
