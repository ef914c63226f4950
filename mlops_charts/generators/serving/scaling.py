"""How many pods a slot has, and how many of them may be away: one writer of replicas, one budget per slot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlops_charts import contract
from mlops_charts.chart import Text, Value, text, when
from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import metadata
from mlops_charts.generators.serving import values
from mlops_charts.generators.serving.release_values import SlotName, slot
from mlops_charts.generators.values import namespace
from mlops_charts.planning import SLOTS, EnvironmentPlan, Plan

_WINDOW = "2m"
_EVICTION_POLICY_SINCE = 27


def replicas(environment: EnvironmentPlan) -> dict[str, Any]:
    """Return the predictor's part that says how many pods there are; empty under an autoscaler."""
    return {} if environment.spec.serving.autoscaling else {"replicas": values.replicas(environment)}


def autoscaler(plan: Plan, environment: EnvironmentPlan, name: SlotName) -> dict[str, Any]:
    """Return the component's part that scales it; empty with fixed replicas."""
    autoscaling = environment.spec.serving.autoscaling
    if autoscaling is None:
        return {}
    most = values.max_replicas(autoscaling)
    if autoscaling.cpu_percent is not None:
        return {"hpaSpec": _by_cpu(name, most, autoscaling.cpu_percent)}
    if autoscaling.requests_per_second is not None:
        query = text(_query(plan, environment, name), namespace=namespace(environment))
        return {"kedaSpec": _by_requests(plan, name, most, autoscaling.requests_per_second, query)}
    return {}


def _by_cpu(name: SlotName, most: Value, percent: int) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": values.cpu_percent(percent)}
    return {
        "minReplicas": slot(name).min_replicas,
        "maxReplicas": most,
        "metricsv2": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }


def _by_requests(plan: Plan, name: SlotName, most: Value, rate: float, query: Text) -> dict[str, Any]:
    return {
        "minReplicaCount": slot(name).min_replicas,
        "maxReplicaCount": most,
        "triggers": [
            {
                "type": "prometheus",
                "metricType": "AverageValue",
                "metadata": {
                    "serverAddress": plan.platform.prometheus.url,
                    "query": query,
                    "threshold": values.requests_per_second(rate),
                },
            }
        ],
    }


def _query(plan: Plan, environment: EnvironmentPlan, name: SlotName) -> str:
    if environment.executor:
        series = f"{contract.EXECUTOR_DURATION}_count"
        labels = f'deployment_name="{plan.model}",predictor_name="{name}"'
    else:
        series, labels = contract.REQUESTS, f'model="{plan.model}",slot="{name}"'
    return f'sum(rate({series}{{namespace="{{namespace}}",{labels}}}[{_WINDOW}]))'


def budgets(plan: Plan) -> Iterator[Part]:
    """Yield a PodDisruptionBudget for each slot."""
    for name in SLOTS:
        key = plan.names.predictor_service(name)
        manifest = {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": metadata(plan, key, component="server"),
            "spec": {
                "maxUnavailable": 1,
                **_eviction(plan),
                "selector": {"matchLabels": {"seldon-app": key}},
            },
        }
        yield Part(f"poddisruptionbudget-{name}.yaml", when(slot(name).enabled, manifest), "serving.replicas")


def _eviction(plan: Plan) -> dict[str, Any]:
    """Pods that are not ready may always be evicted; a slot that never got ready must not hold up a node."""
    minor = int(plan.platform.kubernetes.version.partition(".")[2])
    return {"unhealthyPodEvictionPolicy": "AlwaysAllow"} if minor >= _EVICTION_POLICY_SINCE else {}
