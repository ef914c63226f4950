"""values.schema.json: closed, everything required, because Helm prints nothing for a value that is absent."""

from __future__ import annotations

from typing import Any

from mlops_charts.chart.chart import Chart, nested, values_of
from mlops_charts.chart.headers import sentence
from mlops_charts.chart.kinds import SAFE_INTEGER, Kind
from mlops_charts.chart.nodes import Record, Value

DIALECT = "https://json-schema.org/draft/2020-12/schema"


# What Helm's YAML carries unchanged inside a subtree: no controls, no exotic line ends, no byte order mark.
PRINTABLE = "^[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]*$"
_REFERENCE = {"$ref": "#/$defs/printable"}
_PRINTABLE = {
    "$comment": "At any depth no control characters, which YAML would lose, and no key that YAML takes for a merge.",
    "pattern": PRINTABLE,
    "propertyNames": {"pattern": PRINTABLE, "not": {"const": "<<"}},
    "additionalProperties": _REFERENCE,
    "items": _REFERENCE,
}


class _Leaf(dict[str, Any]):
    """The schema of one declared value, told apart from the map of a group."""


def values_schema(chart: Chart) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of all values of a chart."""
    tree = nested({value.path: _Leaf(_schema_of(value)) for value in values_of(chart)})
    head = {"$comment": sentence(chart.source), "$schema": DIALECT, "title": f"Values of the chart {chart.name}"}
    root = _closed(tree)
    # Helm hands these to a chart that is used as a part of another.
    root["properties"] = {
        **root["properties"],
        "global": {"type": "object", "description": "Set by Helm for subcharts."},
    }
    constraints = {"allOf": list(chart.constraints)} if chart.constraints else {}
    subtrees = any(_is_subtree(value) for value in values_of(chart))
    return {**head, **root, **constraints, **({"$defs": {"printable": _PRINTABLE}} if subtrees else {})}


def _closed(tree: dict[str, Any]) -> dict[str, Any]:
    properties = {key: item if isinstance(item, _Leaf) else _closed(item) for key, item in tree.items()}
    return {
        "type": "object",
        "additionalProperties": False,
        **({"required": list(properties)} if properties else {}),
        "properties": properties,
    }


def _schema_of(value: Value | Record) -> dict[str, Any]:
    described = {"description": value.description} if value.description else {}
    exact = {"minimum": -SAFE_INTEGER, "maximum": SAFE_INTEGER} if _needs_bounds(value) else {}
    carried = {"allOf": [*value.schema.get("allOf", ()), _REFERENCE]} if _is_subtree(value) else {}
    return {**described, **exact, **value.schema, **carried}


def _is_subtree(value: Value | Record) -> bool:
    return isinstance(value, Value) and value.kind.is_subtree


def _needs_bounds(value: Value | Record) -> bool:
    return isinstance(value, Value) and value.kind is Kind.INT and "enum" not in value.schema
