"""The pods of the pipeline: commands, images, retries, memory, identities, places, secrets, security."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pipeline_plans import (
    CASES,
    EVERYTHING,
    EVERYTHING_FILES,
    MINIMAL,
    case,
    objects_of,
    of_kind,
    plan_of,
    templates_of,
)

from mlops_charts import contract

every_case = pytest.mark.parametrize("name", CASES)
_SHELLS = {"sh", "bash", "/bin/sh", "/bin/bash", "ash", "dash", "-c"}
_TRAINING = {"trial", "train", "validate", "monitor"}


def _pods(name: str) -> dict[str, dict[str, Any]]:
    return {step: template for step, template in templates_of(case(name)).items() if "container" in template}


def _volumes(template: dict[str, Any]) -> set[str]:
    return {volume["name"] for volume in template["volumes"]}


@every_case
def test_every_container_says_its_command_and_none_is_a_shell(name: str) -> None:
    """Without a command the controller asks the registry for it; with a shell, text of users would reach one."""
    for template in _pods(name).values():
        command = [*template["container"]["command"], *template["container"].get("args", [])]
        assert command[0]
        assert not _SHELLS & set(command)


@every_case
def test_every_pod_has_an_account_of_its_own(name: str) -> None:
    """An identity is of one step, so that its rights are."""
    accounts = of_kind(objects_of(case(name)), "ServiceAccount")
    pods = _pods(name)
    assert {step: template["serviceAccountName"] for step, template in pods.items()} == {
        step: f"iris-{step}" for step in pods
    }
    assert set(accounts) == {f"iris-{step}" for step in pods}


@every_case
def test_every_mount_has_its_volume_and_every_volume_its_mount(name: str) -> None:
    """Volumes and mounts name each other."""
    for template in _pods(name).values():
        assert {mount["name"] for mount in template["container"]["volumeMounts"]} == _volumes(template)


@every_case
def test_only_the_builder_is_root(name: str) -> None:
    """And it only in its container, with what it needs to unpack layers."""
    contexts = {step: template["container"]["securityContext"] for step, template in _pods(name).items()}
    roots = {step for step, context in contexts.items() if not context["runAsNonRoot"]}
    assert roots == {"image", "environment"} & set(contexts)
    assert all(context["allowPrivilegeEscalation"] is False for context in contexts.values())
    assert all(context["capabilities"]["drop"] == ["ALL"] for context in contexts.values())


@every_case
def test_every_pod_ends_in_time_and_states_what_it_uses(name: str) -> None:
    """A step that hangs would hold the lock; one without limits could not be placed under a quota."""
    for template in _pods(name).values():
        assert template["activeDeadlineSeconds"] > 0
        used = template["container"]["resources"]
        assert set(used["requests"]) == set(used["limits"]) >= {"cpu", "memory", "ephemeral-storage"}


def test_training_may_take_as_long_as_the_user_says() -> None:
    """The other steps have limits of their own."""
    plan = plan_of({**MINIMAL, "training": {**MINIMAL["training"], "timeout": "1h30m"}})
    deadlines = {step: template.get("activeDeadlineSeconds") for step, template in templates_of(plan).items()}
    assert (deadlines["train"], deadlines["guard"]) == (5400, 1800)


def test_what_a_user_said_no_to_is_not_tried_again() -> None:
    """Exit 1 and 2 are final; 3, out of memory and lost nodes are tried again, later and later."""
    assert _pods("everything")["train"]["retryStrategy"] == {
        "limit": 3,
        "retryPolicy": "Always",
        "backoff": {"duration": "30s", "factor": 2, "cap": "10m"},
        "expression": "lastRetry.exitCode not in ['1', '2']",
    }


def test_vulnerabilities_are_final_and_a_failed_scanner_is_not() -> None:
    """The scanner says with a status of its own that it found something."""
    scan = _pods("everything")["scan"]
    assert "--exit-code=10" in scan["container"]["args"]
    assert scan["retryStrategy"]["expression"] == "lastRetry.exitCode not in ['10']"


def test_without_retries_there_is_no_strategy_and_no_patch() -> None:
    """The number of the retry exists only where there are retries."""
    for template in _pods("no-retries").values():
        assert not {"retryStrategy", "podSpecPatch"} & set(template)


def _memory(values: dict[str, Any], retry: int) -> set[int]:
    """Return the memory of a try in MiB, as Argo computes it."""
    patch = templates_of(case("everything"), values)["train"]["podSpecPatch"]
    expressions = re.findall(r"\{\{=(.*?)\}\}Mi", patch)
    assert len(expressions) == 2
    return {eval(one.replace("sprig.int(retries)", str(retry))) for one in expressions}  # noqa: S307 - our own text


def test_each_retry_gets_more_memory_up_to_the_most() -> None:
    """The patch begins with what the template states, and never takes memory away."""
    assert [_memory({}, retry) for retry in range(4)] == [{1536}, {3072}, {6144}, {8192}]
    more = {"training": {"memoryMi": 10_000}}
    assert [_memory(more, retry) for retry in range(2)] == [{10_000}, {10_000}]
    stated = templates_of(case("everything"), more)["train"]["container"]["resources"]
    assert stated["limits"]["memory"] == stated["requests"]["memory"] == "10000Mi"


def test_the_patch_is_a_pod_once_its_expressions_are_replaced() -> None:
    """It names the container as Argo does."""
    import yaml  # noqa: PLC0415

    patch = templates_of(case("everything"))["train"]["podSpecPatch"]
    memory = {"memory": "1Mi"}
    assert yaml.safe_load(re.sub(r"\{\{=.*?\}\}", "1", patch)) == {
        "containers": [{"name": "main", "resources": {"requests": memory, "limits": memory}}]
    }


def test_gpus_are_for_training_alone_and_bring_their_tolerations() -> None:
    """What runs no training does not hold a GPU."""
    pods = _pods("everything")
    with_gpu = {
        step for step, template in pods.items() if "nvidia.com/gpu" in template["container"]["resources"]["limits"]
    }
    tolerating = {
        step
        for step, template in pods.items()
        if any(one["key"] == "nvidia.com/gpu" for one in template.get("tolerations", []))
    }
    assert with_gpu == tolerating == {"trial", "train", "fairness"}


def test_training_runs_where_the_user_says() -> None:
    """Selector, tolerations, affinity and priority are of the steps that hold rows and model."""
    pods = _pods("everything")
    assert {step for step, template in pods.items() if "nodeSelector" in template} == _TRAINING
    train = pods["train"]
    assert train["nodeSelector"] == {"pool": "gpu"}
    assert train["affinity"] == {"podAntiAffinity": {}}
    assert train["priorityClassName"] == "high"
    assert train["tolerations"] == [
        {"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "nvidia.com/gpu", "operator": "Exists"},
    ]


def test_the_models_code_runs_in_the_environment_image() -> None:
    """Our own steps run in ours; the image that is built is the one that is used."""
    plan = case("everything")
    pods = _pods("everything")
    ours = [step for step in pods if pods[step]["container"]["command"][0] == "mlops-charts"]
    images = {step: pods[step]["container"]["image"] for step in ours}
    assert {step for step in ours if images[step] == plan.images.environment} == {*_TRAINING, "search", "build"}
    assert {images[step] for step in ("guard", "version", "deploy")} == {plan.images.runtime}
    assert plan.images.environment in pods["environment"]["container"]["args"]


def test_a_value_changes_an_image_everywhere() -> None:
    """An operator can move all steps to another runtime."""
    templates = templates_of(plan_of(), {"images": {"runtime": "mirror.example.com/runtime:2.0.0"}})
    assert {templates[step]["container"]["image"] for step in ("guard", "train", "deploy")} == {
        "mirror.example.com/runtime:2.0.0"
    }


def test_variables_of_the_user_win_and_reach_only_what_needs_them() -> None:
    """Their secrets are in no tool and in no step that runs no code of theirs."""
    training = {
        **MINIMAL["training"],
        "env": {"HOME": "/home/me"},
        "secrets": [{"name": "db", "key": "k", "env": "DB"}],
    }
    templates = templates_of(plan_of({**MINIMAL, "training": training}))
    names = {
        step: [one["name"] for one in template["container"].get("env", [])]
        for step, template in templates.items()
        if "container" in template
    }
    assert {step for step, found in names.items() if "DB" in found} == {"train", "validate", "monitor", "build"}
    assert all(len(found) == len(set(found)) for found in names.values())
    assert {"name": "HOME", "value": "/home/me"} in templates["train"]["container"]["env"]
    assert {"name": "HOME", "value": "/tmp"} in templates["deploy"]["container"]["env"]  # noqa: S108


def test_guard_takes_of_the_user_what_finds_rows_and_nothing_that_runs_code() -> None:
    """It holds a credential of git beside the source files, so no variable may point Python or AWS at one of them."""
    hostile = ("PYTHONPATH", "PYTHONSTARTUP", "LD_PRELOAD", "AWS_CONFIG_FILE", "PATH", "GIT_CREDENTIALS_DIR", "HOME")
    training = {
        **MINIMAL["training"],
        "env": {"AWS_ENDPOINT_URL": "http://lake:9000", **dict.fromkeys(hostile, "/inputs/source")},
        "secrets": [{"name": "lake", "key": "id", "env": "AWS_ACCESS_KEY_ID"}],
    }
    guard, train = (
        {one["name"]: one for one in templates_of(plan_of({**MINIMAL, "training": training}))[step]["container"]["env"]}
        for step in ("guard", "train")
    )
    assert guard["AWS_ENDPOINT_URL"]["value"] == "http://lake:9000"
    assert guard["AWS_ACCESS_KEY_ID"]["valueFrom"] == {"secretKeyRef": {"name": "lake", "key": "id"}}
    assert [name for name in hostile if guard.get(name, {}).get("value") == "/inputs/source"] == []
    assert [name for name in hostile if train[name]["value"] != "/inputs/source"] == []


def test_mlflow_s_password_goes_to_those_who_ask_mlflow() -> None:
    """Steps of our own ask it; no tool does, and without a Secret nobody is told of one."""
    asked = {"mlflow": {"credentialsSecret": "mlflow-user"}}
    keys = {"MLFLOW_TRACKING_USERNAME": "username", "MLFLOW_TRACKING_PASSWORD": "password"}
    for platform, expected in ((asked, keys), ({}, {})):
        for name, template in templates_of(plan_of(MINIMAL, platform)).items():
            env = template.get("container", {}).get("env", [])
            found = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in env if one["name"] in keys}
            wanted = {key: {"name": "mlflow-user", "key": part} for key, part in expected.items()}
            assert found == (wanted if name in contract.STEPS else {}), name


def test_steps_that_take_the_model_along_have_the_disk_of_training() -> None:
    """A model of gigabytes is in version and build as well; what asks for less has as much as before."""
    for asked, expected in (("20Gi", "20Gi"), ("500Mi", "2Gi")):
        training = {**MINIMAL["training"], "resources": {"ephemeralStorage": asked}}
        templates = templates_of(plan_of({**MINIMAL, "training": training}))
        for step in ("version", "build"):
            assert templates[step]["container"]["resources"]["limits"]["ephemeral-storage"] == expected
            sizes = {one["emptyDir"]["sizeLimit"] for one in templates[step]["volumes"] if "emptyDir" in one}
            assert sizes == {expected}
        assert templates["guard"]["container"]["resources"]["limits"]["ephemeral-storage"] == "2Gi"


def test_each_secret_is_mounted_by_those_who_need_it() -> None:
    """Git's by guard and deploy, the signing key by deploy, the registry's by what talks to it."""
    pods = _pods("everything")

    def having(volume: str) -> set[str]:
        return {step for step, template in pods.items() if volume in _volumes(template)}

    assert having("git") == {"guard", "deploy"}
    assert having("git-signing") == {"deploy"}
    assert having("registry") == {"guard", "environment", "image", "scan", "sbom", "sign", "provenance"}
    assert having("cosign") == {"sign", "provenance"}
    assert having("source") == {"guard"}


def test_without_credentials_of_a_registry_none_are_mounted() -> None:
    """A public registry needs none."""
    assert not [step for step, template in _pods("keyless").items() if "registry" in _volumes(template)]


def test_a_signature_is_by_a_key_or_by_the_identity_of_the_pod() -> None:
    """A key leaves no trace in a public log; an identity is a token of the pod's account."""
    key, keyless = _pods("everything")["sign"], _pods("keyless")["sign"]
    image = "{{inputs.parameters.image}}@{{inputs.parameters.image-digest}}"
    assert key["container"]["args"] == [
        "sign", "--yes", "--key=/secrets/cosign/cosign.key", "--signing-config=/spec/signing-config.json", image,
    ]  # fmt: skip
    assert keyless["container"]["args"] == ["sign", "--yes", image]
    assert _volumes(keyless) == {"tmp", "identity"}


def test_the_cache_of_the_builder_is_a_choice() -> None:
    """Layers are kept beside the model's images."""
    assert "--cache-repo=ghcr.io/acme/iris-cache" in _pods("everything")["image"]["container"]["args"]
    assert "--cache=true" not in _pods("keyless")["image"]["container"]["args"]


def test_pods_end_in_a_meshed_namespace() -> None:
    """A sidecar never ends, and the pod with it."""
    plan = plan_of(EVERYTHING, {"environments": {"staging": {}, "prod": {}}}, EVERYTHING_FILES)
    (template,) = of_kind(objects_of(plan), "WorkflowTemplate").values()
    metadata = template["spec"]["podMetadata"]
    assert metadata["annotations"] == {"sidecar.istio.io/inject": "false"}
    assert metadata["labels"]["sidecar.istio.io/inject"] == "false"
