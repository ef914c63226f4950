"""A chart as the text of its files."""

from __future__ import annotations

import json
from typing import Any

from mlops_charts.chart.braces import protect
from mlops_charts.chart.chart import Chart, Template, values_of
from mlops_charts.chart.errors import ChartError
from mlops_charts.chart.headers import comment, sentence
from mlops_charts.chart.jsontext import json_text
from mlops_charts.chart.readme import chart_text, notes_text, readme_text
from mlops_charts.chart.scalars import ODD
from mlops_charts.chart.schema import values_schema
from mlops_charts.chart.valuesfile import values_text
from mlops_charts.chart.writer import template_text, yaml_text


def emit_chart(chart: Chart) -> dict[str, str]:
    """Every file of a chart: its path within the chart, and its text.

    Raises:
        ChartError: if the chart was built wrong, with the file and the path in it.
    """
    declared = values_of(chart)
    files = {
        "Chart.yaml": chart_text(chart),
        "values.yaml": values_text(chart, declared),
        "values.schema.json": _json(values_schema(chart)),
        "README.md": readme_text(chart, declared),
    }
    further = [(f"templates/{template.file}", _template(chart, template)) for template in chart.templates]
    if chart.notes:
        further.append(("templates/NOTES.txt", notes_text(chart)))
    for path, text in (*further, *chart.files.items()):
        if path in files:
            raise ChartError("two files of the chart have this path").in_file(path)
        files[path] = text
    return files


def _json(data: Any) -> str:
    """JSON that reads well, with escapes for the characters that editors do not show."""
    written = json_text(data)
    return (
        ODD.sub(lambda match: match.group() if match.group() == "\n" else json.dumps(match.group())[1:-1], written)
        + "\n"
    )


def _template(chart: Chart, template: Template) -> str:
    try:
        return protect(comment(sentence(chart.source))) + template_text(template.node)
    except ChartError as error:
        error.in_file(f"templates/{template.file}")
        raise


def emit_manifest(manifest: Any, header: str) -> str:
    """Plain YAML of an object without values, below a comment.

    Raises:
        ChartError: if a value stands in it, or what is no data.
    """
    return comment(header) + yaml_text(manifest)
