"""README.md, Chart.yaml and NOTES.txt of a chart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlops_charts.chart.braces import protect
from mlops_charts.chart.chart import nested
from mlops_charts.chart.headers import comment, sentence
from mlops_charts.chart.nodes import REQUIRED, Record, Value
from mlops_charts.chart.writer import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlops_charts.chart.chart import Chart

_LONGEST_DEFAULT = 60


def chart_text(chart: Chart) -> str:
    """Chart.yaml."""
    facts = {"apiVersion": "v2", "name": chart.name, "version": chart.version}
    return comment(sentence(chart.source)) + yaml_text(
        {**facts, "description": chart.description, "type": "application"}
    )


def notes_text(chart: Chart) -> str:
    """templates/NOTES.txt, printed as it is; its header is a comment that Helm swallows."""
    header = sentence(chart.source).replace("*/", "* /")
    return f"{{{{- /* {header} */ -}}}}\n{protect(chart.notes.strip())}\n"


def readme_text(chart: Chart, declared: Sequence[Value | Record]) -> str:
    """README.md: prose, then a table of the values."""
    prose = chart.readme.strip() or f"# {chart.name}\n\n{chart.description}"
    parts = [f"<!-- {sentence(chart.source).replace('--', '- -')} -->", prose]
    if declared:
        rows = "\n".join(_row(value) for value in _grouped(declared))
        parts.append(f"## Values\n\n| value | type | default | meaning |\n|---|---|---|---|\n{rows}")
    return "\n\n".join(parts) + "\n"


def _grouped(declared: Sequence[Value | Record]) -> Iterator[Value | Record]:
    """The values in the order of values.yaml, where those of one group stand together."""
    yield from _flat(nested({value.path: value for value in declared}))


def _flat(tree: dict[str, Any]) -> Iterator[Value | Record]:
    for item in tree.values():
        if isinstance(item, dict):
            yield from _flat(item)
        else:
            yield item


def _row(value: Value | Record) -> str:
    default = "**required**" if value.default is REQUIRED else _code(_short(value.default))
    return f"| `{value.path}` | {_cell(_type(value.schema))} | {default} | {_cell(value.description)} |"


def _short(default: Any) -> str:
    written = json.dumps(default, ensure_ascii=False)
    return written if len(written) <= _LONGEST_DEFAULT else f"{written[: _LONGEST_DEFAULT - 1]}…"


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    asked = schema.get("type", "any")
    limits = [f"{word} {schema[name]}" for name, word in _LIMITS.items() if name in schema]
    return ", ".join([" or ".join(asked) if isinstance(asked, list) else asked, *limits])


_LIMITS = {"minimum": "at least", "maximum": "at most"}


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{_cell(text)}{pad}{fence}"
