"""The generator: which objects there are, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_charts.chart import when
from mlops_charts.generators.model import Part
from mlops_charts.generators.monitoring.dashboard import dashboard_config_map
from mlops_charts.generators.monitoring.rules import prometheus_rule
from mlops_charts.generators.monitoring.scrape import pod_monitor
from mlops_charts.generators.serving.release_values import both

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlops_charts.planning import EnvironmentPlan, Plan


class MonitoringGenerator:
    """Yields PodMonitor, PrometheusRule and the dashboard of a model; they need only what the model exposes itself."""

    name = "monitoring"
    kinds = frozenset(
        {("monitoring.coreos.com", "PodMonitor"), ("monitoring.coreos.com", "PrometheusRule"), ("", "ConfigMap")}
    )

    def pipeline(self, plan: Plan) -> Iterable[Part]:  # noqa: ARG002 - the protocol's own signature
        """Yield nothing: the pipeline's alerts stand with the pipeline."""
        return ()

    def serving(self, plan: Plan, environment: EnvironmentPlan) -> Iterator[Part]:
        """Yield what watches the model in one environment."""
        yield Part("podmonitor.yaml", when(both("enabled"), pod_monitor(plan, environment)), "serving.runtime")
        yield Part("prometheusrule.yaml", prometheus_rule(plan, environment), "monitoring")
        if plan.spec.monitoring.dashboard:
            yield Part("dashboard.yaml", dashboard_config_map(plan, environment), "monitoring.dashboard")
