"""Whether what divides the traffic is what a state says: HTTPRoute, Seldon's VirtualService, or the Service of ours.

Pure functions of objects as the API server tells them; each returns what is different, in words, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_charts import contract
from mlops_charts.release import ReleaseState
from mlops_charts.release.asked import ReleaseSpec
from mlops_charts.release.state import SLOTS

_Found = Mapping[str, Any] | None
_ASKED = frozenset({"Accepted", "ResolvedRefs"})  # what every gateway says of a route; others are its own affair


@dataclass(frozen=True)
class _Traffic:
    """Who gets what.

    Attributes:
        weights: By Service, its share; a Service without any is left out.
        mirrors: Services that get a copy.
        matched: Header, value and Service of an experiment.
    """

    weights: Mapping[str, int]
    mirrors: frozenset[str] = frozenset()
    matched: frozenset[tuple[str, str, str]] = frozenset()

    def __str__(self) -> str:
        parts = [f"{name} {weight}" for name, weight in sorted(self.weights.items())]
        parts += [f"a copy to {name}" for name in sorted(self.mirrors)]
        parts += [f"{header}: {value} to {name}" for header, value, name in sorted(self.matched)]
        return ", ".join(parts) or "nothing"


def route_differs(found: _Found, spec: ReleaseSpec, state: ReleaseState) -> str:
    """Return in what an HTTPRoute differs from a state, or that its gateway has not taken it."""
    title = f"the HTTPRoute {spec.route}"
    if found is None or not _routed(state):
        return absent(title, found, wanted=_routed(state))
    reasons = (_compared(title, _of_route(found), _of_state(spec, state)), *_not_taken(title, found))
    return next(filter(None, reasons), "")


def virtual_service_differs(found: _Found, spec: ReleaseSpec, state: ReleaseState) -> str:
    """Return in what Seldon's VirtualService differs; Seldon writes it only once all pods of both slots are ready."""
    title, wanted = f"the VirtualService {spec.model}", any(state.slot(name).enabled for name in SLOTS)
    if found is None or not wanted:
        return absent(title, found, wanted=wanted)
    return _compared(title, _of_virtual_service(found), _of_state(spec, state))


def service_differs(found: _Found, spec: ReleaseSpec, state: ReleaseState) -> str:
    """Return whether the Service leads to another slot than the stable one."""
    title = f"the Service {spec.model}"
    if found is None or not _routed(state):
        return absent(title, found, wanted=_routed(state))
    slot = _part(_part(found, "spec"), "selector").get(contract.SLOT_LABEL)
    return "" if slot == state.stable else f"{title} leads to {slot}, and git says {state.stable}"


def absent(title: str, found: _Found, *, wanted: bool) -> str:
    """Return that an object is missing, or there against git; empty where it is as git says."""
    if wanted is (found is not None):
        return ""
    return f"{title} is not there yet" if wanted else f"{title} is still there, and git has it no more"


def _routed(state: ReleaseState) -> bool:
    return any(state.slot(name).routed for name in SLOTS)


def _compared(title: str, now: _Traffic | None, said: _Traffic) -> str:
    shown = "another form" if now is None else str(now)
    return "" if now == said else f"{title} is not yet what git says: {shown} there, {said} in git"


def _of_state(spec: ReleaseSpec, state: ReleaseState) -> _Traffic:
    slots = {spec.services[name]: state.slot(name) for name in SLOTS}
    match = state.match
    return _Traffic(
        weights={name: slot.weight for name, slot in slots.items() if slot.routed},
        mirrors=frozenset(name for name, slot in slots.items() if slot.mirrored),
        matched=frozenset((match.header, match.value, name) for name, slot in slots.items() if slot.matched),
    )


def _of_route(found: Mapping[str, Any]) -> _Traffic | None:
    """Return who gets what by an HTTPRoute; None for one of another form than ours."""
    try:
        rules = found["spec"]["rules"]
        everybody = [rule for rule in rules if not _headers(rule)]
        (rule,) = everybody
        filters = [one["requestMirror"]["backendRef"]["name"] for one in rule.get("filters") or ()]
        matched = [
            (header["name"], header["value"], backend["name"])
            for other in rules
            for header in _headers(other)
            for backend in other["backendRefs"]
        ]
        return _Traffic(_weights(rule), frozenset(filters), frozenset(matched))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _headers(rule: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [header for match in rule.get("matches") or () for header in match.get("headers") or ()]


def _weights(rule: Mapping[str, Any]) -> dict[str, int]:
    shares = {one["name"]: int(one.get("weight", 1)) for one in rule.get("backendRefs") or ()}
    return {name: share for name, share in shares.items() if share}


def _not_taken(title: str, found: Mapping[str, Any]) -> Iterator[str]:
    """Yield why the gateway does not yet send traffic by the newest form of a route."""
    generation = int(_part(found, "metadata").get("generation") or 0)
    parents = _part(found, "status").get("parents") or ()
    if not parents:
        yield f"{title} has been taken by no gateway yet"
    for condition in (one for parent in parents for one in parent.get("conditions") or ()):
        kind = condition.get("type")
        if kind not in _ASKED:
            continue
        if condition.get("status") != "True":
            yield f"{title} is not {kind}: {condition.get('message') or condition.get('reason') or 'no reason given'}"
        elif int(condition.get("observedGeneration") or generation) < generation:
            yield f"{title} has changed, and its gateway has not seen that yet"


def _of_virtual_service(found: Mapping[str, Any]) -> _Traffic | None:
    """Return who gets what by Seldon's VirtualService, whose first rule is that of HTTP; None for another form."""
    try:
        rule = found["spec"]["http"][0]
        shares = {_service(one["destination"]): int(one.get("weight") or 0) for one in rule["route"]}
        mirror = rule.get("mirror")
        mirrors = frozenset({_service(mirror)}) if mirror else frozenset()
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None
    return _Traffic({name: share for name, share in shares.items() if share}, mirrors)


def _service(destination: Mapping[str, Any]) -> str:
    return str(destination["host"]).partition(".")[0]


def _part(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return found.get(key) or {}
