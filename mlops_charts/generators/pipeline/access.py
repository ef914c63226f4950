"""Who the pods are: one service account a step, and the one right that Argo's executor needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import metadata
from mlops_charts.generators.pipeline.interfaces import pods
from mlops_charts.planning import Plan

_RBAC: Final = "rbac.authorization.k8s.io"


def access(plan: Plan) -> Iterator[Part]:
    """Yield the service accounts, the role and its binding."""
    for step in pods(plan):
        yield Part(f"serviceaccount-{step}.yaml", _account(plan, step))
    yield Part("role.yaml", _role(plan))
    yield Part("rolebinding.yaml", _binding(plan))


def _account(plan: Plan, step: str) -> dict[str, Any]:
    annotations = plan.platform.service_accounts.annotations
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(plan, plan.names.step_account(step), component="pipeline", annotations=annotations),
    }


def _role(plan: Plan) -> dict[str, Any]:
    rule = {"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]}
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "Role",
        "metadata": metadata(plan, plan.names.step_account("steps"), component="pipeline"),
        "rules": [rule],
    }


def _binding(plan: Plan) -> dict[str, Any]:
    name = plan.names.step_account("steps")
    subjects = [
        {"kind": "ServiceAccount", "name": plan.names.step_account(step), "namespace": plan.pipeline.namespace}
        for step in pods(plan)
    ]
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": metadata(plan, name, component="pipeline"),
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": name},
        "subjects": subjects,
    }
