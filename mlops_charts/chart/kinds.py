"""The types that a value may have, how one is found out, and whether a default keeps to its own limits."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Any

from mlops_charts.chart.errors import ChartError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Beyond these Helm, which reads numbers as 64-bit floats, would change an integer.
SAFE_INTEGER = 2**53 - 1


class Kind(enum.Enum):
    """A type by its name in JSON Schema."""

    INT = "integer"
    STR = "string"
    BOOL = "boolean"
    FLOAT = "number"
    MAP = "object"
    LIST = "array"

    @property
    def is_subtree(self) -> bool:
        """Whether values of this type have an inside."""
        return self in {Kind.MAP, Kind.LIST}


_OF_TYPE = {int: Kind.INT, str: Kind.STR, bool: Kind.BOOL, float: Kind.FLOAT, dict: Kind.MAP, list: Kind.LIST}


def kind_of(
    path: str, default: Any, asked: type | str | None, limits: Mapping[str, Any], schema: Mapping[str, Any] | None
) -> Kind:
    """The type that was asked for, else that of the default, of a choice, of the schema, or of the limits."""
    if asked is not None:
        return _named(path, asked)
    if default is not None:
        return _sampled(path, default)
    if "enum" in limits:
        return _sampled(path, limits["enum"][0])
    if schema is not None and "type" in schema:
        return _named(path, schema["type"])
    if "pattern" in limits:
        return Kind.STR
    raise ChartError(f"value {path}: without a default it needs type=")


def _named(path: str, asked: type | str) -> Kind:
    if isinstance(asked, type) and asked in _OF_TYPE:
        return _OF_TYPE[asked]
    if isinstance(asked, str) and asked in {kind.value for kind in Kind}:
        return Kind(asked)
    raise ChartError(f"value {path}: {asked!r} is no type of a value")


def _sampled(path: str, sample: Any) -> Kind:
    for python, kind in ((bool, Kind.BOOL), *_OF_TYPE.items()):
        if isinstance(sample, python):
            return kind
    if isinstance(sample, tuple):
        return Kind.LIST
    raise ChartError(f"value {path}: a default of type {type(sample).__name__} is no plain data")


def check_default(path: str, default: Any, kind: Kind, schema: Mapping[str, Any]) -> None:
    """Raise ChartError if a scalar default breaks its own type or limits; subtrees are left to Helm's own check."""
    sampled = _sampled(path, default)
    if sampled is not kind and not (kind is Kind.FLOAT and sampled is Kind.INT):
        raise ChartError(f"value {path}: the default is of type {sampled.value}, not {kind.value}")
    broken = [name for name, breaks in _BREAKS.items() if name in schema and breaks(default, schema[name])]
    if broken and not kind.is_subtree:
        raise ChartError(f"value {path}: the default {default!r} breaks {broken[0]}: {schema[broken[0]]!r}")


_BREAKS: Mapping[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda default, limit: default < limit,
    "maximum": lambda default, limit: default > limit,
    "pattern": lambda default, limit: re.search(limit, default) is None,
    "enum": lambda default, limit: default not in limit,
}
