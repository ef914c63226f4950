"""How a release starts: a state and a version become the state in which the version meets the environment.

A pure function; where its result is kept, and who asks, it must not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlops_charts.errors import Mistake
from mlops_charts.release.phases import RESTING, Ingress, state_of
from mlops_charts.release.state import SLOTS, Identity, ReleaseState, SlotName

_PROMOTED: Final = frozenset({"promoting", "baking"})


class Rejected(Mistake):
    """The version was rejected, and nobody has lifted the rejection."""


class Paused(Mistake):
    """A person holds the release that is in flight."""


def start(
    state: ReleaseState, new: Identity, *, ingress: Ingress, policy: Mapping[str, Any], at: str, approval: bool
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
            f"a person holds the release of {held}, so {new.version} does not supersede it; resume or abort it"
        )
    stable = state.stable
    old = None if stable == "none" else _identity(state, stable)
    begun = state_of(
        "awaitingApproval" if approval else "warming",
        ingress,
        old,
        new,
        stable=_other(_free(state)),
        min_replicas=1 if stable == "none" else state.slot(stable).min_replicas,
    )
    return begun.model_copy(
        update={"started_at": at, "step_started_at": at, "policy": dict(policy), "rejected": state.rejected}
    )


def stable_version(state: ReleaseState) -> str:
    """Return the version that answers users; empty if none does."""
    return "" if state.stable == "none" else state.slot(state.stable).version


def flying_version(state: ReleaseState) -> str:
    """Return the version whose release is in flight; empty if there is none."""
    if state.phase in RESTING:
        return ""
    return stable_version(state) if state.phase in _PROMOTED else state.slot(_free(state)).version


def is_rejected(state: ReleaseState, version: str, code: str, data: str) -> bool:
    """Return whether a version was rejected: by its number, or by both of its digests."""
    return any(
        one.get("version") == version or (one.get("codeDigest"), one.get("dataDigest")) == (code, data)
        for one in state.rejected
    )


def _free(state: ReleaseState) -> SlotName:
    """Return the slot that a new version goes into; of a first release in flight, its own."""
    if state.stable != "none":
        return _other(state.stable)
    used = [name for name in SLOTS if state.slot(name).enabled] or [name for name in SLOTS if state.slot(name).version]
    return used[0] if used and state.phase not in RESTING else "blue"


def _other(name: SlotName) -> SlotName:
    return "green" if name == "blue" else "blue"


def _identity(state: ReleaseState, name: SlotName) -> Identity:
    return Identity.model_validate(state.slot(name).model_dump(include=set(Identity.model_fields)))
