"""What nodes mean in Python, and how values are merged."""

from __future__ import annotations

from typing import Any

import pytest

from mlops_charts.chart import Chart, ChartError, Template, emit_chart, evaluate, merge, text, value, when

COUNT = value("count", 1)
ON = value("on", True)
NAME = value("name", "a", pattern="^[a-z]*$")
RATIO = value("ratio", 0.5)
TREE = value("tree", {}, schema={"type": "object"})


def evaluated(node: Any, values: dict[str, Any]) -> Any:
    """The manifests of a chart of one template."""
    return evaluate(Chart("c", "0.1.0", "d", "s", (Template("a.yaml", node),)), values)


@pytest.mark.parametrize(
    ("node", "values", "expected"),
    [
        ({"a": COUNT}, {"count": 100.0}, [{"a": 100}]),
        ({"a": RATIO}, {"ratio": 1}, [{"a": 1.0}]),
        ({"a": TREE}, {"tree": {"x": [1.0, 1.5, True, "1"]}}, [{"a": {"x": [1, 1.5, True, "1"]}}]),
        ({"a": text("{n}-{c}", n=NAME, c=COUNT)}, {"name": "x", "count": 2.0}, [{"a": "x-2"}]),
        ({"a": when(ON, 1), "b": [when(ON, 1), 2]}, {"on": False}, [{"b": [2]}]),
        ({"a": when([ON, value("off", False)], 1)}, {"on": False, "off": True}, [{"a": 1}]),
        (when(ON, {"a": 1}), {"on": False}, []),
        ({"a": (1, 2)}, {}, [{"a": [1, 2]}]),
    ],
)
def test_meaning(node: Any, values: dict[str, Any], expected: Any) -> None:
    """Each node gives what Helm prints for it, of the declared type."""
    assert repr(evaluated(node, values)) == repr(expected)


@pytest.mark.parametrize("values", [{}, {"count": None}])
def test_a_missing_value_is_told(values: dict[str, Any]) -> None:
    """No value is ever taken for empty."""
    with pytest.raises(ChartError, match=r"templates/a.yaml: value count is missing"):
        evaluated({"a": COUNT}, values)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([{"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}], {"a": {"b": 3, "c": 2}}),
        ([{"a": {"b": 1}}, {"a": {}}], {"a": {"b": 1}}),
        ([{"a": [1, 2]}, {"a": [3]}], {"a": [3]}),
        ([{"a": 1, "b": 2}, {"a": None}], {"b": 2}),
        ([{"a": 1}, {"a": None}, {"a": 2}], {"a": 2}),
        ([{"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"d": 3}}], {"a": {"b": 1, "c": 2, "d": 3}}),
        ([{}, {"a": None}], {"a": None}),
    ],
)
def test_merging(layers: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    """Maps are merged, lists replaced, and null erases a default."""
    assert merge(*layers) == expected


def test_the_schema_file_shows_every_character() -> None:
    """Characters that editors hide are escapes in values.schema.json."""
    chart = Chart("c", "0.1.0", "d", "s", (Template("a.yaml", {"a": TREE}),))

    assert "\\u2028" in emit_chart(chart)["values.schema.json"]
    assert "\u2028" not in emit_chart(chart)["values.schema.json"]
