"""What a state of a release may not be, beyond its types: the rules that hold between its fields.

The chart's own schema refuses what would drop objects; this refuses whatever no release command would write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mlops_charts.release.phases import RESTING, Ingress, Shape, known_phases, shapes
from mlops_charts.release.state import SLOTS, ReleaseState, Slot, SlotName

_FLAGS = ("enabled", "routed", "mirrored", "matched")
_ALL = 100
_YEARS = range(2000, 3000)  # a clock is right within a day, and time can be added to all of them


@dataclass(frozen=True)
class Flaw:
    """Something wrong in a state of a release.

    Attributes:
        key: Where, as a dotted path in the release file.
        message: What is wrong.
        note: What would be right.
    """

    key: str
    message: str
    note: str


def problems_of(state: ReleaseState, ingress: Ingress, *, prepackaged: bool | None = None) -> list[Flaw]:
    """Return what is wrong in a state of a release; nothing for a state that a release command writes.

    Args:
        state: The state.
        ingress: How traffic is divided.
        prepackaged: Whether a prepackaged server loads the model, so that a slot needs no image; None admits both.
    """
    found = [
        *_phase(state, ingress),
        *_moments(state),
        *(flaw for name in SLOTS for flaw in _slot(state, name, ingress, prepackaged=prepackaged)),
        *_stable(state),
        *_sum(state),
        *_experiment(state),
        *_versions(state),
    ]
    return found or list(_slots_of_the_phase(state, ingress))


def _phase(state: ReleaseState, ingress: Ingress) -> Iterator[Flaw]:
    known = known_phases(ingress)
    if state.phase not in known:
        message = f"the phase {state.phase} is impossible with ingress {ingress}"
        yield Flaw("release.phase", message, f"possible are {', '.join(known)}")
    flying = state.phase not in RESTING
    if state.in_flight != flying:
        message = f"inFlight is {_json(state.in_flight)} in the phase {state.phase}"
        yield Flaw("release.inFlight", message, "true in every phase but none and settled: the judge is there then")


def _moments(state: ReleaseState) -> Iterator[Flaw]:
    for key, given in (("startedAt", state.started_at), ("stepStartedAt", state.step_started_at)):
        if given and not _is_moment(given):
            yield Flaw(f"release.{key}", f"{_json(given)} is no moment", 'in UTC, such as "2026-11-23T10:00:00Z"')


def _is_moment(given: str) -> bool:
    try:
        return datetime.fromisoformat(given).year in _YEARS
    except ValueError:
        return False


def _slot(state: ReleaseState, name: SlotName, ingress: Ingress, *, prepackaged: bool | None) -> Iterator[Flaw]:
    slot, key = state.slot(name), f"release.{name}"
    if slot.enabled:
        for field in _missing(slot, prepackaged=prepackaged):
            yield Flaw(f"{key}.{field}", f"{name} is enabled and has no {field}", "say which version runs there")
        yield from _weight(slot, name, ingress)
        return
    for field in ("routed", "mirrored", "matched", "weight"):
        if getattr(slot, field):
            message = f"{name} is off, and {field} is {_json(getattr(slot, field))}"
            yield Flaw(f"{key}.{field}", message, "a slot without pods gets no traffic: false, and weight 0")


def _missing(slot: Slot, *, prepackaged: bool | None) -> list[str]:
    needed = {
        "version": slot.version,
        "runId": slot.run_id,
        "codeDigest": slot.code_digest,
        "dataDigest": slot.data_digest,
    }
    sources = {None: ("image", slot.image or slot.model_uri), True: ("modelUri", slot.model_uri)}
    source = sources.get(prepackaged, ("image", slot.image))
    return [field for field, given in (*needed.items(), source) if not given]


def _weight(slot: Slot, name: SlotName, ingress: Ingress) -> Iterator[Flaw]:
    shadow = slot.mirrored and ingress == "istio"
    if slot.routed and slot.mirrored:
        message = f"{name} is routed and mirrored: it would get each request twice"
        yield Flaw(f"release.{name}.mirrored", message, "a shadow is not routed")
    elif (slot.routed or shadow) and slot.weight == 0:
        message = f"{name} is {'routed' if slot.routed else 'mirrored'} with weight 0"
        yield Flaw(f"release.{name}.weight", message, "1 to 100, or no traffic for this slot")
    elif slot.weight and not slot.routed and not shadow:
        message = f"{name} is not routed, and its weight is {slot.weight}"
        yield Flaw(f"release.{name}.weight", message, "0, or routed")


def _stable(state: ReleaseState) -> Iterator[Flaw]:
    if state.stable == "none":
        return
    for field in ("enabled", "routed"):
        if not getattr(state.slot(state.stable), field):
            message = f"{state.stable} is stable and not {field}: nothing would answer the users"
            yield Flaw(f"release.{state.stable}.{field}", message, "true: the stable slot is the one that answers")


def _sum(state: ReleaseState) -> Iterator[Flaw]:
    routed = [name for name in SLOTS if state.slot(name).routed]
    total = sum(state.slot(name).weight for name in routed)
    if routed and total != _ALL:
        parts = " + ".join(f"{name} {state.slot(name).weight}" for name in routed)
        message = f"the weights of the routed slots sum to {total}: {parts}"
        yield Flaw(f"release.{routed[-1]}.weight", message, "they sum to 100")


def _experiment(state: ReleaseState) -> Iterator[Flaw]:
    if not any(state.slot(name).matched for name in SLOTS):
        return
    for field in ("header", "value"):
        if not getattr(state.match, field):
            message = f"a slot is matched by a header, and match.{field} is empty"
            yield Flaw(f"release.match.{field}", message, "header and value of those who meet the new version")


def _versions(state: ReleaseState) -> Iterator[Flaw]:
    versions = [state.slot(name).version for name in SLOTS if state.slot(name).enabled]
    if len(versions) > 1 and versions[0] and versions[0] == versions[1]:
        message = f"both slots run version {versions[0]}, so that their metrics cannot be told apart"
        yield Flaw(f"release.{SLOTS[1]}.version", message, "two versions, or one slot off")


def _slots_of_the_phase(state: ReleaseState, ingress: Ingress) -> Iterator[Flaw]:
    """Compare the slots with what the phase means, once each of them is sound by itself."""
    admitted = list(shapes(state.phase, ingress))
    if any(_fits(state, shape) for shape in admitted):
        return
    now = _described(state.stable, {name: _flags(state.slot(name)) for name in SLOTS})
    meant = " or ".join(dict.fromkeys(_described(one.stable, {"old": one.old, "new": one.new}) for one in admitted))
    yield Flaw("release.phase", f"the slots are not those of the phase {state.phase}: {now}", meant)


def _fits(state: ReleaseState, shape: Shape) -> bool:
    for old, new in (SLOTS, SLOTS[::-1]):
        stable = {"old": old, "new": new, "none": "none"}[shape.stable]
        if (stable, shape.old, shape.new) == (state.stable, _flags(state.slot(old)), _flags(state.slot(new))):
            return True
    return False


def _flags(slot: Slot) -> tuple[bool, bool, bool, bool]:
    return slot.enabled, slot.routed, slot.mirrored, slot.matched


def _described(stable: str, slots: dict[str, tuple[bool, bool, bool, bool]]) -> str:
    parts = [f"stable {stable}"]
    for name, flags in slots.items():
        given = " and ".join(flag for flag, on in zip(_FLAGS, flags, strict=True) if on)
        parts.append(f"{name} {given or 'off'}")
    return ", ".join(parts)


def _json(found: object) -> str:
    return json.dumps(found)
