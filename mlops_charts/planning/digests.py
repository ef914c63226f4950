"""Digests: what a model's code is, as one name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.platform import PlatformSpec

_BLOCKS = ("training", "validation", "versioning", "build")


def code_digest(spec: ModelSpec, platform: PlatformSpec, files: Mapping[str, bytes]) -> str:
    """Return the SHA-256, in hexadecimal, of all that decides what training makes.

    Defaults are left out, so that stating one, or a new field with a default, trains nothing anew; so is the
    schedule, which says when and not what.
    """
    covered: dict[str, Any] = {
        block: getattr(spec, block).model_dump(mode="json", by_alias=True, exclude_defaults=True) for block in _BLOCKS
    }
    covered["training"].pop("schedule", None)
    covered["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    if platform.pipeline.retrain_on_runtime_change:
        covered["runtimeImage"] = platform.pipeline.runtime_image
    return hashlib.sha256(json.dumps(covered, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def content_digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
