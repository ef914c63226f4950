"""Foreign tools: builder, scanner, bill of materials, signature, provenance; the failure of one stops the release."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mlops_charts import contract
from mlops_charts.generators.objects import container_security_context, secret_variable
from mlops_charts.generators.pipeline import pods, storage, values
from mlops_charts.generators.pipeline.steps import frame, output
from mlops_charts.planning import Plan

_REFERENCE: Final = "{{inputs.parameters.image}}@{{inputs.parameters.image-digest}}"
_REFERENCE_INPUTS: Final = {"parameters": [{"name": "image"}, {"name": "image-digest"}]}
_TMP: Final = "/tmp"  # noqa: S108 - a folder of the pod
_SCRATCH: Final = "4Gi"
_SCAN_MINUTES: Final = 25  # Trivy's own limit is 5, and a first scan fetches its database; the pod ends after 30
_FOUND: Final = 10  # the exit status of the scanner for vulnerabilities; its own failures are 1
# What of root's a builder needs to unpack layers and to run their commands; Pod Security baseline admits each.
_BUILDER_CAPABILITIES: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETFCAP", "SETGID", "SETUID")


def tool(plan: Plan, name: str) -> dict[str, Any]:
    """Return the template of a step that is a foreign tool."""
    return _TEMPLATES[name](plan)


def _builder(plan: Plan, name: str, destination: Any, context: str, more: list[str]) -> dict[str, Any]:
    cache = ["--cache=true", f"--cache-repo={plan.images.model}-cache"] if plan.spec.build.cache else []
    credentials = pods.docker_config(plan.platform.registry.push_secret)
    return {
        **frame(plan, name, 60, final=()),
        "container": {
            "image": values.tool_image(plan, "kaniko"),
            "command": ["/kaniko/executor"],
            "args": [
                f"--context=dir:///inputs/{context}",
                "--destination",
                destination,
                "--snapshot-mode=redo",
                *cache,
                *more,
            ],
            "resources": pods.resources("2", "4Gi", "10Gi", request="500m"),
            "securityContext": _root(),
            "volumeMounts": [
                pods.mount("outputs", "/outputs"),
                *(pods.mount("registry", "/kaniko/.docker", read_only=True) for _ in credentials),
            ],
        },
        "volumes": [pods.scratch("outputs", "16Mi"), *credentials],
    }


def _root() -> dict[str, Any]:
    """Return the one exception: the builder writes an image's whole file system, as root of its container."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": False,
        "runAsNonRoot": False,
        "runAsUser": 0,
        "runAsGroup": 0,
        "capabilities": {"drop": ["ALL"], "add": list(_BUILDER_CAPABILITIES)},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _environment(plan: Plan) -> dict[str, Any]:
    template = _builder(plan, "environment", values.training_image(plan), "environment-context", [])
    return {**template, "inputs": {"artifacts": storage.inputs(["environment-context"])}}


def _image(plan: Plan) -> dict[str, Any]:
    template = _builder(
        plan, "image", "{{inputs.parameters.image}}", "context", ["--digest-file=/outputs/image-digest"]
    )
    return {
        **template,
        "inputs": {"parameters": [{"name": "image"}], "artifacts": storage.inputs(["context"])},
        "outputs": {"parameters": [output("image-digest")]},
    }


def _tool(
    plan: Plan,
    name: str,
    program: str,
    command: str,
    arguments: list[str],
    *,
    secret: str | None,
    final: tuple[int, ...] = (),
    memory: str = "1Gi",
    env: list[dict[str, Any]] | None = None,
    volumes: Mapping[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return a tool that works on an image in the registry; `volumes` are by the path of their mount."""
    credentials = pods.docker_config(secret)
    registry = {"/secrets/registry": credentials[0]} if credentials else {}
    mounted = {_TMP: pods.scratch("tmp", _SCRATCH), **registry, **(volumes or {})}
    config = [{"name": "DOCKER_CONFIG", "value": "/secrets/registry"}] if credentials else []
    return {
        **frame(plan, name, 30, final=final),
        "inputs": _REFERENCE_INPUTS,
        "container": {
            "image": values.tool_image(plan, program),
            "command": [command],
            "args": arguments,
            "env": [{"name": "HOME", "value": _TMP}, *config, *(env or [])],
            "resources": pods.resources("1", memory, _SCRATCH, request="250m"),
            "securityContext": container_security_context(),
            "volumeMounts": [
                pods.mount(volume["name"], path, read_only="emptyDir" not in volume) for path, volume in mounted.items()
            ],
        },
        "volumes": list(mounted.values()),
    }


def _scan(plan: Plan) -> dict[str, Any]:
    asked = plan.spec.build.scan
    severity = ",".join(asked.severity) if asked else ""
    arguments = [
        "image",
        f"--severity={severity}",
        f"--ignore-unfixed={'true' if asked and asked.ignore_unfixed else 'false'}",
        f"--exit-code={_FOUND}",
        "--scanners=vuln",
        "--no-progress",
        f"--cache-dir={_TMP}/trivy",
        "--image-src=remote",
        f"--timeout={_SCAN_MINUTES}m",
        _REFERENCE,
    ]
    secret = plan.platform.registry.pull_secret
    quiet = [{"name": f"TRIVY_{name}", "value": "true"} for name in ("DISABLE_TELEMETRY", "SKIP_VERSION_CHECK")]
    return _tool(plan, "scan", "trivy", "trivy", arguments, secret=secret, final=(_FOUND,), memory="2Gi", env=quiet)


def _sbom(plan: Plan) -> dict[str, Any]:
    arguments = ["scan", f"registry:{_REFERENCE}", f"--output=cyclonedx-json=/outputs/sbom/{contract.SBOM}"]
    env = [{"name": "SYFT_CHECK_FOR_APP_UPDATE", "value": "false"}]
    secret = plan.platform.registry.pull_secret
    written = {"/outputs": pods.scratch("outputs", "256Mi")}
    template = _tool(plan, "sbom", "syft", "/syft", arguments, secret=secret, memory="2Gi", env=env, volumes=written)
    return {**template, "outputs": {"artifacts": storage.outputs("sbom", ["sbom"])}}


def _sign(plan: Plan) -> dict[str, Any]:
    return _cosign(plan, "sign", ["sign"])


def _provenance(plan: Plan) -> dict[str, Any]:
    statement = f"--predicate=/inputs/predicate/{contract.PROVENANCE}"
    template = _cosign(plan, "provenance", ["attest", "--type=slsaprovenance1", statement])
    return {**template, "inputs": {**_REFERENCE_INPUTS, "artifacts": storage.inputs(["predicate"])}}


def _cosign(plan: Plan, name: str, verb: list[str]) -> dict[str, Any]:
    sign = plan.spec.build.sign
    key, env, volumes = _key(plan, sign.secret) if sign.mode == "key" and sign.secret else _identity()
    arguments = [*verb, "--yes", *key, _REFERENCE]
    secret = plan.platform.registry.push_secret
    return _tool(
        plan, name, "cosign", "/ko-app/cosign", arguments, secret=secret, memory="512Mi", env=env, volumes=volumes
    )


_Signing = tuple[list[str], list[dict[str, Any]], dict[str, dict[str, Any]]]


def _key(plan: Plan, secret: str) -> _Signing:
    """Return what signs with a key: the signing configuration names no public log, so nothing leaves the registry."""
    arguments = ["--key=/secrets/cosign/cosign.key", "--signing-config=/spec/signing-config.json"]
    password = secret_variable("COSIGN_PASSWORD", secret, "cosign.password")
    key = pods.secret_volume("cosign", secret, {"cosign.key": "cosign.key"})
    config = {"name": "spec", "configMap": {"name": plan.names.spec_config_map}}
    return arguments, [password], {"/secrets/cosign": key, "/spec": config}


def _identity() -> _Signing:
    """Return what signs with the pod's identity: a token at the place where cosign looks for one."""
    token = {"serviceAccountToken": {"audience": "sigstore", "expirationSeconds": 600, "path": "oidc-token"}}
    return [], [], {"/var/run/sigstore/cosign": {"name": "identity", "projected": {"sources": [token]}}}


_TEMPLATES: Final[Mapping[str, Callable[[Plan], dict[str, Any]]]] = {
    "environment": _environment,
    "image": _image,
    "scan": _scan,
    "sbom": _sbom,
    "sign": _sign,
    "provenance": _provenance,
}
