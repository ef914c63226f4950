"""Value validations of one schema node: enum, pattern, bounds, lengths, formats, required fields, unique items."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops_charts.validation.model import ObjectPath
from mlops_charts.validation.schemas.flaw import Flaw, invalid, show
from mlops_charts.validation.schemas.formats import compiled, format_accepts

_TOLERANCE: Final = 1e-9


def limits(node: Mapping[str, Any], value: Any, path: ObjectPath) -> Iterator[Flaw]:
    """What the node itself has against a value whose type is right."""
    if "enum" in node and value not in node["enum"]:
        allowed = ", ".join(show(item) for item in node["enum"])
        yield invalid(path, f"{show(value)} is not one of the accepted values", f"accepted: {allowed}")
    if "format" in node and not format_accepts(node["format"], value):
        yield invalid(path, f"{show(value)} is no {node['format']}")
    if isinstance(value, str):
        yield from _text(node, value, path)
    elif isinstance(value, dict):
        yield from _map(node, value, path)
    elif isinstance(value, list):
        yield from _list(node, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number(node, value, path)


def _sized(node: Mapping[str, Any], size: int, keys: tuple[str, str], what: str, path: ObjectPath) -> Iterator[Flaw]:
    least, most = node.get(keys[0]), node.get(keys[1])
    if least is not None and size < least:
        yield invalid(path, f"has {size} {what}, at least {least} are needed")
    if most is not None and size > most:
        yield invalid(path, f"has {size} {what}, at most {most} are accepted")


def _text(node: Mapping[str, Any], value: str, path: ObjectPath) -> Iterator[Flaw]:
    yield from _sized(node, len(value), ("minLength", "maxLength"), "characters", path)
    pattern = node.get("pattern")
    if pattern is None:
        return
    regex = compiled(pattern)
    if regex is None:
        yield invalid(path, f"cannot be checked: Python does not read the pattern {show(pattern)}")
    elif not regex.search(value):
        yield invalid(path, f"{show(value)} does not match the pattern", f"pattern: {pattern}")


def _map(node: Mapping[str, Any], value: Mapping[str, Any], path: ObjectPath) -> Iterator[Flaw]:
    yield from _sized(node, len(value), ("minProperties", "maxProperties"), "fields", path)
    for name in node.get("required", ()):
        if name not in value:
            yield invalid((*path, name), f'the required field "{name}" is missing')


def _list(node: Mapping[str, Any], value: list[Any], path: ObjectPath) -> Iterator[Flaw]:
    yield from _sized(node, len(value), ("minItems", "maxItems"), "items", path)
    yield from repeated_items(node, value, path)


def repeated_items(node: Mapping[str, Any], value: list[Any], path: ObjectPath) -> Iterator[Flaw]:
    """Items that a set has twice, or whose keys a list of type map has twice."""
    kind = node.get("x-kubernetes-list-type")
    if kind == "map":
        keys = node.get("x-kubernetes-list-map-keys", ())
        marks = [{key: item.get(key) for key in keys} if isinstance(item, dict) else item for item in value]
        yield from _repeated(marks, path)
    elif kind == "set" or node.get("uniqueItems"):
        yield from _repeated(value, path)


def _repeated(marks: list[Any], path: ObjectPath) -> Iterator[Flaw]:
    first: dict[str, int] = {}
    for index, mark in enumerate(marks):
        text = json.dumps(mark, sort_keys=True, default=str)
        if text in first:
            yield invalid((*path, index), f"{show(mark)} stands here twice, first as item {first[text]}")
        first.setdefault(text, index)


def _number(node: Mapping[str, Any], value: float, path: ObjectPath) -> Iterator[Flaw]:
    least, most, step = node.get("minimum"), node.get("maximum"), node.get("multipleOf")
    if least is not None and (value <= least if node.get("exclusiveMinimum") else value < least):
        yield invalid(
            path, f"{show(value)} is too small", _bound("more than", "at least", "exclusiveMinimum", least, node)
        )
    if most is not None and (value >= most if node.get("exclusiveMaximum") else value > most):
        yield invalid(
            path, f"{show(value)} is too large", _bound("less than", "at most", "exclusiveMaximum", most, node)
        )
    if step and abs(value / step - round(value / step)) > _TOLERANCE:
        yield invalid(path, f"{show(value)} is not a multiple of {show(step)}")


def _bound(exclusive: str, inclusive: str, flag: str, bound: float, node: Mapping[str, Any]) -> str:
    return f"{exclusive if node.get(flag) else inclusive} {show(bound)}"
