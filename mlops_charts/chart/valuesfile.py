"""values.yaml and its overlays as text with a comment on each entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_charts.chart.chart import Chart, nested, values_of
from mlops_charts.chart.errors import ChartError
from mlops_charts.chart.headers import comment, sentence
from mlops_charts.chart.nodes import REQUIRED, Record, Value
from mlops_charts.chart.scalars import key as key_text
from mlops_charts.chart.writer import yaml_text

_STEP = "  "


class _Entry:
    """One value as it shall stand in a file."""

    __slots__ = ("content", "description")

    def __init__(self, description: str, content: Any) -> None:
        self.description = description
        self.content = content


def values_text(chart: Chart, declared: list[Value | Record] | None = None) -> str:
    """values.yaml: every default, in reading order; what has none stands there as a comment."""
    declared = values_of(chart) if declared is None else declared
    entries = {value.path: _Entry(value.description, value.default) for value in declared}
    return _file(sentence(chart.source), entries)


def overlay(chart: Chart, content: Mapping[str, Any], header: str) -> str:
    """The text of a values file that sets some values of a chart.

    Args:
        chart: whose values they are.
        content: dotted path to value; the path may also lead into a subtree, or name a whole group of values.
        header: lines of comment above.

    Raises:
        ChartError: if the chart declares no such path.
    """
    declared = values_of(chart)
    entries: dict[str, _Entry] = {}
    for path, item in content.items():
        entries.update(_entries(path, item, declared))
    order = {value.path: index for index, value in enumerate(declared)}
    return _file(header, dict(sorted(entries.items(), key=lambda pair: _place(pair[0], order))))


def _place(path: str, order: Mapping[str, int]) -> int:
    return next(index for declared, index in order.items() if f"{path}.".startswith(f"{declared}."))


def _entries(path: str, item: Any, declared: list[Value | Record]) -> Iterator[tuple[str, _Entry]]:
    for value in declared:
        if path == value.path or (path.startswith(f"{value.path}.") and _has_inside(value)):
            yield path, _Entry(value.description if path == value.path else "", item)
            return
    group = any(value.path.startswith(f"{path}.") for value in declared)
    if not group or not isinstance(item, Mapping):
        raise ChartError(f"the chart declares no value {path}")
    for key, inner in item.items():
        yield from _entries(f"{path}.{key}", inner, declared)


def _has_inside(value: Value | Record) -> bool:
    return isinstance(value, Record) or value.kind.is_subtree


def _file(header: str, entries: Mapping[str, _Entry]) -> str:
    tree = nested(entries)
    groups = [_group(key, item, "") for key, item in tree.items()]
    return "\n".join([comment(header), *groups])


def _group(key: str, item: Any, indent: str) -> str:
    if isinstance(item, _Entry):
        return _entry(key, item, indent)
    if not _has_content(item):
        return _commented(_outline(key, item, ""), indent)
    inner = "".join(_group(name, below, indent + _STEP) for name, below in item.items())
    return f"{indent}{key_text(key)}\n{inner}"


def _entry(key: str, entry: _Entry, indent: str) -> str:
    if entry.content is REQUIRED:
        return _commented(_outline(key, entry, ""), indent)
    lines = yaml_text({key: entry.content}).splitlines()
    return comment(entry.description, indent) + "".join(f"{indent}{line}\n" if line else "\n" for line in lines)


def _has_content(item: Any) -> bool:
    if isinstance(item, _Entry):
        return item.content is not REQUIRED
    return any(_has_content(below) for below in item.values())


def _outline(key: str, item: Any, indent: str) -> list[str]:
    """What a values file must add: keys without values, and what they mean."""
    if isinstance(item, _Entry):
        return [f"{indent}{key_text(key)} required, no default. {' '.join(item.description.split())}".rstrip()]
    inner = [line for name, below in item.items() for line in _outline(name, below, indent + _STEP)]
    return [f"{indent}{key_text(key)}", *inner]


def _commented(lines: list[str], indent: str) -> str:
    return "".join(f"{indent}# {line}\n" for line in lines)
