"""The pods of a slot: one container whose name is the model's, its ports, probes, limits and way to stop.

Nothing here changes while a release goes on, because every change restarts what serves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mlops_charts import contract
from mlops_charts.chart import text, when
from mlops_charts.generators.objects import (
    container_security_context,
    labels_of,
    pod_security_context,
    pull_secrets,
    storage_credentials,
)
from mlops_charts.generators.serving import values
from mlops_charts.generators.serving.release_values import SlotName, slot
from mlops_charts.generators.values import drift_window
from mlops_charts.planning import EnvironmentPlan, Plan

SLOT_LABEL: Final = contract.SLOT_LABEL
MODEL_LABEL: Final = "mlops-charts/model"
_SELDON_USER = 8888  # the user of Seldon's own images
_WRAPPER = "mlops_charts.serving.wrapper.Model"


def role_labels(plan: Plan, role: str) -> dict[str, str]:
    """Return the labels by which policies find pods: `server`, `judge` or `test`."""
    return {MODEL_LABEL: plan.model, "app.kubernetes.io/component": role}


def pod_labels(plan: Plan, role: str) -> dict[str, str]:
    """Return all labels of a pod that has a role."""
    return labels_of(plan, role, {MODEL_LABEL: plan.model})


def logs_requests(plan: Plan) -> bool:
    """Return whether some environment keeps a sample of the requests."""
    return any(environment.spec.serving.request_log.sample > 0 for environment in plan.environments)


def needs_storage(plan: Plan) -> bool:
    """Return whether serving pods speak to the storage."""
    return plan.spec.serving.runtime in contract.PREPACKAGED or logs_requests(plan)


def pod_spec(plan: Plan, environment: EnvironmentPlan, name: SlotName) -> dict[str, Any]:
    """Return the spec of a slot's pods."""
    return {
        "serviceAccountName": plan.model,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": _pod_security(plan),
        **pull_secrets(plan),
        "terminationGracePeriodSeconds": values.grace_seconds(environment),
        "topologySpreadConstraints": _spread(plan, name),
        **_tolerations(plan),
        "containers": [_container(plan, environment, name)],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}],
    }


def _container(plan: Plan, environment: EnvironmentPlan, name: SlotName) -> dict[str, Any]:
    runtime = plan.spec.serving.runtime
    command = _COMMANDS.get(runtime)
    return {
        "name": plan.model,
        **_image(plan, name),
        **({"command": command(plan, environment)} if command else {}),
        "env": _environment(plan, name),
        "ports": [
            {"name": "http", "containerPort": contract.HTTP_PORT, "protocol": "TCP"},
            {"name": "grpc", "containerPort": contract.GRPC_PORT, "protocol": "TCP"},
            {"name": "metrics", "containerPort": contract.METRICS_PORT, "protocol": "TCP"},
        ],
        "resources": _resources(plan, environment),
        **_probes(plan),
        "lifecycle": {"preStop": {"exec": {"command": _drain(runtime)}}},
        "securityContext": container_security_context(read_only=runtime not in contract.PREPACKAGED),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - a path in the container
    }


def _image(plan: Plan, name: SlotName) -> dict[str, Any]:
    serving = plan.spec.serving
    if serving.runtime not in contract.PREPACKAGED:
        return {"image": slot(name).image}
    # Under protocol v2 Seldon's own configuration names the server that speaks it.
    return {"image": values.server_image(plan)} if serving.protocol == "seldon" else {}


def _serve(plan: Plan, environment: EnvironmentPlan) -> list[Any]:
    serving = plan.spec.serving
    return [
        "mlops-charts",
        "serve",
        "/model",
        f"--protocol={serving.protocol}",
        f"--http-port={contract.HTTP_PORT}",
        f"--grpc-port={contract.GRPC_PORT}",
        f"--metrics-port={contract.METRICS_PORT}",
        text("--batch-size={size}", size=values.batch_size(environment)),
        text("--batch-delay={delay}", delay=values.batch_delay(environment)),
        text("--timeout={timeout}", timeout=values.timeout(environment)),
        f"--non-finite={serving.non_finite}",
        text("--drift-window={window}", window=drift_window(environment)),
        *(f"--drift-feature={name}" for name in _watched(plan)),
        *(_request_log(plan, environment) if logs_requests(plan) else []),
    ]


def _watched(plan: Plan) -> tuple[str, ...]:
    found = plan.spec.monitoring.drift.features
    return () if found == "all" else tuple(found)


def _request_log(plan: Plan, environment: EnvironmentPlan) -> list[Any]:
    storage = plan.platform.storage
    return [
        f"--request-log=s3://{storage.bucket}/requests/{plan.model}",
        f"--request-log-endpoint={storage.endpoint}",
        f"--request-log-region={storage.region}",
        text("--request-log-sample={sample}", sample=values.log_sample(environment)),
        text("--request-log-retain={retain}", retain=values.log_retain(environment)),
        when(values.log_features(environment), "--request-log-features"),
    ]


def _wrap(_plan: Plan, _environment: EnvironmentPlan) -> list[Any]:
    return [
        "seldon-core-microservice",
        _WRAPPER,
        "--service-type=MODEL",
        f"--http-port={contract.HTTP_PORT}",
        f"--grpc-port={contract.GRPC_PORT}",
        f"--metrics-port={contract.METRICS_PORT}",
    ]


_COMMANDS: dict[str, Callable[[Plan, EnvironmentPlan], list[Any]]] = {"python": _serve, "seldon-core": _wrap}


def _environment(plan: Plan, name: SlotName) -> list[Any]:
    logged = storage_credentials(plan) if logs_requests(plan) and plan.spec.serving.runtime == "python" else []
    return [
        {"name": "MODEL", "value": plan.model},
        {"name": "SLOT", "value": name},
        {"name": "VERSION", "value": slot(name).version},
        *logged,
    ]


def _resources(plan: Plan, environment: EnvironmentPlan) -> dict[str, Any]:
    memory = values.resource(environment, "memory")
    gpu = {plan.platform.gpu.resource: text("{gpus}", gpus=values.gpus(environment))} if _uses_gpu(plan) else {}
    return {
        "requests": {"cpu": values.resource(environment, "cpu"), "memory": memory, **gpu},
        "limits": {"memory": memory, **gpu},
    }


def _uses_gpu(plan: Plan) -> bool:
    return any(environment.spec.serving.resources.gpu for environment in plan.environments)


def _tolerations(plan: Plan) -> dict[str, Any]:
    asked = plan.platform.gpu.tolerations if _uses_gpu(plan) else ()
    found = [toleration.model_dump(mode="json", by_alias=True, exclude_none=True) for toleration in asked]
    return {"tolerations": found} if found else {}


def _probes(plan: Plan) -> dict[str, Any]:
    ready, live = _health(plan)
    return {
        "startupProbe": {"httpGet": _get(ready), "periodSeconds": 2, "timeoutSeconds": 2, "failureThreshold": 150},
        "readinessProbe": {"httpGet": _get(ready), "periodSeconds": 5, "timeoutSeconds": 2, "failureThreshold": 3},
        "livenessProbe": {"httpGet": _get(live), "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
    }


def _get(path: str) -> dict[str, Any]:
    return {"path": path, "port": contract.HTTP_PORT, "scheme": "HTTP"}


def _health(plan: Plan) -> tuple[str, str]:
    serving = plan.spec.serving
    wrapped = serving.runtime == "seldon-core" or (
        serving.runtime in contract.PREPACKAGED and serving.protocol == "seldon"
    )
    return ("/health/status", "/health/ping") if wrapped else (contract.READY_PATH, contract.LIVE_PATH)


def _drain(runtime: str) -> list[str]:
    """Return what waits until the endpoints are gone everywhere, without a shell."""
    return ["mlops-charts", "serve", "--drain"] if runtime == "python" else ["sleep", "10"]


def _pod_security(plan: Plan) -> dict[str, Any]:
    if plan.spec.serving.runtime not in contract.PREPACKAGED:
        return pod_security_context()
    user = dict.fromkeys(("runAsUser", "runAsGroup", "fsGroup"), _SELDON_USER)
    return {**pod_security_context(), **user}


def _spread(plan: Plan, name: SlotName) -> list[Any]:
    selector = {"matchLabels": {"seldon-app": plan.names.predictor_service(name)}}
    return [
        {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": selector}
        for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    ]
