"""Structural schemas: the shape of a custom resource, checked as an API server does with strict field validation.

``structure`` expects an object whose defaults are filled in already (see defaults.py), as an API server validates it.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from mlops_charts.validation.model import ObjectPath
from mlops_charts.validation.schemas.flaw import Flaw, invalid, show, unknown_field
from mlops_charts.validation.schemas.limits import limits
from mlops_charts.validation.schemas.metadata import check_metadata

_Node = Mapping[str, Any]
_ENVELOPE: Final = ("apiVersion", "kind", "metadata")
_WORDS: Final[Mapping[str, str]] = {
    "object": "a map",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
}


def _is_number(value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole or (isinstance(value, float) and math.isfinite(value))


_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
}


def check_resource(schema: _Node, value: _Node) -> Iterator[Flaw]:
    """Check a whole custom resource: its metadata, and everything else against the schema of its version."""
    yield from check_metadata(value.get("metadata"), ("metadata",))
    yield from _value(_without_envelope(schema), {k: v for k, v in value.items() if k not in _ENVELOPE}, ())
    yield from _values_only(_metadata_limits(schema), value.get("metadata"), ("metadata",))


def _without_envelope(schema: _Node) -> _Node:
    """The root without the three fields that every object has, whatever its schema says of them."""
    required = [name for name in schema.get("required", ()) if name not in _ENVELOPE]
    return {**schema, "required": required, "x-kubernetes-embedded-resource": False}


def _metadata_limits(schema: _Node) -> _Node:
    node = schema.get("properties", {}).get("metadata", {})
    return {"properties": node.get("properties", {})} if isinstance(node, dict) else {}


def structure(node: _Node, value: Any, path: ObjectPath) -> list[Flaw]:
    """Everything that a structural schema has against a value."""
    return list(_value(node, value, path))


def _value(node: _Node, value: Any, path: ObjectPath) -> Iterator[Flaw]:
    if not _type_fits(node, value):
        yield invalid(path, f"must be {_wanted(node)}, found {show(value)}")
        return
    if value is None:
        return
    yield from _validations(node, value, path)
    if isinstance(value, dict):
        yield from _fields(node, value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _value(node.get("items", _ANYTHING), item, (*path, index))


_ANYTHING: Final[_Node] = {"x-kubernetes-preserve-unknown-fields": True}


def _type_fits(node: _Node, value: Any) -> bool:
    wanted = node.get("type")
    if value is None:
        return bool(node.get("nullable")) or (wanted is None and not node.get("x-kubernetes-int-or-string"))
    if node.get("x-kubernetes-int-or-string"):
        return isinstance(value, str) or _TYPES["integer"](value)
    return wanted is None or _TYPES[wanted](value)


def _wanted(node: _Node) -> str:
    if node.get("x-kubernetes-int-or-string"):
        return "an integer or a string"
    return _WORDS[node["type"]]


def _fields(node: _Node, value: _Node, path: ObjectPath) -> Iterator[Flaw]:
    known, other = node.get("properties", {}), node.get("additionalProperties")
    embedded = bool(node.get("x-kubernetes-embedded-resource"))
    if embedded:
        yield from _embedded(value, path)
    open_ended = other is True or node.get("x-kubernetes-preserve-unknown-fields")
    for name, item in value.items():
        if embedded and name in _ENVELOPE:
            continue
        if name in known:
            yield from _value(known[name], item, (*path, name))
        elif isinstance(other, dict):
            yield from _value(other, item, (*path, name))
        elif not open_ended:
            yield unknown_field(path, name, (*known, *_ENVELOPE) if embedded or not path else known)


def _embedded(value: _Node, path: ObjectPath) -> Iterator[Flaw]:
    for name in ("apiVersion", "kind"):
        if not isinstance(value.get(name), str) or not value[name]:
            yield invalid((*path, name), f"an embedded object needs {name}, a string")
    if "metadata" in value:
        named = {"name": "any"} | value["metadata"] if isinstance(value["metadata"], dict) else value["metadata"]
        yield from check_metadata(named, (*path, "metadata"))


def _validations(node: _Node, value: Any, path: ObjectPath) -> Iterator[Flaw]:
    yield from limits(node, value, path)
    for part in node.get("allOf", ()):
        yield from _values_only(part, value, path)
    yield from _alternatives(node, value, path)
    if "not" in node and not any(_values_only(node["not"], value, path)):
        yield invalid(path, f"{show(value)} is what the schema rules out", f"must not match {show(node['not'])}")


def _alternatives(node: _Node, value: Any, path: ObjectPath) -> Iterator[Flaw]:
    for word in ("anyOf", "oneOf"):
        if word not in node:
            continue
        refusals = [list(_values_only(part, value, path)) for part in node[word]]
        fitting = sum(not flaws for flaws in refusals)
        if fitting == 0:
            reasons = "; or: ".join(flaws[0].message for flaws in refusals)
            yield invalid(path, "fits none of the alternatives that the schema offers", reasons)
        elif fitting > 1 and word == "oneOf":
            yield invalid(path, f"fits {fitting} of {len(refusals)} alternatives that exclude each other")


def _values_only(node: _Node, value: Any, path: ObjectPath) -> Iterator[Flaw]:
    """A node below allOf, anyOf, oneOf or not: it says nothing of fields that it does not name."""
    wanted = node.get("type")
    if wanted is not None and value is not None and not _TYPES[wanted](value):
        yield invalid(path, f"must be {_WORDS[wanted]}, found {show(value)}")
        return
    yield from _validations(node, value, path)
    if isinstance(value, dict):
        for name, part in node.get("properties", {}).items():
            if name in value:
                yield from _values_only(part, value[name], (*path, name))
    elif isinstance(value, list) and "items" in node:
        for index, item in enumerate(value):
            yield from _values_only(node["items"], item, (*path, index))
