"""What `helm test` runs: a pod that sends each routed version the example that it was saved with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlops_charts import contract
from mlops_charts.chart import text, when
from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import (
    container_security_context,
    metadata,
    pod_security_context,
    pull_secrets,
    storage_credentials,
)
from mlops_charts.generators.serving import values
from mlops_charts.generators.serving.judge import NO_MESH
from mlops_charts.generators.serving.pods import MODEL_LABEL
from mlops_charts.generators.serving.release_values import SlotName, both, slot
from mlops_charts.planning import SLOTS, EnvironmentPlan, Plan

_HOOK = {"helm.sh/hook": "test", "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded"}


def helm_test(plan: Plan, environment: EnvironmentPlan) -> Iterator[Part]:
    """Yield the test pod, present while a slot is routed."""
    labels = {MODEL_LABEL: plan.model, **NO_MESH}
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(plan, f"{plan.model}-test", component="test", labels=labels, annotations=_HOOK),
        "spec": {
            "restartPolicy": "Never",
            "serviceAccountName": plan.model,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": pod_security_context(),
            **pull_secrets(plan),
            "containers": [when(slot(name).routed, _container(plan, environment, name)) for name in SLOTS],
            "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}],
        },
    }
    yield Part("tests/smoke.yaml", when(both("routed"), manifest), "serving")


def _container(plan: Plan, environment: EnvironmentPlan, name: SlotName) -> dict[str, Any]:
    return {
        "name": name,
        **_example(plan, environment, name),
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": container_security_context(),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - a path in the container
    }


def _example(plan: Plan, environment: EnvironmentPlan, name: SlotName) -> dict[str, Any]:
    """Return image and command: the version's own image holds the example, a prepackaged one lies in the storage."""
    service = f"http://{plan.names.predictor_service(name)}:{environment.service_port}"
    command: list[Any] = [
        *("mlops-charts", "smoke", service, "--model", plan.model),
        f"--protocol={plan.spec.serving.protocol}",
        text("--timeout={timeout}", timeout=values.timeout(environment)),
    ]
    if plan.spec.serving.runtime not in contract.PREPACKAGED:
        return {"image": slot(name).image, "command": [*command, "--example", f"/model/{contract.EXAMPLE}"]}
    storage = plan.platform.storage
    return {
        "image": values.runtime_image(plan),
        "command": [*command, "--model-uri", slot(name).model_uri],
        "env": [
            {"name": "AWS_ENDPOINT_URL_S3", "value": storage.endpoint},
            {"name": "AWS_REGION", "value": storage.region},
            *storage_credentials(plan),
        ],
    }
