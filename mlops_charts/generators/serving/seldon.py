"""The SeldonDeployment: one for the model, with a predictor for each slot that the release enables.

What changes during a release stands in `traffic`, `shadow` and outside of predictors, never in what Seldon copies into
pods.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlops_charts import contract
from mlops_charts.chart import when
from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import SKIP_DRY_RUN, metadata
from mlops_charts.generators.serving import values
from mlops_charts.generators.serving.pods import SLOT_LABEL, pod_labels, pod_spec
from mlops_charts.generators.serving.release_values import SlotName, both, slot
from mlops_charts.generators.serving.scaling import autoscaler, replicas
from mlops_charts.generators.serving.secrets import loader_secret
from mlops_charts.planning import COMPONENT, SLOTS, EnvironmentPlan, Plan

_SERVERS = {"sklearn": "SKLEARN_SERVER", "mlflow": "MLFLOW_SERVER"}
_LITERAL_TRAFFIC = {"blue": 100, "green": 0}  # the route divides, not Seldon
_SELDON_OWNS = "app.kubernetes.io/managed-by"  # Seldon writes its own name there


def seldon_deployment(plan: Plan, environment: EnvironmentPlan) -> Iterator[Part]:
    """Yield the SeldonDeployment, present while a slot is enabled."""
    manifest = {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": _metadata(plan, environment),
        "spec": {
            "protocol": plan.spec.serving.protocol,
            "predictors": [when(slot(name).enabled, _predictor(plan, environment, name)) for name in SLOTS],
        },
    }
    yield Part("seldondeployment.yaml", when(both("enabled"), manifest), "serving")


def _metadata(plan: Plan, environment: EnvironmentPlan) -> dict[str, Any]:
    found = metadata(plan, plan.model, component="server", annotations=SKIP_DRY_RUN)
    ingress = plan.platform.ingress
    if ingress.type == "istio":
        # Seldon reads these here as well as in spec.annotations, which it would copy into the pods.
        gateway = f"{ingress.gateway.namespace}/{ingress.gateway.name}"
        found["annotations"] |= {"seldon.io/istio-gateway": gateway, "seldon.io/istio-host": values.host(environment)}
    return found


def _predictor(plan: Plan, environment: EnvironmentPlan, name: SlotName) -> dict[str, Any]:
    labels = {key: label for key, label in pod_labels(plan, "server").items() if key != _SELDON_OWNS}
    return {
        "name": name,
        "annotations": {**_engine_off(environment), "version": slot(name).version},
        **_shadow_label(plan),
        **replicas(environment),
        **_traffic(plan, name),
        "graph": _graph(plan, name),
        "componentSpecs": [
            {
                "metadata": {"name": COMPONENT, "labels": {**labels, SLOT_LABEL: name}},
                **autoscaler(plan, environment, name),
                "spec": pod_spec(plan, environment, name),
            }
        ],
        **_executor(environment),
    }


def _engine_off(environment: EnvironmentPlan) -> dict[str, str]:
    return {} if environment.executor else {"seldon.io/no-engine": "true"}


def _shadow_label(plan: Plan) -> dict[str, Any]:
    """Seldon labels the pods of a shadow; with the label there for good, becoming one restarts nothing."""
    return {"labels": {"seldon.io/shadow": "true"}} if plan.platform.ingress.type == "istio" else {}


def _traffic(plan: Plan, name: SlotName) -> dict[str, Any]:
    if plan.platform.ingress.type == "istio":
        return {"traffic": slot(name).weight, "shadow": slot(name).mirrored}
    return {"traffic": _LITERAL_TRAFFIC[name]}


def _graph(plan: Plan, name: SlotName) -> dict[str, Any]:
    endpoint = {"type": "REST", "httpPort": contract.HTTP_PORT, "grpcPort": contract.GRPC_PORT}
    node: dict[str, Any] = {"name": plan.model, "type": "MODEL", "endpoint": endpoint}
    runtime = plan.spec.serving.runtime
    if runtime not in contract.PREPACKAGED:
        return node
    return {
        **node,
        "implementation": _SERVERS[runtime],
        "modelUri": slot(name).model_uri,
        "envSecretRefName": loader_secret(plan),
        **_rows_by_name(plan),
    }


def _rows_by_name(plan: Plan) -> dict[str, Any]:
    """Let Seldon's own MLflow server make a data frame of rows: a model whose columns have names takes no array."""
    if (plan.spec.serving.runtime, plan.spec.serving.protocol) != ("mlflow", "seldon"):
        return {}
    return {"parameters": [{"name": "xtype", "type": "STRING", "value": "DataFrame"}]}


def _executor(environment: EnvironmentPlan) -> dict[str, Any]:
    if not environment.executor:
        return {}
    resources = {"requests": {"cpu": "200m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}
    return {"svcOrchSpec": {"resources": resources}}
