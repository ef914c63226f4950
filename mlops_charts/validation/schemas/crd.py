"""Custom resources, checked against their CustomResourceDefinitions as an API server with strict field validation does.

On top of the shape, a resource must be a fixed point of its CRD's defaults where server-side apply needs it.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from mlops_charts.validation.schemas.defaults import with_defaults
from mlops_charts.validation.schemas.flaw import NOT_SERVED, Flaw, SchemaError, invalid
from mlops_charts.validation.schemas.store import CrdVersion, read_versions
from mlops_charts.validation.schemas.structural import check_resource


class CustomResources:
    """The custom kinds that some folders of CRDs define; each schema is read when it is first needed."""

    def __init__(self, folders: Sequence[Path], cache: Path) -> None:
        self._folders = tuple(folders)
        self._cache = cache
        self._schemas: dict[str, Mapping[str, Any]] = {}

    @cached_property
    def _versions(self) -> Mapping[tuple[str, str], Mapping[str, CrdVersion]]:
        found: dict[tuple[str, str], dict[str, CrdVersion]] = {}
        for version in read_versions(self._folders, self._cache):
            found.setdefault((version.group, version.kind), {})[version.version] = version
        return found

    @property
    def versions(self) -> list[CrdVersion]:
        """Every version of every kind, in the order of the folders and files."""
        return [version for versions in self._versions.values() for version in versions.values()]

    def knows(self, api_version: str, kind: str) -> bool:
        """Whether a CRD defines this kind, in whatever version."""
        return (api_version.rpartition("/")[0], kind) in self._versions

    def rules(self, api_version: str, kind: str) -> int:
        """How many CEL rules the kind's schema has; they are not evaluated."""
        group, _, version = api_version.rpartition("/")
        found = self._versions.get((group, kind), {}).get(version)
        return found.rules if found else 0

    def check(self, manifest: Mapping[str, Any]) -> list[Flaw]:
        """Everything that the CRD has against a resource of a kind that it defines."""
        group, _, name = str(manifest["apiVersion"]).rpartition("/")
        versions = self._versions[(group, str(manifest["kind"]))]
        version = versions.get(name)
        if version is None or not version.served:
            return [_not_served(name, versions)]
        schema = self._schema(version)
        complete, missing = with_defaults(schema, manifest)
        return [*check_resource(schema, complete), *missing, *_scope(version, manifest)]

    def _schema(self, version: CrdVersion) -> Mapping[str, Any]:
        if version.file not in self._schemas:
            try:
                self._schemas[version.file] = json.loads(Path(version.file).read_bytes())
            except (OSError, ValueError):
                raise SchemaError(f"{version.file}: the cache of CRDs is damaged; remove its folder") from None
        return self._schemas[version.file]


def _not_served(name: str, versions: Mapping[str, CrdVersion]) -> Flaw:
    served = ", ".join(version.version for version in versions.values() if version.served)
    known = "is no longer served" if name in versions else "does not exist"
    kind = next(iter(versions.values())).kind
    return Flaw(("apiVersion",), NOT_SERVED, f'version "{name}" of {kind} {known}', f"served: {served or 'none'}")


def _scope(version: CrdVersion, manifest: Mapping[str, Any]) -> list[Flaw]:
    metadata = manifest.get("metadata")
    if version.scope == "Cluster" and isinstance(metadata, Mapping) and metadata.get("namespace"):
        return [invalid(("metadata", "namespace"), f"a {version.kind} belongs to the cluster, not to a namespace")]
    return []
