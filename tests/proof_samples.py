"""Small scopes that every proof accepts, and the way to break them in one place."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

import yaml

from mlops_charts.validation.model import Finding, Rendered, Scope

Path = tuple[str | int, ...]
GONE = object()
MANIFESTS = FilePath(__file__).parent / "proof_manifests"


def objects(name: str, folder: str) -> tuple[Rendered, ...]:
    """The documents of a file as rendered objects; anchors work across documents and share nothing afterwards."""
    text = (MANIFESTS / f"{name}.yaml").read_text(encoding="utf-8").partition("\n")[2]
    one = yaml.safe_load("\n".join(_as_entries(text)))
    return tuple(Rendered(json.loads(json.dumps(item)), f"{folder}/{index}.yaml") for index, item in enumerate(one))


def _as_entries(text: str) -> Iterable[str]:
    for document in text.strip().split("\n---\n"):
        first, *rest = document.split("\n")
        yield from (f"- {first}", *(f"  {line}" for line in rest))


def serving() -> Scope:
    """A model in canary on gatewayApi."""
    externals = frozenset({("Secret", "registry-pull"), ("ClusterSecretStore", "vault")})
    rendered = objects("serving", "charts/iris/serving/templates")
    return Scope("iris serving, staging, canary", "iris-staging", rendered, "restricted", externals)


def pipeline() -> Scope:
    """A workflow of four steps."""
    return Scope("iris pipeline", "iris-pipeline", objects("pipeline", "charts/iris/pipeline/templates"))


def apps() -> tuple[Rendered, ...]:
    """The Applications of both, and the root."""
    return objects("apps", "apps/models") + objects("root", "apps/bootstrap")


def change(rendered: Rendered, path: Path, value: Any) -> Rendered:
    """The object with one place set, or without it if the value is GONE; what is missing above becomes maps."""
    manifest = deepcopy(dict(rendered.manifest))
    place: Any = manifest
    for key in path[:-1]:
        place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
    if value is GONE:
        del place[path[-1]]
    elif isinstance(place, list) and path[-1] == len(place):
        place.append(value)
    else:
        place[path[-1]] = value
    return replace(rendered, manifest=manifest)


def put(rendered: Sequence[Rendered], target: str, path: Path, value: Any) -> tuple[Rendered, ...]:
    """The objects with one place of Kind/name changed."""
    hit = [one for one in rendered if f"{one.kind}/{one.name}" == target]
    assert len(hit) == 1, target
    return tuple(change(one, path, value) if one is hit[0] else one for one in rendered)


def within(scope: Scope, target: str, path: Path, value: Any) -> Scope:
    """The scope with one place of Kind/name changed."""
    return replace(scope, objects=put(scope.objects, target, path, value))


def plus(scope: Scope, *manifests: Mapping[str, Any]) -> Scope:
    """The scope with more objects."""
    more = tuple(Rendered(manifest, "charts/iris/serving/templates/more.yaml") for manifest in manifests)
    return replace(scope, objects=scope.objects + more)


def without(scope: Scope, target: str) -> Scope:
    """The scope without Kind/name."""
    return replace(scope, objects=tuple(one for one in scope.objects if f"{one.kind}/{one.name}" != target))


def found(proof: Callable[[Scope], Iterable[Finding]], scope: Scope) -> list[tuple[str, Path]]:
    """The codes and paths of what a proof finds."""
    return [(finding.code, finding.path) for finding in proof(scope)]
