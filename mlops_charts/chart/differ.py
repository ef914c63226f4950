"""What two renderings of one chart have different: nothing but the defaults of their values, or it is no one chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_charts.chart.errors import ChartError
from mlops_charts.chart.nodes import Text, Value, When
from mlops_charts.chart.presence import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_charts.chart.chart import Template

_SCALARS = frozenset({str, int, bool, float})


def differing_defaults(base: Sequence[Template], other: Sequence[Template]) -> dict[str, Any]:
    """Return path and default of each value of `other` that has another default in `base`.

    Raises:
        ChartError: The two differ in more than defaults, with the file and the path in it.
    """
    if [template.file for template in base] != [template.file for template in other]:
        raise ChartError("two environments have different objects: a difference must be a value")
    found: dict[str, Any] = {}
    for one, two in zip(base, other, strict=True):
        _compare(one.node, two.node, f"templates/{one.file}", found)
    return found


def _compare(one: Any, two: Any, where: str, found: dict[str, Any]) -> None:
    kind = type(one)
    if kind in _SCALARS:
        if type(two) is not kind or one != two:
            raise ChartError(f"{where}: {one!r} in one environment and {two!r} in another: this must be a value")
    elif isinstance(one, Value) and isinstance(two, Value) and one.path == two.path:
        if repr(one.default) != repr(two.default):
            found[one.path] = two.default
    elif type(two) is not kind:
        raise ChartError(f"{where}: two environments have different structures: the difference must be a value")
    else:
        _compare_children(one, two, where, found)


def _compare_children(one: Any, two: Any, where: str, found: dict[str, Any]) -> None:
    if isinstance(one, When):
        pairs = [*zip(one.conditions, two.conditions, strict=True), (one.node, two.node)]
    elif isinstance(one, Text):
        pairs = _pairs(one.parts, two.parts, where)
    elif isinstance(one, dict):
        if list(one) != list(two):
            raise ChartError(f"{where}: keys {list(one)} in one environment and {list(two)} in another")
        for key, item in one.items():
            _compare(item, two[key], f"{where}: {key}", found)
        return
    elif isinstance(one, list | tuple):
        pairs = _pairs(one, two, where)
    else:
        pairs = [(plain(one), plain(two))]
    for mine, theirs in pairs:
        _compare(mine, theirs, where, found)


def _pairs(one: Sequence[Any], two: Sequence[Any], where: str) -> list[tuple[Any, Any]]:
    if len(one) != len(two):
        raise ChartError(f"{where}: {len(one)} entries in one environment and {len(two)} in another")
    return list(zip(one, two, strict=True))
