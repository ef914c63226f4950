"""The ConfigMap with a Grafana dashboard.

Its text is the same in every environment, and the namespace is chosen in it: one Grafana that watches several of them
meets the same dashboard, not rivals of one uid.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mlops_charts.generators.monitoring.panels import panels
from mlops_charts.generators.monitoring.series import Series, series_of
from mlops_charts.generators.objects import metadata

if TYPE_CHECKING:
    from mlops_charts.planning import EnvironmentPlan, Plan

_SCHEMA_VERSION = 39  # Grafana 10 and later
_UID_LENGTH = 32  # Grafana admits 40


def dashboard_config_map(plan: Plan, environment: EnvironmentPlan) -> dict[str, Any]:
    """Return the ConfigMap that Grafana's sidecar finds by its label."""
    text = _text(plan.model, plan.spec.metadata.description, series_of(plan, environment))
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(
            plan, f"{plan.model}-dashboard", component="monitoring", labels={"grafana_dashboard": "1"}
        ),
        "data": {f"mlops-charts-{plan.model}.json": text},
    }


@lru_cache(maxsize=2)  # the environments of a model have one dashboard
def _text(model: str, description: str, series: Series) -> str:
    return json.dumps(dashboard(model, description, series), indent=2, ensure_ascii=False) + "\n"


def dashboard(model: str, description: str, series: Series) -> dict[str, Any]:
    """Return the dashboard as Grafana reads it."""
    return {
        "uid": hashlib.sha256(f"mlops-charts/{model}".encode()).hexdigest()[:_UID_LENGTH],
        "title": f"Model {model}",
        "description": description or f"What the model {model} does.",
        "tags": ["mlops-charts", model],
        "schemaVersion": _SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": [_datasource(), _namespace(series)]},
        "panels": panels(series),
    }


def _datasource() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "options": [],
    }


def _namespace(series: Series) -> dict[str, Any]:
    query = f"label_values({series.requests}{{{series.matcher}}}, namespace)"
    return {
        "name": "namespace",
        "label": "Namespace",
        "type": "query",
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "definition": query,
        "query": {"query": query, "refId": "namespace"},
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "options": [],
    }
