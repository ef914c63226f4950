"""The PrometheusRule: groups of alerts, each about one promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_charts.chart import When, when
from mlops_charts.generators.monitoring.alerts import Alerts
from mlops_charts.generators.objects import metadata
from mlops_charts.generators.serving.release_values import both, in_flight

if TYPE_CHECKING:
    from mlops_charts.planning import EnvironmentPlan, Plan

_NO_DRIFT = "Seldon's executor exposes no drift; only the runtime python does, so there are no alerts of drift here."


def prometheus_rule(plan: Plan, environment: EnvironmentPlan) -> dict[str, Any]:
    """Return the alerts of a model in one environment."""
    alerts = Alerts.of(plan, environment)
    down = when(both("routed"), alerts.down())  # nobody misses pods that nobody is sent to
    serving = [*alerts.mirrored(), down, *alerts.slots_down(), *alerts.errors(), alerts.latency()]
    groups: list[dict[str, Any] | When] = [_group(plan, "serving", serving)]
    if alerts.series.own_server:
        groups.append(_group(plan, "drift", [alerts.feature_drift(), alerts.prediction_drift()]))
    groups.append(when(in_flight(), _group(plan, "release", [alerts.release_stuck(), alerts.release_unattended()])))
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata(
            plan,
            plan.model,
            component="monitoring",
            labels=plan.platform.prometheus.rule_labels,
            annotations=None if alerts.series.own_server else {"mlops-charts/drift": _NO_DRIFT},
        ),
        "spec": {"groups": groups},
    }


def _group(plan: Plan, name: str, rules: list[Any]) -> dict[str, Any]:
    return {"name": f"{plan.model}-{name}", "rules": rules}
