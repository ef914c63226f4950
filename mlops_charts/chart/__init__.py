"""Typed manifests with values in them, and the one emitter that turns them into a Helm chart.

This room knows plain data, YAML, Helm's template language and JSON Schema. It must not know models, plans, Kubernetes
kinds or the disk. A generator writes manifests as dicts shaped like their YAML; where something shall be changeable at
deploy time it puts a `value()`, and from that one place come the template action, the entry in values.yaml and the
entry in values.schema.json. `evaluate()` says in Python what Helm will print.
"""

from mlops_charts.chart.chart import Chart, Template, default_values, values_of
from mlops_charts.chart.differ import differing_defaults
from mlops_charts.chart.emit import emit_chart, emit_manifest
from mlops_charts.chart.errors import ChartError
from mlops_charts.chart.evaluate import evaluate, merge, origin_at
from mlops_charts.chart.nodes import REQUIRED, Record, Text, Value, When, record, text, value, when
from mlops_charts.chart.schema import values_schema
from mlops_charts.chart.valuesfile import overlay

__all__ = [
    "REQUIRED",
    "Chart",
    "ChartError",
    "Record",
    "Template",
    "Text",
    "Value",
    "When",
    "default_values",
    "differing_defaults",
    "emit_chart",
    "emit_manifest",
    "evaluate",
    "merge",
    "origin_at",
    "overlay",
    "record",
    "text",
    "value",
    "values_of",
    "values_schema",
    "when",
]
