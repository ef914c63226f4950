"""How Prometheus reads the pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlops_charts.generators.objects import metadata

if TYPE_CHECKING:
    from mlops_charts.planning import EnvironmentPlan, Plan

METRICS_PORT_NAME: Final = "metrics"
_EXECUTOR_CONTAINER = "seldon-container-engine"
_PATH = "/metrics"
_EXECUTOR_PATH = "/prometheus"


def pod_monitor(plan: Plan, environment: EnvironmentPlan) -> dict[str, Any]:
    """Return the PodMonitor of both slots.

    Of pods and not of Services, because Seldon makes two Services for the same pods and neither has the port. Each
    relabelling says its action: the list is atomic, so that a default of the API server would differ from git for ever.
    """
    executor = environment.executor
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": metadata(plan, plan.model, component="monitoring", labels=plan.platform.prometheus.rule_labels),
        "spec": {
            "selector": {"matchLabels": {"seldon-deployment-id": plan.model}},
            "podMetricsEndpoints": [
                {
                    "port": METRICS_PORT_NAME,
                    "path": _EXECUTOR_PATH if executor else _PATH,
                    "interval": "15s",
                    "scrapeTimeout": "10s",
                    "relabelings": [*([_executor_alone()] if executor else []), _predictor()],
                }
            ],
        },
    }


def _predictor() -> dict[str, Any]:
    """Name the predictor on every series, `up` included."""
    return {
        "action": "replace",
        "sourceLabels": ["__meta_kubernetes_pod_label_seldon_app"],
        "targetLabel": "predictor",
    }


def _executor_alone() -> dict[str, Any]:
    """Leave out the model's container, whose port has the same name."""
    return {
        "action": "keep",
        "sourceLabels": ["__meta_kubernetes_pod_container_name"],
        "regex": _EXECUTOR_CONTAINER,
    }
