"""The templates of our own steps and of the user's: one container each, no shell, nothing it does not need."""

from __future__ import annotations

from typing import Any, Final

from mlops_charts import contract
from mlops_charts.generators.objects import container_security_context
from mlops_charts.generators.pipeline import pods, storage, values
from mlops_charts.generators.pipeline.configmaps import source_items
from mlops_charts.generators.pipeline.interfaces import NATURES, extra_steps, interface, wiring
from mlops_charts.generators.pipeline.variables import variables
from mlops_charts.planning import Plan
from mlops_charts.spec.scalars import quantity

_DEFAULTS: Final = {"action": "nothing", **{f"run-{stage}": "false" for stage in contract.STAGES}}
_OURS_DISK: Final = "2Gi"  # at least
_FINAL: Final = (1, 2)  # the user's side said no; wrong usage


def step(plan: Plan, name: str) -> dict[str, Any]:
    """Return the template of a step of our own."""
    nature = NATURES[name]
    heavy = {**pods.placement(plan, gpu=_gpu(plan, name)), **pods.growing_memory(plan)} if nature.heavy else {}
    return {
        **frame(plan, name, nature.minutes, final=_FINAL),
        **heavy,
        "inputs": _inputs(plan, name),
        **_outputs(plan, name),
        "container": {
            "image": values.training_image(plan) if nature.model_code else values.runtime_image(plan),
            "command": ["mlops-charts", "step", name],
            "args": _arguments(plan, name),
            "env": variables(plan, name),
            "resources": _resources(plan, name),
            "securityContext": container_security_context(),
            "volumeMounts": _mounts(plan, name),
        },
        "volumes": _volumes(plan, name),
    }


def frame(plan: Plan, name: str, minutes: int, *, final: tuple[int, ...]) -> dict[str, Any]:
    """Return what every template that is a pod begins with."""
    return {
        "name": name,
        "metadata": pods.template_metadata(name),
        "serviceAccountName": plan.names.step_account(name),
        "activeDeadlineSeconds": pods.deadline(plan, minutes),
        **pods.retries(plan, final),
    }


def extra(plan: Plan, name: str) -> dict[str, Any]:
    """Return the template of a step of the user's."""
    asked = extra_steps(plan)[name]
    reads = storage.inputs(asked.inputs)
    return {
        **frame(plan, name, 0, final=_FINAL),
        **({"inputs": {"artifacts": reads}} if reads else {}),
        **_outputs(plan, name),
        "container": {
            "image": asked.image,
            "command": list(asked.command),
            "resources": pods.asked_resources(plan, asked.resources),
            "securityContext": container_security_context(read_only=False),
            "volumeMounts": [pods.mount("outputs", "/outputs"), pods.mount("tmp", "/tmp")],  # noqa: S108 - in the pod
        },
        **_gpu_nodes(plan, asked.resources.gpu),
        "volumes": [pods.scratch(volume, asked.resources.ephemeral_storage) for volume in ("outputs", "tmp")],
    }


def _gpu_nodes(plan: Plan, gpu: int) -> dict[str, Any]:
    wanted = [pods.toleration(one) for one in plan.platform.gpu.tolerations] if gpu else []
    return {"tolerations": wanted} if wanted else {}


def _gpu(plan: Plan, name: str) -> int:
    return plan.spec.training.resources.gpu if NATURES[name].gpu else 0


def _inputs(plan: Plan, name: str) -> dict[str, Any]:
    artifacts = storage.inputs(wiring(plan)[name])
    parameters = [{"name": parameter} for parameter in interface(plan, name).parameters_in]
    return {"parameters": parameters, **({"artifacts": artifacts} if artifacts else {})}


def _outputs(plan: Plan, name: str) -> dict[str, Any]:
    made = interface(plan, name)
    parameters = [output(parameter, _DEFAULTS.get(parameter, "")) for parameter in made.parameters_out]
    artifacts = storage.outputs(name, made.artifacts_out)
    found = {key: content for key, content in (("parameters", parameters), ("artifacts", artifacts)) if content}
    return {"outputs": found} if found else {}


def output(name: str, default: str = "") -> dict[str, Any]:
    """Return a parameter that a step writes; the default is what a skipped step is taken to have written."""
    return {"name": name, "valueFrom": {"path": f"/outputs/{name}", "default": default}}


def _arguments(plan: Plan, name: str) -> list[str]:
    folders = ["--spec=/spec/model.json", "--inputs=/inputs", "--outputs=/outputs"]
    asked = interface(plan, name).parameters_in
    return folders + [f"--{parameter}={{{{inputs.parameters.{parameter}}}}}" for parameter in asked]


def _resources(plan: Plan, name: str) -> dict[str, Any]:
    if not NATURES[name].heavy:
        return pods.resources("1", "1Gi", _disk(plan, name), request="250m")
    gpus = pods.gpus(plan, _gpu(plan, name))
    return pods.resources(values.training_cpu(plan), pods.memory(plan), _disk(plan, name), extended=gpus)


def _disk(plan: Plan, name: str) -> str:
    """Return the scratch disk of a step: whoever takes the model along needs what training needed for it."""
    asked = plan.spec.training.resources.ephemeral_storage
    if NATURES[name].heavy:
        return asked
    return max(_OURS_DISK, asked, key=quantity) if "model" in interface(plan, name).artifacts_in else _OURS_DISK


def _mounts(plan: Plan, name: str) -> list[dict[str, Any]]:
    secrets = [
        pods.mount(volume["name"], f"/secrets/{volume['name']}", read_only=True) for volume in _secrets(plan, name)
    ]
    source = [pods.mount("source", "/inputs/source", read_only=True)] if name == "guard" else []
    scratch = [pods.mount("outputs", "/outputs"), pods.mount("tmp", "/tmp")]  # noqa: S108 - a folder of the pod
    return [pods.mount("spec", "/spec", read_only=True), *source, *scratch, *secrets]


def _volumes(plan: Plan, name: str) -> list[dict[str, Any]]:
    disk = _disk(plan, name)
    spec = {"name": "spec", "configMap": {"name": plan.names.spec_config_map}}
    files = {"name": plan.names.source_config_map, "items": source_items(plan)}
    source = [{"name": "source", "configMap": files}] if name == "guard" else []
    return [spec, *source, *(pods.scratch(volume, disk) for volume in ("outputs", "tmp")), *_secrets(plan, name)]


def _secrets(plan: Plan, name: str) -> list[dict[str, Any]]:
    """Return the Secrets that a step reads as files: git's for those that read or write releases."""
    reaches, git = NATURES[name].reaches, plan.platform.git
    found = [pods.secret_volume("git", git.credentials_secret)] if "git" in reaches else []
    if name == "deploy" and git.signing_key_secret:
        found.append(pods.secret_volume("git-signing", git.signing_key_secret))
    if name == "guard" and plan.images.environment:
        found += pods.docker_config(plan.platform.registry.pull_secret)
    return found
