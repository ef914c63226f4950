"""Kubernetes' own kinds, checked strictly against the schemas that the package kubernetes-validate carries as data.

Its files are read straight, each once: the shared definitions of one Kubernetes version (about 1.5 MB) and one small
file per kind. Its own validate() reads all of that again for every object.
"""

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from mlops_charts.validation.model import ObjectPath
from mlops_charts.validation.schemas.flaw import Flaw, SchemaError, invalid
from mlops_charts.validation.schemas.limits import repeated_items
from mlops_charts.validation.schemas.metadata import check_metadata
from mlops_charts.validation.schemas.reasons import reasons

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_PACKAGE: Final = "kubernetes_validate"
_FOLDER: Final = re.compile(r"v(\d+)\.(\d+)\.\d+-local-strict")
_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)(\..*)?")
_GROUPS: Final = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy"})
_FREE_NAMES: Final = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Builtin:
    """The kinds of one Kubernetes version, from one folder of schema files."""

    version: str
    folder: Path

    def knows(self, api_version: str, kind: str) -> bool:
        """Whether the object is one of Kubernetes' own, in a version that is served or not."""
        group = api_version.rpartition("/")[0]
        return group in _GROUPS or bool(_served(self.folder, group, kind))

    def check(self, manifest: Mapping[str, Any]) -> list[Flaw]:
        """Everything that the schema has against an object of a kind that this version knows."""
        api_version, kind = str(manifest["apiVersion"]), str(manifest["kind"])
        validator = _validator(self.folder, api_version, kind)
        if validator is None:
            return [self._not_served(api_version, kind)]
        free = api_version.startswith(_FREE_NAMES)
        flaws = list(check_metadata(manifest.get("metadata"), ("metadata",), path_names=free))
        flaws += [invalid(path, "a list must hold no null") for path in _null_items(manifest, ())]
        for error in validator.iter_errors(_without_nulls(manifest)):
            if not error.absolute_path or error.absolute_path[0] != "metadata":
                flaws.extend(reasons(error))
        return flaws

    def _not_served(self, api_version: str, kind: str) -> Flaw:
        served = _served(self.folder, api_version.rpartition("/")[0], kind)
        note = f"served: {', '.join(served)}" if served else ""
        return invalid(("apiVersion",), f"Kubernetes {self.version} has no {kind} in {api_version}", note)


def builtin(version: str) -> Builtin | None:
    """The kinds of a Kubernetes version such as "1.35"; None if the package with the schemas is not installed.

    Raises:
        SchemaError: there are no schemas of this version.
    """
    folders = _folders()
    if not folders:
        return None
    found = _VERSION.fullmatch(version)
    wanted = (int(found[1]), int(found[2])) if found else None
    if wanted is None or wanted not in folders:
        first, last = min(folders), max(folders)
        raise SchemaError(
            f'no schemas of Kubernetes "{version}"; there are {first[0]}.{first[1]} to {last[0]}.{last[1]}'
        )
    return Builtin(f"{wanted[0]}.{wanted[1]}", folders[wanted])


@cache
def _folders() -> Mapping[tuple[int, int], Path]:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return {}
    found = {}
    for folder in (Path(spec.origin).parent / "kubernetes-json-schema").iterdir():
        if match := _FOLDER.fullmatch(folder.name):
            found[(int(match[1]), int(match[2]))] = folder
    return found


def _file(api_version: str, kind: str) -> str:
    group, _, version = api_version.rpartition("/")
    short = group.partition(".")[0]
    return f"{kind.lower()}-{short}-{version}.json" if short else f"{kind.lower()}-{version}.json"


@cache
def _schema(folder: Path, api_version: str, kind: str) -> Mapping[str, Any] | None:
    """The schema of exactly this kind: another group may share the first word of its name, and so the file's name."""
    if not re.fullmatch(r"[A-Za-z0-9.]+(/[a-z0-9]+)?", api_version) or not re.fullmatch(r"[A-Za-z0-9]+", kind):
        return None
    path = folder / _file(api_version, kind)
    if not path.is_file():
        return None
    schema: dict[str, Any] = json.loads(path.read_bytes())
    group, _, version = api_version.rpartition("/")
    own = {"group": group, "kind": kind, "version": version}
    return schema if own in schema.get("x-kubernetes-group-version-kind", ()) else None


@cache
def _served(folder: Path, group: str, kind: str) -> tuple[str, ...]:
    versions = sorted(path.stem.rpartition("-")[2] for path in folder.glob(f"{kind.lower()}-*.json"))
    names = [f"{group}/{version}" if group else version for version in dict.fromkeys(versions)]
    return tuple(name for name in names if _schema(folder, name, kind))


@cache
def _validator(folder: Path, api_version: str, kind: str) -> "Validator | None":
    schema = _schema(folder, api_version, kind)
    if schema is None:
        return None
    return cast("Validator", _validator_class()(schema, registry=_registry(folder)))


@cache
def _validator_class() -> Any:
    """JSON Schema, and the one rule of Kubernetes that its files carry besides: lists whose items have keys."""
    from jsonschema import Draft202012Validator, ValidationError, validators  # noqa: PLC0415 - costs, and few need it

    def keyed(_: Any, __: Any, items: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
        for flaw in repeated_items(schema, items if isinstance(items, list) else [], ()):
            yield ValidationError(flaw.message, path=flaw.path)

    extend: Any = validators.extend
    return extend(Draft202012Validator, {"x-kubernetes-list-type": keyed})


@cache
def _registry(folder: Path) -> Any:
    from referencing import Registry, Resource  # noqa: PLC0415 - comes with jsonschema, and costs as much
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415

    definitions = json.loads((folder / "_definitions.json").read_bytes())
    return Resource.from_contents(definitions, default_specification=DRAFT202012) @ Registry()


def _without_nulls(value: Any) -> Any:
    """The object without fields that are null: to an API server they are absent, the schemas admit them anywhere."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _null_items(value: Any, path: ObjectPath) -> Iterator[ObjectPath]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _null_items(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if item is None:
                yield (*path, index)
            yield from _null_items(item, (*path, index))
