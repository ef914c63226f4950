"""What the pods of all steps are made of: resources, retries, variables, volumes, places to run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_charts.chart import Text, text
from mlops_charts.generators.pipeline import values
from mlops_charts.planning import Plan
from mlops_charts.spec.scalars import seconds
from mlops_charts.spec.training import Resources, Toleration

STEP_LABEL = "mlops-charts/step"
_MINUTE = 60


def resources(
    cpu: Any, memory: Any, disk: str, *, extended: Mapping[str, str] | None = None, request: Any = None
) -> dict[str, Any]:
    """Return requests and limits; they differ only in the processor, if `request` says so."""
    rest = {"memory": memory, "ephemeral-storage": disk, **(extended or {})}
    return {"requests": {"cpu": cpu if request is None else request, **rest}, "limits": {"cpu": cpu, **rest}}


def asked_resources(plan: Plan, asked: Resources) -> dict[str, Any]:
    """Return resources as a step of the user's asks for them."""
    return resources(asked.cpu, asked.memory, asked.ephemeral_storage, extended=gpus(plan, asked.gpu))


def gpus(plan: Plan, count: int) -> dict[str, str]:
    """Return the extended resource of GPUs; none if there are none."""
    return {plan.platform.gpu.resource: str(count)} if count else {}


def placement(plan: Plan, *, gpu: int) -> dict[str, Any]:
    """Return where the pods of training run."""
    training = plan.spec.training
    tolerations = (*training.tolerations, *(plan.platform.gpu.tolerations if gpu else ()))
    found: dict[str, Any] = {
        "nodeSelector": _ordered(training.node_selector),
        "tolerations": [toleration(one) for one in tolerations],
        "affinity": _ordered(training.affinity),
        "priorityClassName": training.priority_class_name,
    }
    return {key: content for key, content in found.items() if content}


def _ordered(content: Any) -> Any:
    """Return a subtree with its keys in one order, whatever order they were written in."""
    if isinstance(content, Mapping):
        return {key: _ordered(content[key]) for key in sorted(content)}
    return [_ordered(item) for item in content] if isinstance(content, list | tuple) else content


def toleration(one: Toleration) -> dict[str, Any]:
    """Return a toleration as Kubernetes writes it."""
    return one.model_dump(by_alias=True, exclude_none=True)


def deadline(plan: Plan, minutes: int) -> int:
    """Return the seconds that a step may take; 0 minutes means as long as training may."""
    return minutes * _MINUTE if minutes else max(1, round(seconds(plan.spec.training.timeout)))


def retries(plan: Plan, final: tuple[int, ...]) -> dict[str, Any]:
    """Return how a step is tried again: always, but after the exit statuses that another try would only repeat."""
    limit = plan.spec.training.retries.limit
    if not limit:
        return {}
    strategy: dict[str, Any] = {
        "limit": limit,
        "retryPolicy": "Always",
        "backoff": {"duration": "30s", "factor": 2, "cap": "10m"},
    }
    if final:
        statuses = ", ".join(f"'{status}'" for status in final)
        strategy["expression"] = f"lastRetry.exitCode not in [{statuses}]"
    return {"retryStrategy": strategy}


def growing_memory(plan: Plan) -> dict[str, Any]:
    """Return the patch that gives each retry of a training pod more memory than the one before.

    The number of the retry is all that Argo tells a patch reliably; so a retry after another failure grows as well.
    """
    asked = plan.spec.training.retries
    if not asked.limit:
        return {}
    most, factor = values.mebibytes(asked.on_out_of_memory.max), asked.on_out_of_memory.factor
    grown = f"{{{{=max({{memory}}, min({most}, int({{memory}} * ({factor:.10g} ** sprig.int(retries)))))}}}}Mi"
    sizes = f"{{requests: {{memory: {grown}}}, limits: {{memory: {grown}}}}}"
    patch = f"{{containers: [{{name: main, resources: {sizes}}}]}}"
    return {"podSpecPatch": text(patch, memory=values.training_memory(plan))}


def memory(plan: Plan) -> Text:
    """Return the memory of a training pod as a quantity."""
    return text("{memory}Mi", memory=values.training_memory(plan))


def scratch(name: str, size: str) -> dict[str, Any]:
    """Return a volume that lives as long as its pod."""
    return {"name": name, "emptyDir": {"sizeLimit": size}}


def secret_volume(name: str, secret: str, items: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a volume with a Secret, or with some of its keys under other names."""
    chosen = {"items": [{"key": key, "path": path} for key, path in items.items()]} if items else {}
    return {"name": name, "secret": {"secretName": secret, **chosen}}


def docker_config(name: str | None) -> list[dict[str, Any]]:
    """Return the volume with a registry's credentials as the file config.json; none for a public registry."""
    return [secret_volume("registry", name, {".dockerconfigjson": "config.json"})] if name else []


def mount(name: str, path: str, *, read_only: bool = False) -> dict[str, Any]:
    """Return where a volume is in a container."""
    return {"name": name, "mountPath": path, **({"readOnly": True} if read_only else {})}


def template_metadata(step: str) -> dict[str, Any]:
    """Return the labels by which network policies find the pods of a step."""
    return {"labels": {STEP_LABEL: step}}
