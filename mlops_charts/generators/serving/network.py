"""Who may speak to whom: for each kind of pod one NetworkPolicy of both directions, so that all else is denied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mlops_charts import contract
from mlops_charts.chart import when
from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import metadata
from mlops_charts.generators.peers import Rule, dns, in_namespace, port_of, tcp, to_namespace, to_peers
from mlops_charts.generators.serving.pods import needs_storage, role_labels
from mlops_charts.generators.serving.release_values import both, in_flight
from mlops_charts.planning import EnvironmentPlan, Plan

_MESH = "istio-system"
_MESH_CONTROL_PORT = 15012
_CLIENT_LABEL = "mlops-charts/client"


def policies(plan: Plan, environment: EnvironmentPlan) -> Iterator[Part]:
    """Yield the policies of the serving pods, of the judge and of the test, each there when its pods are."""
    server = _policy(plan, "server", _server_ingress(plan, environment), _server_egress(plan))
    yield Part("networkpolicy-server.yaml", when(both("enabled"), server), "platform:network")
    judge = _policy(plan, "judge", [], _judge_egress(plan, environment))
    yield Part("networkpolicy-judge.yaml", when(in_flight(), judge), "platform:network")
    test = _policy(plan, "test", [], _test_egress(plan, environment))
    yield Part("networkpolicy-test.yaml", when(both("routed"), test), "platform:network")


def _policy(plan: Plan, role: str, ingress: Sequence[Rule], egress: Sequence[Rule]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(plan, f"{plan.model}-{role}", component=role),
        "spec": {
            "podSelector": {"matchLabels": role_labels(plan, role)},
            "policyTypes": ["Ingress", "Egress"],
            **({"ingress": list(ingress)} if ingress else {}),
            "egress": list(egress),
        },
    }


def _server_ingress(plan: Plan, environment: EnvironmentPlan) -> list[Rule]:
    measured, own = _measured(environment), [_pods(plan, "judge"), _pods(plan, "test")]
    return [
        {"from": _clients(plan), "ports": tcp(*_routed(plan, environment))},
        {"from": own, "ports": tcp(_http(environment))},
        {"from": [in_namespace(plan.platform.network.monitoring), _pods(plan, "judge")], "ports": tcp(*measured)},
    ]


def _routed(plan: Plan, environment: EnvironmentPlan) -> tuple[int, ...]:
    """Return the ports that clients come to: an HTTPRoute leads to HTTP alone, the others to gRPC as well."""
    if plan.platform.ingress.type == "gatewayApi":
        return (_http(environment),)
    return _http(environment), contract.EXECUTOR_GRPC_PORT if environment.executor else contract.GRPC_PORT


def _http(environment: EnvironmentPlan) -> int:
    return contract.EXECUTOR_HTTP_PORT if environment.executor else contract.HTTP_PORT


def _measured(environment: EnvironmentPlan) -> tuple[int, ...]:
    return (contract.METRICS_PORT, *((contract.EXECUTOR_HTTP_PORT,) if environment.executor else ()))


def _clients(plan: Plan) -> list[Rule]:
    gateway = in_namespace(plan.platform.network.gateway)
    if plan.platform.ingress.type == "istio":
        return [gateway, *([] if plan.platform.network.gateway == _MESH else [in_namespace(_MESH)])]
    if plan.platform.ingress.type == "none":
        # Nothing stands before the model: who may call it says so by a label on its pods.
        labelled = {"matchLabels": {_CLIENT_LABEL: plan.model}}
        return [gateway, {"namespaceSelector": {}, "podSelector": labelled}]
    return [gateway]


def _server_egress(plan: Plan) -> list[Rule]:
    network = plan.platform.network
    return [
        dns(plan),
        *(to_peers(network.storage) if needs_storage(plan) else ()),
        *([to_namespace(_MESH, _MESH_CONTROL_PORT)] if plan.platform.ingress.type == "istio" else ()),
        *to_peers(network.serving),
    ]


def _judge_egress(plan: Plan, environment: EnvironmentPlan) -> list[Rule]:
    network = plan.platform.network
    slots = {"to": [_pods(plan, "server")], "ports": tcp(_http(environment), contract.METRICS_PORT)}
    reached = (network.api_server, network.git, network.mlflow, network.storage)
    return [
        dns(plan),
        *(rule for peers in reached for rule in to_peers(peers)),
        to_namespace(network.monitoring, port_of(plan.platform.prometheus.url)),
        slots,
    ]


def _test_egress(plan: Plan, environment: EnvironmentPlan) -> list[Rule]:
    loads = plan.spec.serving.runtime in contract.PREPACKAGED
    return [
        dns(plan),
        {"to": [_pods(plan, "server")], "ports": tcp(_http(environment))},
        *(to_peers(plan.platform.network.storage) if loads else ()),
    ]


def _pods(plan: Plan, role: str) -> Rule:
    return {"podSelector": {"matchLabels": role_labels(plan, role)}}
