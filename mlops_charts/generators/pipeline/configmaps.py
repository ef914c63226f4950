"""The source files and the resolved spec as ConfigMaps: all that the steps of a run ever read of the repository."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import metadata
from mlops_charts.generators.pipeline import storage
from mlops_charts.planning import EnvironmentPlan, Plan, policy_of

_PLAIN = re.compile(r"(?!x-|\.\.|.*__|.*_/|.*/_)[A-Za-z0-9._/-]{1,200}")
_PLATFORM_BLOCKS: Final = (
    "mlflow", "storage", "git", "registry", "prometheus", "argocd", "kubernetes", "pipeline", "ingress",
)  # fmt: skip


def config_maps(plan: Plan) -> Iterator[Part]:
    """Yield both ConfigMaps."""
    yield Part("configmap-source.yaml", _source(plan), "training")
    yield Part("configmap-spec.yaml", _spec(plan), "metadata")


def key(path: str) -> str:
    """Return the key of a file, which must hold no slash: no two paths share one."""
    if _PLAIN.fullmatch(path):
        return path.replace("/", "__")
    return f"x-{hashlib.sha256(path.encode()).hexdigest()}"


def source_items(plan: Plan) -> list[dict[str, str]]:
    """Return which key is which file, for the volume of the step that mounts the source."""
    return [{"key": key(path), "path": path} for path in sorted(plan.files)]


def _source(plan: Plan) -> dict[str, Any]:
    texts: dict[str, str] = {}
    binaries: dict[str, str] = {}
    for path, content in sorted(plan.files.items()):
        try:
            texts[key(path)] = _text(content)
        except ValueError:
            binaries[key(path)] = base64.b64encode(content).decode()
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(plan, plan.names.source_config_map, component="pipeline"),
        "immutable": True,
        **({"data": texts} if texts else {}),
        **({"binaryData": binaries} if binaries else {}),
    }


def _text(content: bytes) -> str:
    """Return what survives as text in YAML; ValueError for what must travel as it is."""
    found = content.decode()
    if any(ord(character) < ord(" ") and character not in "\t\n" for character in found):
        raise ValueError("control characters")
    return found


def _spec(plan: Plan) -> dict[str, Any]:
    data = {"model.json": _json(_resolved(plan)), storage.REPOSITORY: _json(storage.repository(plan))}
    if plan.spec.build.sign.mode == "key":
        data["signing-config.json"] = _json({"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json"})
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(plan, plan.names.spec_config_map, component="pipeline"),
        "data": data,
    }


def _json(content: Any) -> str:
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _resolved(plan: Plan) -> dict[str, Any]:
    platform = plan.platform.model_dump(mode="json", by_alias=True)
    return {
        "model": plan.spec.model_dump(mode="json", by_alias=True),
        "environments": [_environment(environment) for environment in plan.environments],
        "platform": {block: platform[block] for block in _PLATFORM_BLOCKS},
        "plan": {
            "codeDigest": plan.code_digest,
            "folder": plan.folder,
            "images": {
                "runtime": plan.images.runtime,
                "training": plan.images.training,
                "environment": plan.images.environment,
                "model": plan.images.model,
                "base": plan.platform.images.python,
            },
            "registeredModel": plan.pipeline.registered_model,
            "steps": list(plan.pipeline.steps),
        },
    }


def _environment(environment: EnvironmentPlan) -> dict[str, Any]:
    spec = environment.spec.model_dump(mode="json", by_alias=True)
    return {
        "name": environment.name,
        "cluster": environment.cluster,
        "namespace": environment.namespace,
        "host": environment.host,
        "executor": environment.executor,
        "policy": policy_of(environment).model_dump(mode="json", by_alias=True, exclude_none=True),
        "freeze": [freeze.model_dump(mode="json", by_alias=True) for freeze in environment.freeze],
        **{block: spec[block] for block in ("serving", "release", "monitoring")},
    }
