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
_PROMOTED: Final = frozenset({"promoting", "baking", "settled"})
_ALL = 100


@dataclass(frozen=True)
class _Traffic:
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


_OFF = _Traffic(enabled=False)
_IDLE = _Traffic()
_FULL = _Traffic(routed=True, weight=_ALL)


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
    a, b = _first(phase, ingress) if old is None else _second(phase, ingress, weight)
    promoted = phase in _PROMOTED
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
    stable: Literal["old", "new"] = "new" if phase in _PROMOTED else "old"
    if phase == "none" or phase in _OF_A_FIRST_RELEASE:
        yield _shape("new" if phase in _PROMOTED else "none", *_first(phase, ingress))
    if phase != "none":
        yield _shape(stable, *_second(phase, ingress, 1))
    if phase == "rollingBack":
        yield _shape("old", _FULL, _OFF)
        if ingress != "istio":
            yield _shape("none", _OFF, _IDLE)


def _shape(stable: Literal["old", "new", "none"], old: _Traffic, new: _Traffic) -> Shape:
    first, second = ((one.enabled, one.routed, one.mirrored, one.matched) for one in (old, new))
    return Shape(stable, first, second)


def _slot(identity: Identity, traffic: _Traffic, min_replicas: int) -> Slot:
    return Slot(**identity.model_dump(), **vars(traffic), min_replicas=min_replicas)


def _first(phase: Phase, ingress: Ingress) -> tuple[_Traffic, _Traffic]:
    if phase in {"none", "awaitingApproval", "rollingBack"}:
        return _OFF, _OFF
    if phase == "warming":
        return _OFF, _FULL if ingress == "istio" else _IDLE
    return _OFF, _FULL


def _second(phase: Phase, ingress: Ingress, weight: int) -> tuple[_Traffic, _Traffic]:
    istio = ingress == "istio"
    table: dict[Phase, tuple[_Traffic, _Traffic]] = {
        "none": (_OFF, _OFF),
        "awaitingApproval": (_FULL, _OFF),
        "warming": (_FULL, _IDLE),
        "canary": (replace(_FULL, weight=_ALL - weight), replace(_FULL, weight=weight)),
        "shadow": (_FULL, _Traffic(mirrored=True, weight=_ALL if istio else 0)),
        "abTest": (_FULL, _Traffic(matched=True)),
        "promoting": (_IDLE, _FULL),
        "baking": (_IDLE, _FULL),
        "rollingBack": (_FULL, _OFF if istio else _IDLE),
        "settled": (_OFF, _FULL),
    }
    return table[phase]
