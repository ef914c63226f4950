"""values.schema.json: closed, everything required, because Helm prints nothing for a value that is absent."""

from __future__ import annotations

from typing import Any

from mlops_charts.chart.chart import Chart, nested, values_of
from mlops_charts.chart.headers import sentence
from mlops_charts.chart.kinds import SAFE_INTEGER, Kind
from mlops_charts.chart.nodes import Record, Value

DIALECT = "https://json-schema.org/draft/2020-12/schema"


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
    return {**head, **root, **({"allOf": list(chart.constraints)} if chart.constraints else {})}


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
    return {**described, **exact, **value.schema}


def _needs_bounds(value: Value | Record) -> bool:
    return isinstance(value, Value) and value.kind is Kind.INT and "enum" not in value.schema
