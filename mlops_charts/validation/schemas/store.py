"""CustomResourceDefinitions on disk: read from folders, and kept compiled in a cache that is keyed by their content.

A compiled CRD is one small JSON file per version, without the descriptions that make up most of its source. YAML of
some megabytes takes a second to parse; that is done once per content. Files are written aside and moved into place, so
that what is there is whole.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops_charts.validation.schemas.flaw import SchemaError

_FORMAT: Final = "crds-1"
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
_KIND: Final = "CustomResourceDefinition"


@dataclass(frozen=True, slots=True)
class CrdVersion:
    """One version of a custom kind, and where its compiled schema lies."""

    group: str
    kind: str
    version: str
    scope: str
    served: bool
    rules: int
    """Rules in CEL, which are not evaluated."""
    file: str


def default_cache() -> Path:
    """The folder of all caches: $XDG_CACHE_HOME/mlops-charts, or ~/.cache/mlops-charts."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "mlops-charts"


def fetched_crds(cache: Path | None = None) -> Path:
    """The folder into which `schemas fetch` brings the pinned CRDs; it serves like any other folder of CRDs."""
    return (cache or default_cache()) / "crds"


def read_versions(folders: Sequence[Path], cache: Path) -> tuple[CrdVersion, ...]:
    """Every version of every CRD in the folders, compiled; of two of the same name the first folder's counts.

    Raises:
        SchemaError: a folder does not exist, or a file is not YAML.
    """
    found: dict[tuple[str, str, str], CrdVersion] = {}
    for path in _files(folders):
        for version in _indexed(path, cache):
            found.setdefault((version.group, version.kind, version.version), version)
    return tuple(found.values())


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        if not folder.is_dir():
            raise SchemaError(f"{folder}: no such folder of CRDs")
        yield from sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file())


def _indexed(path: Path, cache: Path) -> list[CrdVersion]:
    data = path.read_bytes()
    place = cache / _FORMAT / hashlib.sha256(data).hexdigest()
    index = _read_index(place)
    if index is None:
        try:
            _compile(_definitions(data, path), place)
        except (LookupError, TypeError, AttributeError):
            raise SchemaError(f"{path}: holds a CustomResourceDefinition without names or versions") from None
        index = _read_index(place)
    if index is None:
        raise SchemaError(f"{place}: the cache of CRDs cannot be read back; remove it")
    return index


def _read_index(place: Path) -> list[CrdVersion] | None:
    try:
        entries = json.loads((place / "index.json").read_bytes())
        return [CrdVersion(**(entry | {"file": str(place / entry["file"])})) for entry in entries]
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _definitions(data: bytes, path: Path) -> list[Mapping[str, Any]]:
    import yaml  # noqa: PLC0415 - a warm cache never needs it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents = list(yaml.load_all(data, Loader=loader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SchemaError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    return [item for document in documents for item in _items(document) if item.get("kind") == _KIND]


def _items(document: Any) -> list[Mapping[str, Any]]:
    if not isinstance(document, dict):
        return []
    items = document.get("items")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else [document]


def _compile(definitions: list[Mapping[str, Any]], place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=place.parent))
    try:
        index = [entry for definition in definitions for entry in _write_versions(definition["spec"], work)]
        (work / "index.json").write_text(json.dumps(index), encoding="utf-8")
        _move(work, place)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _move(work: Path, place: Path) -> None:
    """Put a finished folder in its place, unless another process has; a broken one makes room."""
    if place.exists() and _read_index(place) is None:
        shutil.rmtree(place, ignore_errors=True)
    try:
        work.rename(place)
    except OSError:
        if not place.is_dir():
            raise


def _write_versions(spec: Mapping[str, Any], work: Path) -> Iterator[dict[str, Any]]:
    group, kind = spec["group"], spec["names"]["kind"]
    for version in spec["versions"]:
        name = version["name"]
        schema = _compact(version.get("schema", {}).get("openAPIV3Schema", {}))
        file = hashlib.sha256(f"{group}/{name}/{kind}".encode()).hexdigest()[:16] + ".json"
        (work / file).write_text(json.dumps(schema, separators=(",", ":")), encoding="utf-8")
        yield {
            "group": group,
            "kind": kind,
            "version": name,
            "scope": spec.get("scope", "Namespaced"),
            "served": bool(version.get("served")),
            "rules": _rules(schema),
            "file": file,
        }


def _compact(node: Any) -> Any:
    """A schema node without prose. Only nodes are walked: a field may be called "description"."""
    if not isinstance(node, dict):
        return node
    out = {key: value for key, value in node.items() if key not in {"description", "example", "externalDocs", "title"}}
    if "properties" in out:
        out["properties"] = {name: _compact(part) for name, part in out["properties"].items()}
    for key in ("items", "additionalProperties", "not"):
        if key in out:
            out[key] = _compact(out[key])
    for key in ("allOf", "anyOf", "oneOf"):
        if key in out:
            out[key] = [_compact(part) for part in out[key]]
    return out


def _rules(node: Any) -> int:
    if isinstance(node, list):
        return sum(_rules(item) for item in node)
    if not isinstance(node, dict):
        return 0
    own = node.get("x-kubernetes-validations")
    return (len(own) if isinstance(own, list) else 0) + sum(_rules(part) for part in node.values())
