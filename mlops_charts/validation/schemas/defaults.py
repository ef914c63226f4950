"""Defaults of structural schemas, and where one that is not written out would be a difference for ever.

Server-side apply merges objects without CRD defaults. What lies inside an atomic list or map is replaced as a whole, so
a default that the API server adds there never matches what was applied; so does one of a key of a list-type map.
"""

import copy
from collections.abc import Mapping
from typing import Any

from mlops_charts.validation.model import ObjectPath
from mlops_charts.validation.schemas.flaw import DEFAULT, Flaw, show

_Node = Mapping[str, Any]


def with_defaults(schema: _Node, value: _Node) -> tuple[dict[str, Any], list[Flaw]]:
    """The object with all its defaults, and a flaw for each of them that must be written out."""
    added: list[Flaw] = []
    return _object(schema, value, (), added, atomic=False), added


def _apply(node: _Node, value: Any, path: ObjectPath, added: list[Flaw], *, atomic: bool) -> Any:
    if isinstance(value, dict):
        inside = atomic or node.get("x-kubernetes-map-type") == "atomic"
        return _object(node, value, path, added, atomic=inside)
    if isinstance(value, list) and isinstance(node.get("items"), dict):
        return _list(node, value, path, added, atomic=atomic)
    return value


def _object(node: _Node, value: _Node, path: ObjectPath, added: list[Flaw], *, atomic: bool) -> dict[str, Any]:
    known, other = node.get("properties", {}), node.get("additionalProperties")
    out = dict(value)
    for name, part in known.items():
        if "default" in part and _is_absent(part, out, name):
            out[name] = _complete(part)
            if atomic:
                added.append(_missing((*path, name), name, out[name]))
        elif name in out:
            out[name] = _apply(part, out[name], (*path, name), added, atomic=atomic)
    if isinstance(other, dict):
        for name in [name for name in value if name not in known]:
            out[name] = _apply(other, out[name], (*path, name), added, atomic=atomic)
    return out


def _is_absent(part: _Node, value: _Node, name: str) -> bool:
    return name not in value or (value[name] is None and not part.get("nullable"))


def _complete(part: _Node) -> Any:
    """A default with the defaults of its own fields."""
    return _apply(part, copy.deepcopy(part["default"]), (), [], atomic=False)


def _list(node: _Node, value: list[Any], path: ObjectPath, added: list[Flaw], *, atomic: bool) -> list[Any]:
    kind, items = node.get("x-kubernetes-list-type", "atomic"), node["items"]
    if kind == "map" and not atomic:
        _missing_keys(node, value, path, added)
    inside = atomic or kind == "atomic"
    return [_apply(items, item, (*path, index), added, atomic=inside) for index, item in enumerate(value)]


def _missing_keys(node: _Node, value: list[Any], path: ObjectPath, added: list[Flaw]) -> None:
    fields = node["items"].get("properties", {})
    keys = [key for key in node.get("x-kubernetes-list-map-keys", ()) if "default" in fields.get(key, {})]
    items = [(index, item) for index, item in enumerate(value) if isinstance(item, dict)]
    added.extend(
        _missing((*path, index, key), key, fields[key]["default"])
        for index, item in items
        for key in keys
        if key not in item
    )


def _missing(path: ObjectPath, name: str, value: Any) -> Flaw:
    message = f"the default {show(value)} is not written out: after server-side apply it would be a difference for ever"
    return Flaw(path, DEFAULT, message, f"write {name}: {show(value)}")
