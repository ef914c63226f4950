"""A chart as the text of its files."""

from __future__ import annotations

import json
from typing import Any

from mlops_charts.chart.braces import protect
from mlops_charts.chart.chart import Chart, Template, values_of
from mlops_charts.chart.errors import ChartError
from mlops_charts.chart.headers import comment, sentence
from mlops_charts.chart.readme import chart_text, notes_text, readme_text
from mlops_charts.chart.schema import values_schema
from mlops_charts.chart.valuesfile import values_text
from mlops_charts.chart.writer import template_text, yaml_text


def emit_chart(chart: Chart) -> dict[str, str]:
    """Every file of a chart: its path within the chart, and its text.

    Raises:
        ChartError: if the chart was built wrong, with the file and the path in it.
    """
    declared = values_of(chart)
    schema = json.dumps(values_schema(chart), indent=2, ensure_ascii=False, allow_nan=False)
    files = {
        "Chart.yaml": chart_text(chart),
        "values.yaml": values_text(chart, declared),
        "values.schema.json": schema + "\n",
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
