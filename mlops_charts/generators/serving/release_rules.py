"""What no release state may be, as JSON Schema over all values of the serving chart.

A state refused here would drop what serves, or send users where nothing answers. What a schema cannot say (weights that
add up, phases that follow each other) is the release commands' own business.
"""

from __future__ import annotations

from typing import Any

from mlops_charts.planning import SLOTS

_OFF = {"const": False}
_ON = {"const": True}
_SOME = {"minLength": 1}
_ALL = {"const": 100}
_NOTHING = {"const": 0}
Schema = dict[str, Any]


def release_constraints(ingress: str, *, prepackaged: bool | None = None) -> tuple[Schema, ...]:
    """Return schemas over all values that every state of a release must meet.

    Args:
        ingress: How traffic is divided: gatewayApi, istio or none.
        prepackaged: Whether a prepackaged server loads the model, so that a slot needs no image; None admits both.
    """
    slots = [rule for name in SLOTS for rule in _slot_rules(name, ingress, prepackaged=prepackaged)]
    return (*slots, *_experiment(ingress), _judged(flying=True), _judged(flying=False))


def _slot_rules(name: str, ingress: str, *, prepackaged: bool | None) -> list[Schema]:
    other = SLOTS[1] if name == SLOTS[0] else SLOTS[0]
    idle = {"routed": _OFF} if ingress == "gatewayApi" else {"routed": _OFF, "mirrored": _OFF}
    off: dict[str, Schema] = {"routed": _OFF, "mirrored": _OFF, "matched": _OFF, "weight": _NOTHING}
    behind = _all(_slot(name, routed=_OFF), _slot(other, routed=_ON))
    return [
        _if(_slot(name, enabled=_OFF), _slot(name, **off)),
        _if(_slot(name, enabled=_ON), _identity(name, prepackaged=prepackaged)),
        _if(_release(stable={"const": name}), _slot(name, enabled=_ON, routed=_ON)),
        _if(_slot(name, routed=_ON), _slot(name, weight={"minimum": 1})),
        _if(_slot(name, **idle), _slot(name, weight=_NOTHING)),
        _if(_all(_slot(name, routed=_ON), _slot(other, routed=_OFF)), _slot(name, weight=_ALL)),
        _if(_slot(name, mirrored=_ON), behind),
        _if(_slot(name, matched=_ON), behind),
        *([_if(_slot(name, routed=_ON), _release(stable={"const": name}))] if ingress == "none" else []),
    ]


def _identity(name: str, *, prepackaged: bool | None) -> Schema:
    common = _slot(name, version=_SOME, runId=_SOME, codeDigest=_SOME, dataDigest=_SOME)
    sources = {False: _slot(name, image=_SOME), True: _slot(name, modelUri=_SOME)}
    chosen = {"anyOf": list(sources.values())} if prepackaged is None else sources[prepackaged]
    return _all(common, chosen)


def _experiment(ingress: str) -> list[Schema]:
    if ingress != "gatewayApi":
        return [_slot(name, matched=_OFF) for name in SLOTS]
    header = _release(match={"properties": {"header": _SOME, "value": _SOME}})
    return [_if(_slot(name, matched=_ON), header) for name in SLOTS]


def _judged(*, flying: bool) -> Schema:
    resting = {"enum": ["none", "settled"]}
    phase = {"not": resting} if flying else resting
    return _if(_release(phase=phase), _release(inFlight={"const": flying}))


def _if(condition: Schema, consequence: Schema) -> Schema:
    return {"if": condition, "then": consequence}


def _all(*schemas: Schema) -> Schema:
    return {"allOf": list(schemas)}


def _release(**fields: Schema) -> Schema:
    return {"properties": {"release": {"properties": fields}}}


def _slot(name: str, **fields: Schema) -> Schema:
    return _release(**{name: {"properties": fields}})
