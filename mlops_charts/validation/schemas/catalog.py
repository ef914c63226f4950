"""All schemas that can be had, behind one question: what has an API server against this object?"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from mlops_charts.problems import Severity
from mlops_charts.validation.model import Finding, Proof, Rendered, Scope
from mlops_charts.validation.schemas.builtin import Builtin, builtin
from mlops_charts.validation.schemas.crd import CustomResources
from mlops_charts.validation.schemas.flaw import KIND_UNCHECKED, Flaw, invalid
from mlops_charts.validation.schemas.store import default_cache


class Unchecked(Enum):
    """The answer for an object of which no schema is known: neither valid nor invalid."""

    UNCHECKED = "unchecked"


UNCHECKED: Final = Unchecked.UNCHECKED
Kind = tuple[str, str]
"""(apiVersion, kind)."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many objects of each kind a catalog can check, and how many it cannot."""

    checked: Mapping[Kind, int]
    unchecked: Mapping[Kind, int]
    rules: Mapping[Kind, int]
    """CEL rules of the checked kinds; no object was held against them."""

    @property
    def summary(self) -> str:
        """One line for people."""
        line = f"{sum(self.checked.values())} objects checked, {sum(self.unchecked.values())} unchecked"
        kinds = ", ".join(sorted({kind for _, kind in self.unchecked}))
        rules = f"; {sum(self.rules.values())} CEL rules not evaluated" if self.rules else ""
        return line + (f" ({kinds})" if kinds else "") + rules


class Catalog:
    """The schemas of one Kubernetes version and of the CRDs in some folders (the first folder wins)."""

    def __init__(self, kubernetes_version: str, crd_dirs: Sequence[Path] = (), cache: Path | None = None) -> None:
        self.kubernetes_version = kubernetes_version
        self._custom = CustomResources(crd_dirs, cache or default_cache())

    @cached_property
    def _builtin(self) -> Builtin | None:
        return builtin(self.kubernetes_version)

    def check(self, manifest: Mapping[str, Any]) -> list[Flaw] | Literal[Unchecked.UNCHECKED]:
        """What is wrong with an object, nothing twice; UNCHECKED if no schema of its kind is known.

        Raises:
            SchemaError: the schemas themselves cannot be read.
        """
        flaws = _envelope(manifest)
        if flaws:
            return flaws
        schemas = self._schemas_of(*_kind(manifest))
        return UNCHECKED if schemas is None else list(dict.fromkeys(schemas.check(manifest)))

    def coverage(self, manifests: Iterable[Mapping[str, Any]]) -> Coverage:
        """Count what can be checked. An object without apiVersion or kind counts as checked: it is refused."""
        checked: Counter[Kind] = Counter()
        unchecked: Counter[Kind] = Counter()
        for manifest in manifests:
            known = bool(_envelope(manifest)) or self._schemas_of(*_kind(manifest)) is not None
            (checked if known else unchecked)[_kind(manifest)] += 1
        rules = {kind: count for kind in checked if (count := self._custom.rules(*kind))}
        return Coverage(dict(checked), dict(unchecked), rules)

    def _schemas_of(self, api_version: str, kind: str) -> Builtin | CustomResources | None:
        if self._builtin is not None and self._builtin.knows(api_version, kind):
            return self._builtin
        return self._custom if self._custom.knows(api_version, kind) else None


def schema_proof(catalog: Catalog, *, require_all: bool = False) -> Proof:
    """The proof that every object of a scope is what its schema says; what has no schema is a warning.

    With ``require_all`` an object that cannot be checked is an error. What many renderings print alike is held against
    its schema once, however many scopes this one proof is asked about.
    """
    check = _once(catalog)

    def prove(scope: Scope) -> Iterator[Finding]:
        unchecked: dict[Kind, list[Rendered]] = {}
        for rendered in scope.objects:
            flaws = check(rendered.manifest)
            if flaws is UNCHECKED:
                unchecked.setdefault(_kind(rendered.manifest), []).append(rendered)
            else:
                yield from (Finding(rendered, *flaw) for flaw in flaws)
        severity = Severity.ERROR if require_all else Severity.WARNING
        for kind, objects in unchecked.items():
            yield _cannot_check(kind, objects, severity)

    return prove


def _once(catalog: Catalog) -> Callable[[Mapping[str, Any]], list[Flaw] | Literal[Unchecked.UNCHECKED]]:
    known: dict[str, list[Flaw] | Literal[Unchecked.UNCHECKED]] = {}

    def check(manifest: Mapping[str, Any]) -> list[Flaw] | Literal[Unchecked.UNCHECKED]:
        text = json.dumps(manifest, default=repr)
        if text not in known:
            known[text] = catalog.check(manifest)
        return known[text]

    return check


def _cannot_check(kind: Kind, objects: Sequence[Rendered], severity: Severity) -> Finding:
    count = "1 object was" if len(objects) == 1 else f"{len(objects)} objects were"
    message = f"{count} not checked: no schema of {kind[1]} in {kind[0]}"
    note = "`mlops-charts schemas fetch` brings the pinned CRDs, --crds DIR names a folder of your own"
    return Finding(objects[0], ("kind",), KIND_UNCHECKED, message, note, severity)


def _kind(manifest: Mapping[str, Any]) -> Kind:
    return str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))


def _envelope(manifest: Mapping[str, Any]) -> list[Flaw]:
    names = ("apiVersion", "kind")
    missing = [name for name in names if not isinstance(manifest.get(name), str) or not manifest[name]]
    return [invalid((name,), f"every object needs {name}, a string") for name in missing]
