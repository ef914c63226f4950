"""Where an image comes from: the predicate of SLSA provenance 1.0, which is signed beside the image."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.registered import Run
from mlops_charts.steps.wheel import own_version

BUILD_TYPE: Final = "urn:mlops-charts:build:v1"
"""An image of a version of a model, from a repository at a commit and from rows with a digest."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def provenance_text(spec: RunSpec, run: Run, version: str, context: str, *, finished: datetime) -> str:
    """Return the predicate as JSON.

    Args:
        spec: The run's spec.
        run: The run that made the model; its id is the invocation.
        version: The model's version.
        context: SHA-256 of the build context, in hexadecimal.
        finished: When the context was made.
    """
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": _asked(spec, run, version),
            "internalParameters": {"format": spec.model.serving.runtime, "image": spec.plan.images.model},
            "resolvedDependencies": _dependencies(spec, run),
        },
        "runDetails": {
            "builder": {
                "id": f"urn:mlops-charts:pipeline:{spec.name}",
                "version": {"mlops-charts": own_version()},
                "builderDependencies": [_image(spec.plan.images.runtime)],
            },
            "metadata": {
                "invocationId": run.id,
                "startedOn": _moment(datetime.fromtimestamp(run.started / 1000, UTC)),
                "finishedOn": _moment(finished),
            },
            "byproducts": [{"name": "build context", "digest": {"sha256": context}}],
        },
    }
    return json.dumps(predicate, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _asked(spec: RunSpec, run: Run, version: str) -> dict[str, Any]:
    git = spec.platform.git
    return {
        "repository": git.url,
        "ref": f"refs/heads/{git.branch}",
        "commit": run.commit,
        "path": "/".join(part for part in (git.path, spec.plan.folder) if part),
        "model": spec.name,
        "version": version,
    }


def _dependencies(spec: RunSpec, run: Run) -> list[dict[str, Any]]:
    git = spec.platform.git
    commit = {"digest": {"gitCommit": run.commit}} if _COMMIT.fullmatch(run.commit) else {}
    return [
        {"name": "repository", "uri": f"git+{git.url}", **commit},
        {"name": "code", "uri": f"urn:mlops-charts:code:{run.code}", **_digest(run.code)},
        {"name": "data", "uri": spec.model.training.data.uri, **_digest(run.data)},
        {"name": "base", **_image(spec.plan.images.base)},
    ]


def _image(reference: str) -> dict[str, Any]:
    _, _, digest = reference.partition("@sha256:")
    return {"uri": f"docker://{reference}", **_digest(digest)}


def _digest(found: str) -> dict[str, Any]:
    return {"digest": {"sha256": found}} if _SHA256.fullmatch(found) else {}


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
