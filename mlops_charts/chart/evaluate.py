"""The meaning of nodes in Python: the manifests that Helm must print, and values as Helm merges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mlops_charts.chart.errors import ChartError
from mlops_charts.chart.kinds import Kind
from mlops_charts.chart.nodes import Text, Value, When
from mlops_charts.chart.presence import plain

if TYPE_CHECKING:
    from mlops_charts.chart.chart import Chart, Template

_ABSENT = object()
# Go writes whole floats below this as integers.
_WHOLE = range(-(2**63), 2**64)


def evaluate(chart: Chart, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The manifests that Helm must print for these values, in the order of the templates; absent ones are left out.

    Args:
        chart: what to evaluate.
        values: all values, the chart's defaults among them (see `merge`).

    Raises:
        ChartError: if a value is missing.
    """
    documents = []
    for template in chart.templates:
        try:
            manifest = _evaluate(template.node, values)
        except ChartError as error:
            error.in_file(f"templates/{template.file}")
            raise
        if manifest is not _ABSENT:
            documents.append(manifest)
    return documents


def _evaluate(node: Any, values: Mapping[str, Any]) -> Any:
    kind = type(node)
    if kind in _SCALARS:
        return node
    meaning = _MEANINGS.get(kind)
    return meaning(node, values) if meaning else _evaluate(plain(node), values)


def _map(node: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    pairs = ((key, _evaluate(item, values)) for key, item in node.items())
    return {key: item for key, item in pairs if item is not _ABSENT}


def _list(node: list[Any], values: Mapping[str, Any]) -> list[Any]:
    return [item for item in (_evaluate(entry, values) for entry in node) if item is not _ABSENT]


def _when(node: When, values: Mapping[str, Any]) -> Any:
    present = any(look_up(condition, values) for condition in node.conditions)
    return _evaluate(node.node, values) if present else _ABSENT


def _text(node: Text, values: Mapping[str, Any]) -> str:
    return "".join(part if isinstance(part, str) else str(look_up(part, values)) for part in node.parts)


def look_up(value: Value, values: Mapping[str, Any]) -> Any:
    """What a template prints for a value, of the type that was declared.

    Raises:
        ChartError: if it is missing.
    """
    place: Any = values
    for step in value.path.split("."):
        if not isinstance(place, Mapping) or place.get(step) is None:
            raise ChartError(f"value {value.path} is missing")
        place = place[step]
    if value.kind is Kind.INT:
        return int(place)
    if value.kind is Kind.FLOAT:
        return float(place)
    return _as_go(place) if value.kind.is_subtree else place


_SCALARS = frozenset({str, int, bool, float})
_MEANINGS: Mapping[type, Callable[[Any, Mapping[str, Any]], Any]] = {
    dict: _map,
    list: _list,
    Value: look_up,
    When: _when,
    Text: _text,
}


def _as_go(content: Any) -> Any:
    """A subtree with its numbers as Helm's toYaml prints them, having read all as floats."""
    if isinstance(content, Mapping):
        return {key: _as_go(item) for key, item in content.items()}
    if isinstance(content, (list, tuple)):
        return [_as_go(item) for item in content]
    if isinstance(content, (int, float)) and not isinstance(content, bool):
        number = float(content)
        # Go writes the shortest digits that read back as the same float, and zeros behind them.
        whole = int(Decimal(repr(number))) if number.is_integer() else None
        return number if whole is None or whole not in _WHOLE else whole
    return content


def merge(base: Mapping[str, Any], *overlays: Mapping[str, Any]) -> dict[str, Any]:
    """Values as Helm merges them: maps key by key, lists replaced whole, null erases a default."""
    given: dict[str, Any] = {}
    for overlay in overlays:
        given = _overlaid(given, overlay)
    return _coalesced({key: _without_nulls(default) for key, default in base.items()}, given)


def _without_nulls(default: Any) -> Any:
    """A default as Helm takes it: null within a map is as good as no default."""
    if not isinstance(default, Mapping):
        return default
    return {key: _without_nulls(item) for key, item in default.items() if item is not None}


def _overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, item in above.items():
        old = merged.get(key)
        merged[key] = _overlaid(old, item) if isinstance(old, Mapping) and isinstance(item, Mapping) else item
    return merged


def _coalesced(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(given)
    for key, default in base.items():
        if key not in given:
            if default is not None:
                merged[key] = default
        elif given[key] is None:
            del merged[key]
        elif isinstance(given[key], Mapping) and isinstance(default, Mapping):
            merged[key] = _coalesced(default, given[key])
    return merged


def origin_at(template: Template, path: tuple[str | int, ...]) -> str:
    """The path in model.yaml that decided what stands at `path` of a manifest: that of the deepest value on the way.

    List indices count the entries as declared, so with absent entries before them the answer is a near one.
    """
    origin, node = template.origin, template.node
    for step in (*path, None):
        while isinstance(node, When):
            origin, node = node.conditions[0].origin, node.node
        if isinstance(node, Value):
            return node.origin
        if isinstance(node, Text):
            return next((part.origin for part in node.parts if isinstance(part, Value)), origin)
        try:
            node = plain(node)[step]
        except (ChartError, LookupError, TypeError):
            return origin
    return origin
