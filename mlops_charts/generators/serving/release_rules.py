"""What no release state may be, as JSON Schema over all values of the serving chart.

A state refused here would drop what serves, or send users where nothing answers. What a schema cannot say (weights that
add up, phases that follow each other) is the release room's own business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlops_charts.planning import SLOTS

_OFF = {"const": False}
_ON = {"const": True}
_SOME = {"minLength": 1}
_NOTHING = {"const": 0}
Schema = dict[str, Any]


def release_constraints(ingress: str, *, prepackaged: bool | None = None) -> tuple[Schema, ...]:
    """Return schemas over all values that every state of a release must meet.

    Args:
        ingress: How traffic is divided: gatewayApi, istio or none.
        prepackaged: Whether a prepackaged server loads the model, so that a slot needs no image; None admits both.
    """
    own = {"allOf": list(_of_a_slot(ingress, prepackaged=prepackaged))}
    between = [rule for name, other in (SLOTS, SLOTS[::-1]) for rule in _of_both_slots(name, other, ingress)]
    return (_with(release={**_with(**dict.fromkeys(SLOTS, own)), "allOf": [*between, *_of_the_judge()]}),)


def _of_a_slot(ingress: str, *, prepackaged: bool | None) -> Iterator[Schema]:
    off: dict[str, Schema] = {"routed": _OFF, "mirrored": _OFF, "matched": _OFF, "weight": _NOTHING}
    idle = {"routed": _OFF} if ingress == "gatewayApi" else {"routed": _OFF, "mirrored": _OFF}
    yield _rule("A slot without pods gets no traffic.", _with(enabled=_OFF), _with(**off))
    yield _rule("A slot with pods says what they run.", _with(enabled=_ON), _identity(prepackaged=prepackaged))
    yield _rule("A routed slot has a weight.", _with(routed=_ON), _with(weight={"minimum": 1}))
    yield _rule("A weight belongs to traffic.", _with(**idle), _with(weight=_NOTHING))
    if ingress != "gatewayApi":
        yield {"$comment": "No header decides here.", **_with(matched=_OFF)}


def _identity(*, prepackaged: bool | None) -> Schema:
    common: dict[str, Schema] = {"version": _SOME, "runId": _SOME, "codeDigest": _SOME, "dataDigest": _SOME}
    if prepackaged is None:
        return {**_with(**common), "anyOf": [_with(image=_SOME), _with(modelUri=_SOME)]}
    return _with(**common, **{"modelUri" if prepackaged else "image": _SOME})


def _of_both_slots(name: str, other: str, ingress: str) -> Iterator[Schema]:
    def here(**fields: Schema) -> Schema:
        return _with(**{name: _with(**fields)})

    routed, alone = here(routed=_ON), _with(**{name: _with(routed=_ON), other: _with(routed=_OFF)})
    behind = _with(**{name: _with(routed=_OFF), other: _with(routed=_ON)})
    stable = _with(stable={"const": name})
    yield _rule("Who is stable answers users.", stable, here(enabled=_ON, routed=_ON))
    yield _rule("Who is routed alone gets everything.", alone, here(weight={"const": 100}))
    yield _rule("A shadow stands behind the other slot.", here(mirrored=_ON), behind)
    yield _rule("An experiment stands beside the other slot.", here(matched=_ON), behind)
    if ingress == "gatewayApi":
        header = _with(match=_with(header=_SOME, value=_SOME))
        yield _rule("Without its header an experiment would take all users.", here(matched=_ON), header)
    if ingress == "none":
        yield _rule("The Service follows who is stable.", routed, stable)


def _of_the_judge() -> Iterator[Schema]:
    resting = _with(phase={"enum": ["none", "settled"]})
    yield _rule("Nothing moves, and no judge is there.", resting, _with(inFlight=_OFF))
    yield _rule("Something moves, and the judge is there.", {"not": resting}, _with(inFlight=_ON))


def _rule(meaning: str, condition: Schema, consequence: Schema) -> Schema:
    return {"$comment": meaning, "if": condition, "then": consequence}


def _with(**fields: Schema) -> Schema:
    return {"properties": fields}
