"""A chart as data, and what it declares: its values in reading order."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from mlops_charts.chart.errors import ChartError
from mlops_charts.chart.nodes import REQUIRED, Record, Text, Value, When
from mlops_charts.chart.presence import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True)
class Template:
    """One manifest of a chart.

    Attributes:
        file: its name below templates/: "seldondeployment.yaml".
        node: a manifest, or `when` around one.
        origin: path in model.yaml that caused it.
    """

    file: str
    node: Any
    origin: str = ""


@dataclass(frozen=True)
class Chart:
    """A Helm chart before it is text.

    Attributes:
        name: the chart's name.
        version: its version, a semantic one.
        description: one sentence.
        source: the file that it is generated from: "model/iris/model.yaml".
        templates: its manifests, one a file.
        records: state in the values that no template reads.
        constraints: further JSON Schema that the values as a whole must meet.
        notes: what Helm prints after an installation.
        readme: prose of the README above the table of values.
        files: further files, path within the chart to text, written as they are.
        unset: paths of values whose default is that of one environment, so that values.yaml must not state it.
    """

    name: str
    version: str
    description: str
    source: str
    templates: tuple[Template, ...]
    records: tuple[Record, ...] = ()
    constraints: tuple[dict[str, Any], ...] = ()
    notes: str = ""
    readme: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    unset: frozenset[str] = frozenset()

    @cached_property
    def stated(self) -> tuple[Value | Record, ...]:
        """Every value as it was stated, with the defaults that `unset` takes away."""
        return tuple(_stated(self))

    @cached_property
    def declared(self) -> tuple[Value | Record, ...]:
        """What `values_of` returns, found once: emitting a chart asks for it several times."""
        return tuple(_unset(value) if value.path in self.unset else value for value in self.stated)


def values_of(chart: Chart) -> list[Value | Record]:
    """Every declared value in the order in which a reader of the templates meets it, then the records.

    Raises:
        ChartError: if one path is declared in two ways, or lies within another.
    """
    return list(chart.declared)


def _stated(chart: Chart) -> list[Value | Record]:
    found: dict[str, Value | Record] = {}
    for template in chart.templates:
        try:
            _collect(template.node, found)
        except ChartError as error:
            error.in_file(f"templates/{template.file}")
            raise
    for record in chart.records:
        if found.setdefault(record.path, record) is not record:
            raise ChartError(f"value {record.path} is declared twice: once in a template, or as two records")
    _refuse_nested(found)
    return list(found.values())


def _unset(declared: Value | Record) -> Value | Record:
    return declared.without_default() if isinstance(declared, Value) else declared


def _collect(node: Any, found: dict[str, Value | Record]) -> None:
    if type(node) is Value:
        _declare(node, found)
        return
    for child in _children(node):
        if type(child) is not str:
            _collect(child, found)


def _children(node: Any) -> Iterable[Any]:
    kind = type(node)
    if kind is dict:
        return cast("Iterable[Any]", node.values())
    if kind is list:
        return cast("Iterable[Any]", node)
    if kind is When:
        return (*node.conditions, node.node)
    if kind is Text:
        return cast("Iterable[Any]", node.parts)
    return () if kind in _SCALARS else (plain(node),)


_SCALARS = frozenset({str, int, bool, float, type(None)})


def _declare(value: Value, found: dict[str, Value | Record]) -> None:
    known = found.setdefault(value.path, value)
    if known is not value and not (isinstance(known, Value) and known.same_as(value)):
        raise ChartError(f"value {value.path} is declared twice, and differently")


def _refuse_nested(found: Mapping[str, object]) -> None:
    for path in found:
        for above in _ancestors(path):
            if above in found:
                raise ChartError(f"value {path} lies within value {above}: one of the two must go")


def _ancestors(path: str) -> Iterator[str]:
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def default_values(chart: Chart) -> dict[str, Any]:
    """What values.yaml says: nested, without the values that have no default."""
    return nested({value.path: value.default for value in values_of(chart) if value.default is not REQUIRED})


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted paths as nested maps."""
    root: dict[str, Any] = {}
    for path, content in flat.items():
        *above, last = path.split(".")
        place = root
        for step in above:
            place = place.setdefault(step, {})
        place[last] = content
    return root
