"""What many objects share: metadata, security contexts, resources, references."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlops_charts.contract import USER_ID
from mlops_charts.planning import Plan

# Of custom resources: a first sync must not fail because the CRD comes with it or later.
SKIP_DRY_RUN: Final = {"argocd.argoproj.io/sync-options": "SkipDryRunOnMissingResource=true"}


def metadata(
    plan: Plan,
    name: Any,
    *,
    component: str,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return an object's metadata with the model's labels; `component` is what the object belongs to."""
    found: dict[str, Any] = {"name": name, "labels": labels_of(plan, component, labels)}
    notes = {**plan.annotations, **(annotations or {})}
    if notes:
        found["annotations"] = notes
    return found


def labels_of(plan: Plan, component: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the labels of an object or a pod."""
    return {**plan.labels, "app.kubernetes.io/component": component, **(more or {})}


def pod_security_context() -> dict[str, Any]:
    """Return what Pod Security restricted wants of a pod."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "fsGroup": USER_ID,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security_context(*, read_only: bool = True) -> dict[str, Any]:
    """Return what Pod Security restricted wants of a container; a read-only root unless the tool cannot bear it."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": read_only,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def pull_secrets(plan: Plan) -> dict[str, Any]:
    """Return the pull secrets of a pod, as a part of its spec that may be empty."""
    name = plan.platform.registry.pull_secret
    return {"imagePullSecrets": [{"name": name}]} if name else {}


def secret_variable(name: str, secret: str, key: str) -> dict[str, Any]:
    """Return an environment variable that is read from a Secret."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def mlflow_credentials(plan: Plan) -> list[dict[str, Any]]:
    """Return the variables by which a container proves itself to MLflow; none where it asks for no password."""
    secret = plan.platform.mlflow.credentials_secret
    keys = {"MLFLOW_TRACKING_USERNAME": "username", "MLFLOW_TRACKING_PASSWORD": "password"} if secret else {}
    return [secret_variable(name, secret, key) for name, key in keys.items() if secret]


def storage_credentials(plan: Plan) -> list[dict[str, Any]]:
    """Return the variables by which a container proves itself to the storage."""
    secret = plan.platform.storage.credentials_secret
    return [
        secret_variable("AWS_ACCESS_KEY_ID", secret, "accessKey"),
        secret_variable("AWS_SECRET_ACCESS_KEY", secret, "secretKey"),
    ]
