"""What each phase means for the two slots, under each ingress.

`a` is the slot that answers users when the release starts, `b` the one that the new version goes into.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from mlops_charts.release.state import Identity, Match, Phase, ReleaseState, Slot, SlotName

Ingress = Literal["gatewayApi", "istio", "none"]
PHASES: tuple[Phase, ...] = get_args(Phase)
RESTING: Final = frozenset({"none", "settled"})  # nothing moves, so no judge is there
_UNKNOWN: Final[dict[Ingress, frozenset[Phase]]] = {
    "gatewayApi": frozenset(),
    "istio": frozenset({"abTest"}),
    "none": frozenset({"canary", "shadow", "abTest"}),
}
_OF_A_FIRST_RELEASE: Final = ("awaitingApproval", "warming", "promoting", "baking", "rollingBack", "settled")
PROMOTED: Final = frozenset({"promoting", "baking", "settled"})  # stable names the new version's slot
_ALL = 100


@dataclass(frozen=True)
class Traffic:
    """What a slot gets, as fields of `Slot`."""

    enabled: bool = True
    routed: bool = False
    mirrored: bool = False
    matched: bool = False
    weight: int = 0


@dataclass(frozen=True)
class Shape:
    """What a phase makes of the two slots, weights apart.

    Attributes:
        stable: Which of them is called stable: the old version's, the new version's, or none.
        old: Flags of the slot that answers users when the release starts: enabled, routed, mirrored, matched.
        new: Flags of the slot that the new version goes into.
    """

    stable: Literal["old", "new", "none"]
    old: tuple[bool, bool, bool, bool]
    new: tuple[bool, bool, bool, bool]


OFF = Traffic(enabled=False)
IDLE = Traffic()
FULL = Traffic(routed=True, weight=_ALL)


def state_of(
    phase: Phase,
    ingress: Ingress,
    old: Identity | None,
    new: Identity,
    *,
    stable: SlotName = "blue",
    weight: int = 5,
    min_replicas: int = 1,
    match: Match | None = None,
) -> ReleaseState:
    """Return the state of a release in a phase.

    Args:
        phase: The phase.
        ingress: How traffic is divided.
        old: The version that answered users when the release started; None for a first release.
        new: The version that is released; in the phase `settled`, the one that has won.
        stable: The slot that `old` holds, or without one the slot that stays free.
        weight: Percent of the traffic that a canary gets.
        min_replicas: Floor of both slots under autoscaling.
        match: The header of an abTest.
    """
    other: SlotName = "green" if stable == "blue" else "blue"
    old = None if phase == "none" else old
    a, b = first_traffic(phase, ingress) if old is None else rival_traffic(phase, ingress, weight)
    promoted = phase in PROMOTED
    slots = {
        stable: _slot(old or Identity(), a, min_replicas),
        other: _slot(new, b, min_replicas) if phase != "none" else Slot(),
    }
    answers: Any = "none" if old is None else stable
    return ReleaseState(
        phase=phase,
        stable=other if promoted else answers,
        in_flight=phase not in RESTING,
        match=match or Match(),
        blue=slots["blue"],
        green=slots["green"],
    )


def example_states(ingress: Ingress, old: Identity, new: Identity) -> Iterator[tuple[str, ReleaseState]]:
    """Yield a title and a state for every phase that the ingress knows, first releases and both slots included."""
    yield "nothing released", ReleaseState()
    for phase in _OF_A_FIRST_RELEASE:
        yield f"{phase}, first release", state_of(phase, ingress, None, new, stable="green")
        yield f"{phase}, first release into green", state_of(phase, ingress, None, new)
    for phase in known_phases(ingress)[1:]:
        match = Match(header="x-variant", value="candidate") if phase == "abTest" else None
        for stable in ("blue", "green"):
            yield f"{phase}, {stable} stable", state_of(phase, ingress, old, new, stable=stable, match=match)


def known_phases(ingress: Ingress) -> tuple[Phase, ...]:
    """Return the phases that an ingress can carry out."""
    return tuple(phase for phase in PHASES if phase not in _UNKNOWN[ingress])


def shapes(phase: Phase, ingress: Ingress) -> Iterator[Shape]:
    """Yield what a phase admits: with and without a rival, and between two commits of one phase."""
    stable: Literal["old", "new"] = "new" if phase in PROMOTED else "old"
    if phase == "none" or phase in _OF_A_FIRST_RELEASE:
        yield _shape("new" if phase in PROMOTED else "none", *first_traffic(phase, ingress))
    if phase != "none":
        yield _shape(stable, *rival_traffic(phase, ingress, 1))
    if phase == "rollingBack":
        yield _shape("old", FULL, OFF)
        if ingress != "istio":
            yield _shape("none", OFF, IDLE)


def _shape(stable: Literal["old", "new", "none"], old: Traffic, new: Traffic) -> Shape:
    first, second = ((one.enabled, one.routed, one.mirrored, one.matched) for one in (old, new))
    return Shape(stable, first, second)


def _slot(identity: Identity, traffic: Traffic, min_replicas: int) -> Slot:
    return Slot(**identity.model_dump(), **vars(traffic), min_replicas=min_replicas)


def first_traffic(phase: Phase, ingress: Ingress) -> tuple[Traffic, Traffic]:
    """Return what both slots get while a first release is in a phase: the one that stays free, and the new one."""
    if phase in {"none", "awaitingApproval", "rollingBack"}:
        return OFF, OFF
    if phase == "warming":
        return OFF, FULL if ingress == "istio" else IDLE
    return OFF, FULL


def rival_traffic(phase: Phase, ingress: Ingress, weight: int) -> tuple[Traffic, Traffic]:
    """Return what both slots get while a release is in a phase: the old one, and the new one with its weight."""
    istio = ingress == "istio"
    table: dict[Phase, tuple[Traffic, Traffic]] = {
        "none": (OFF, OFF),
        "awaitingApproval": (FULL, OFF),
        "warming": (FULL, IDLE),
        "canary": (replace(FULL, weight=_ALL - weight), replace(FULL, weight=weight)),
        "shadow": (FULL, Traffic(mirrored=True, weight=_ALL if istio else 0)),
        "abTest": (FULL, Traffic(matched=True)),
        "promoting": (IDLE, FULL),
        "baking": (IDLE, FULL),
        "rollingBack": (FULL, OFF if istio else IDLE),
        "settled": (OFF, FULL),
    }
    return table[phase]
