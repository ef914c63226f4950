"""How users come to the slots: an HTTPRoute with the release's weights, or a Service where nothing divides traffic.

Under istio Seldon writes the VirtualService itself, from the predictors' weights. Every default of the CRD is written
out, because inside an atomic list an absent default would be a difference for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlops_charts import contract
from mlops_charts.chart import Value, when
from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import SKIP_DRY_RUN, metadata
from mlops_charts.generators.serving import values
from mlops_charts.generators.serving.pods import MODEL_LABEL, SLOT_LABEL, role_labels
from mlops_charts.generators.serving.release_values import SlotName, both, match, slot, stable
from mlops_charts.planning import SLOTS, EnvironmentPlan, Plan

_EVERY_PATH = {"type": "PathPrefix", "value": "/"}


def traffic(plan: Plan, environment: EnvironmentPlan) -> Iterator[Part]:
    """Yield what brings traffic to the slots, present while one is routed."""
    ingress = plan.platform.ingress.type
    if ingress == "gatewayApi":
        yield Part("httproute.yaml", when(both("routed"), _route(plan, environment)), "release.strategy")
    elif ingress == "none":
        yield Part("service.yaml", when(both("routed"), _service(plan, environment)), "serving")


def _route(plan: Plan, environment: EnvironmentPlan) -> dict[str, Any]:
    gateway = plan.platform.ingress.gateway
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": gateway.name,
        "namespace": gateway.namespace,
        **({"sectionName": gateway.listener} if gateway.listener else {}),
    }
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": metadata(
            plan,
            plan.model,
            component="route",
            annotations=SKIP_DRY_RUN,
        ),
        "spec": {
            "parentRefs": [parent],
            "hostnames": [values.host(environment)],
            "rules": [
                *(when(slot(name).matched, _experiment(plan, environment, name)) for name in SLOTS),
                _weighted(plan, environment),
            ],
        },
    }


def _experiment(plan: Plan, environment: EnvironmentPlan, name: SlotName) -> dict[str, Any]:
    header, wanted = match()
    return {
        "matches": [{"path": _EVERY_PATH, "headers": [{"type": "Exact", "name": header, "value": wanted}]}],
        "backendRefs": [{**_backend(plan, environment, name), "weight": 1}],
        "timeouts": {"request": values.timeout(environment)},
    }


def _weighted(plan: Plan, environment: EnvironmentPlan) -> dict[str, Any]:
    mirrors = [when(slot(name).mirrored, _mirror(plan, environment, name)) for name in SLOTS]
    return {
        "matches": [{"path": _EVERY_PATH}],
        "filters": when(both("mirrored"), mirrors),
        "backendRefs": [
            when(slot(name).routed, {**_backend(plan, environment, name), "weight": slot(name).weight})
            for name in SLOTS
        ],
        "timeouts": {"request": values.timeout(environment)},
    }


def _mirror(plan: Plan, environment: EnvironmentPlan, name: SlotName) -> dict[str, Any]:
    return {"type": "RequestMirror", "requestMirror": {"backendRef": _backend(plan, environment, name)}}


def _backend(plan: Plan, environment: EnvironmentPlan, name: SlotName) -> dict[str, Any]:
    return {
        "group": "",
        "kind": "Service",
        "name": plan.names.predictor_service(name),
        "port": environment.service_port,
    }


def _service(plan: Plan, environment: EnvironmentPlan) -> dict[str, Any]:
    grpc = contract.EXECUTOR_GRPC_PORT if environment.executor else contract.GRPC_PORT
    selector: dict[str, str | Value] = {MODEL_LABEL: role_labels(plan, "server")[MODEL_LABEL], SLOT_LABEL: stable()}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(plan, plan.model, component="route"),
        "spec": {
            "type": "ClusterIP",
            "selector": selector,
            "ports": [
                {
                    "name": "http",
                    "port": environment.service_port,
                    "targetPort": environment.service_port,
                    "protocol": "TCP",
                },
                {"name": "grpc", "port": grpc, "targetPort": grpc, "protocol": "TCP"},
            ],
        },
    }
