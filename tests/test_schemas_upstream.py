"""The CRDs of real projects, if $MLOPS_CHARTS_CRDS names a folder of them; else nothing is collected."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_charts.validation.schemas.crd import CustomResources
from mlops_charts.validation.schemas.formats import compiled

FOLDERS = [Path(folder) for folder in (os.environ.get("MLOPS_CHARTS_CRDS", ""),) if folder]


def _patterns(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for part in node.values():
            yield from _patterns(part)
    elif isinstance(node, list):
        for part in node:
            yield from _patterns(part)


def _flaws_of_misspelt(kinds: CustomResources, api_version: str, kind: str) -> list[str]:
    manifest = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "iris"}, "spce": {}}
    return [flaw.code for flaw in kinds.check(manifest) if flaw.path == ("spce",)]


if FOLDERS:

    @pytest.mark.parametrize("folder", FOLDERS, ids=str)
    def test_every_served_version_can_be_checked(folder: Path, tmp_path: Path) -> None:
        """Each refuses a misspelt root field, and every pattern in it can be read."""
        kinds = CustomResources([folder], tmp_path)
        served = [version for version in kinds.versions if version.served]
        unread = {
            p for v in kinds.versions for p in _patterns(json.loads(Path(v.file).read_bytes())) if not compiled(p)
        }
        refused = [_flaws_of_misspelt(kinds, f"{v.group}/{v.version}", v.kind) for v in served]
        assert unread == set()
        assert refused == [["schema-unknown-field"]] * len(served)
        assert served
