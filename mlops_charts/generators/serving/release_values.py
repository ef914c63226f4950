"""The release file as values of the serving chart: what templates read, what they leave alone, what is never admitted.

None of them has a default: a release file that is missing or lost a slot must fail to render, not prune what serves.
Other generators take the values that they need from here, so that all declarations agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from mlops_charts.chart import Record, Value, record, value
from mlops_charts.contract import PREPACKAGED
from mlops_charts.generators.serving.release_rules import release_constraints
from mlops_charts.planning import SLOTS, Plan
from mlops_charts.release.state import Identity, Match, Phase, ReleaseState, Slot, SlotName

__all__ = [
    "SlotName",
    "SlotValues",
    "both",
    "in_flight",
    "match",
    "release_constraints",
    "release_records",
    "slot",
    "stable",
]

_ALL = 100
_MOMENT = "^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(Z|[+-][0-9]{2}:[0-9]{2}))?$"
_IMAGE = "^([a-z0-9][a-z0-9._:/-]*[:@][A-Za-z0-9._:-]+)?$"
_VERSION = r"^[0-9A-Za-z.+-]*$"
_HEADER = "^[A-Za-z0-9-]*$"
_HEADER_VALUE = "^[A-Za-z0-9._-]*$"
_ANY = {"type": "string"}


@dataclass(frozen=True)
class SlotValues:
    """The values of one slot that templates may read."""

    enabled: Value
    routed: Value
    mirrored: Value
    matched: Value
    weight: Value
    min_replicas: Value
    version: Value
    image: Value
    model_uri: Value


@cache
def slot(name: SlotName) -> SlotValues:
    """Return the values of a slot."""

    def flag(key: str, field: str) -> Value:
        return value(f"release.{name}.{key}", type=bool, description=_meaning(Slot, field))

    return SlotValues(
        enabled=flag("enabled", "enabled"),
        routed=flag("routed", "routed"),
        mirrored=flag("mirrored", "mirrored"),
        matched=flag("matched", "matched"),
        weight=value(f"release.{name}.weight", type=int, minimum=0, maximum=_ALL, description=_meaning(Slot, "weight")),
        min_replicas=value(
            f"release.{name}.minReplicas", type=int, minimum=1, description=_meaning(Slot, "min_replicas")
        ),
        version=value(f"release.{name}.version", pattern=_VERSION, description=_meaning(Identity, "version")),
        image=value(f"release.{name}.image", pattern=_IMAGE, description=_meaning(Identity, "image")),
        model_uri=value(f"release.{name}.modelUri", type=str, description=_meaning(Identity, "model_uri")),
    )


@cache
def stable() -> Value:
    """Return the value that names the slot which answers users."""
    return value("release.stable", enum=("none", *SLOTS), description=_meaning(ReleaseState, "stable"))


@cache
def in_flight() -> Value:
    """Return the value that says whether a release is under way."""
    return value("release.inFlight", type=bool, description=_meaning(ReleaseState, "in_flight"))


@cache
def match() -> tuple[Value, Value]:
    """Return name and value of the header that decides in an experiment."""
    return (
        value("release.match.header", pattern=_HEADER, description=_meaning(Match, "header")),
        value("release.match.value", pattern=_HEADER_VALUE, description=_meaning(Match, "value")),
    )


def both(field: str) -> list[Value]:
    """Return one boolean of both slots, as the condition of what either of them needs."""
    return [getattr(slot(name), field) for name in SLOTS]


def release_records(plan: Plan) -> tuple[Record, ...]:
    """Return what stands in the release file and in no template of the serving chart."""
    used = _used(plan)
    return tuple(
        record(path, schema, description)
        for path, schema, description in (*_common(), *_slot_fields("blue"), *_slot_fields("green"))
        if path not in used
    )


def _used(plan: Plan) -> frozenset[str]:
    # Whether there is an autoscaler is the same in all environments; its bounds are values.
    ingress, serving = plan.platform.ingress.type, plan.environments[0].spec.serving
    by_ingress: dict[str, tuple[str, ...]] = {
        "gatewayApi": ("mirrored", "matched", "weight"),
        "istio": ("mirrored", "weight"),
        "none": (),
    }
    fields = [
        "enabled", "routed", "version", *by_ingress[ingress],
        "modelUri" if serving.runtime in PREPACKAGED else "image",
        *(["minReplicas"] if serving.autoscaling else []),
    ]  # fmt: skip
    experiment = ("release.match.header", "release.match.value") if ingress == "gatewayApi" else ()
    chosen = ("release.stable",) if ingress == "none" else ()
    slots = [f"release.{name}.{field}" for name in SLOTS for field in fields]
    return frozenset([*slots, *experiment, *chosen, "release.inFlight"])


def _common() -> tuple[tuple[str, dict[str, Any], str], ...]:
    texts: dict[str, tuple[type[Any], dict[str, Any]]] = {
        "phase": (ReleaseState, {**_ANY, "enum": list(get_args(Phase))}),
        "stable": (ReleaseState, {**_ANY, "enum": ["none", *SLOTS]}),
        "paused": (ReleaseState, {"type": "boolean"}),
        "step": (ReleaseState, {"type": "integer", "minimum": 0}),
        "startedAt": (ReleaseState, {**_ANY, "pattern": _MOMENT}),
        "stepStartedAt": (ReleaseState, {**_ANY, "pattern": _MOMENT}),
        "policy": (ReleaseState, {"type": "object"}),
        "rejected": (ReleaseState, {"type": "array", "items": {"type": "object"}}),
        "match.header": (Match, {**_ANY, "pattern": _HEADER}),
        "match.value": (Match, {**_ANY, "pattern": _HEADER_VALUE}),
    }
    return tuple((f"release.{key}", schema, _described(model, key)) for key, (model, schema) in texts.items())


def _slot_fields(name: str) -> tuple[tuple[str, dict[str, Any], str], ...]:
    flags = {key: {"type": "boolean"} for key in ("mirrored", "matched")}
    fields: dict[str, dict[str, Any]] = {
        **flags,
        "weight": {"type": "integer", "minimum": 0, "maximum": _ALL},
        "minReplicas": {"type": "integer", "minimum": 1},
        "image": {**_ANY, "pattern": _IMAGE},
        "modelUri": _ANY,
        "runId": _ANY,
        "codeDigest": _ANY,
        "dataDigest": _ANY,
    }
    return tuple((f"release.{name}.{key}", schema, _described(Slot, key)) for key, schema in fields.items())


def _described(model: type[Any], key: str) -> str:
    last = key.rpartition(".")[2]
    return next(_meaning(model, field) for field, info in model.model_fields.items() if (info.alias or field) == last)


def _meaning(model: type[Any], field: str) -> str:
    return str(model.model_fields[field].description)
