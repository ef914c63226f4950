"""Artifacts: what steps hand to each other over S3, by keys that no two runs share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlops_charts.planning import Plan

_CERTAIN = frozenset({"source"})  # guard always writes it; all else is missing where a run goes on in the middle


def is_optional(artifact: str) -> bool:
    """Whether an artifact may be missing because the step that makes it was skipped."""
    return artifact not in _CERTAIN


def optional(artifact: str) -> dict[str, Any]:
    """Return the field that lets an artifact be missing, for those that may."""
    return {"optional": True} if is_optional(artifact) else {}


def inputs(names: Iterable[str], folder: str = "/inputs") -> list[dict[str, Any]]:
    """Return the artifacts that a template reads."""
    return [{"name": name, "path": f"{folder}/{name}", **optional(name)} for name in names]


def outputs(plan: Plan, step: str, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return the artifacts that a template writes."""
    return [
        {"name": name, "path": f"/outputs/{name}", **_maybe(step, name), "s3": _object(plan, step, name)}
        for name in names
    ]


def _maybe(step: str, name: str) -> dict[str, Any]:
    return {"optional": True} if (step, name) == ("guard", "environment-context") else {}


def _object(plan: Plan, step: str, name: str) -> dict[str, Any]:
    storage = plan.platform.storage
    return {
        "endpoint": storage.endpoint.split("://")[1].split("/")[0],
        "insecure": storage.endpoint.startswith("http://"),
        "bucket": storage.bucket,
        "region": storage.region,
        "key": f"{plan.model}/{{{{workflow.uid}}}}/{step}/{name}.tgz",
        "accessKeySecret": {"name": storage.credentials_secret, "key": "accessKey"},
        "secretKeySecret": {"name": storage.credentials_secret, "key": "secretKey"},
    }
