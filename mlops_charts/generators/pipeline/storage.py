"""Artifacts: what steps hand to each other over S3, by keys that no two runs share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from mlops_charts.planning import Plan

REPOSITORY: Final = "artifacts.json"  # a key of the ConfigMap with the resolved spec
_CERTAIN: Final = frozenset({"source"})  # guard always writes it; all else is missing where a run goes on in the middle


def is_optional(artifact: str) -> bool:
    """Whether an artifact may be missing because the step that makes it was skipped."""
    return artifact not in _CERTAIN


def optional(artifact: str) -> dict[str, Any]:
    """Return the field that lets an artifact be missing, for those that may."""
    return {"optional": True} if is_optional(artifact) else {}


def inputs(names: Iterable[str], folder: str = "/inputs") -> list[dict[str, Any]]:
    """Return the artifacts that a template reads."""
    return [{"name": name, "path": f"{folder}/{name}", **optional(name)} for name in names]


def outputs(step: str, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return the artifacts that a template writes; where they go stands once, in the artifact repository."""
    return [{"name": name, "path": f"/outputs/{name}", **_maybe(step, name)} for name in names]


def _maybe(step: str, name: str) -> dict[str, Any]:
    return {"optional": True} if (step, name) == ("guard", "environment-context") else {}


def repository(plan: Plan) -> dict[str, Any]:
    """Return where artifacts and the logs of all steps go, as Argo reads it from a ConfigMap."""
    storage = plan.platform.storage
    return {
        "archiveLogs": True,
        "s3": {
            "endpoint": storage.endpoint.split("://")[1].split("/")[0],
            "insecure": storage.endpoint.startswith("http://"),
            "bucket": storage.bucket,
            "region": storage.region,
            "keyFormat": f"{plan.model}/{{{{workflow.uid}}}}/{{{{pod.name}}}}",
            "accessKeySecret": {"name": storage.credentials_secret, "key": "accessKey"},
            "secretKeySecret": {"name": storage.credentials_secret, "key": "secretKey"},
        },
    }


def repository_reference(plan: Plan) -> dict[str, Any]:
    """Return how a workflow names its artifact repository."""
    return {"artifactRepositoryRef": {"configMap": plan.names.spec_config_map, "key": REPOSITORY}}
