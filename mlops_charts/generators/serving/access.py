"""Identities: the pods' account without a token, and the judge's with the right to look at what runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import metadata
from mlops_charts.generators.values import namespace
from mlops_charts.planning import SLOTS, EnvironmentPlan, Plan

_RBAC = "rbac.authorization.k8s.io"
_ROUTES = {
    "gatewayApi": ("gateway.networking.k8s.io", "httproutes"),
    "istio": ("networking.istio.io", "virtualservices"),  # Seldon names its own like the SeldonDeployment
    "none": ("", "services"),
}


def accounts(plan: Plan) -> Iterator[Part]:
    """Yield the service accounts of the pods and of the judge."""
    for name, component in ((plan.model, "server"), (plan.names.judge, "judge")):
        notes = plan.platform.service_accounts.annotations
        manifest = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata(plan, name, component=component, annotations=notes),
            "automountServiceAccountToken": False,
        }
        yield Part(f"serviceaccount-{component}.yaml", manifest, "platform:serviceAccounts")


def judge_role(plan: Plan, environment: EnvironmentPlan) -> Iterator[Part]:
    """Yield what the judge may see: the objects of this model, by name, and nothing that changes them."""
    rules = [
        _rule("apps", "deployments", *map(plan.names.predictor_deployment, SLOTS)),
        _rule("machinelearning.seldon.io", "seldondeployments", plan.model),
    ]
    rules.append(_rule(*_ROUTES[plan.platform.ingress.type], plan.model))
    name = plan.names.judge
    yield Part("role-judge.yaml", {**_object(plan, "Role"), "rules": rules}, "release")
    binding = {
        **_object(plan, "RoleBinding"),
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace(environment)}],
    }
    yield Part("rolebinding-judge.yaml", binding, "release")


def _object(plan: Plan, kind: str) -> dict[str, Any]:
    return {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": metadata(plan, plan.names.judge, component="judge")}


def _rule(group: str, resource: str, *names: str) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [resource], "resourceNames": list(names), "verbs": ["get"]}
