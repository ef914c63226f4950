"""The proofs that cost more: real Helm, the law of the charts, and the schemas of every kind."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_charts.chart import emit_chart
from mlops_charts.problems import Problem
from mlops_charts.proving.cases import Case
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.validation.documents import DocumentError, split
from mlops_charts.validation.helm import Helm, HelmError, find_helm
from mlops_charts.validation.model import Proof
from mlops_charts.validation.schemas.catalog import Catalog, schema_proof
from mlops_charts.validation.schemas.store import fetched_crds


@dataclass(frozen=True)
class Deep:
    """Helm and the schemas, ready to be asked.

    Attributes:
        helm_tool: Helm.
        catalog: The schemas.
        schemas: The proof that objects are what their schemas say.
    """

    helm_tool: Helm
    catalog: Catalog
    schemas: Proof
    names: tuple[str, ...] = ("helm-lint", "helm-equals-python", "schemas", "crd-fixed-points")

    @classmethod
    def of(cls, platform: PlatformSpec, crds: Sequence[Path], *, require_all: bool) -> Deep:
        """Return what is needed for a platform; the folders of CRDs come before the fetched ones.

        Raises:
            validation.helm.MissingTool: Helm or the schemas of Kubernetes are not installed.
        """
        fetched = fetched_crds()
        folders = [*crds, *([fetched] if fetched.is_dir() else [])]
        catalog = Catalog(platform.kubernetes.version, folders)
        return cls(find_helm(), catalog, schema_proof(catalog, require_all=require_all))

    def notes(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """Return what was checked with which tool, and what could not be."""
        manifests = [rendered.manifest for case in cases for rendered in case.scope.objects]
        return (f"Helm {self.helm_tool.version}", self.catalog.coverage(manifests).summary)

    def helm(self, cases: Sequence[Case]) -> list[Problem]:
        """Return where Helm refuses a chart, or prints other objects than Python."""
        problems: list[Problem] = []
        with tempfile.TemporaryDirectory(prefix="mlops-charts-") as place:
            linted: set[str] = set()
            known: dict[str, list[Any]] = {}
            for index, case in enumerate(cases):
                folder = Path(place, case.folder)
                if not folder.exists():
                    _write(folder, emit_chart(case.chart))
                values = Path(place, f"values-{index}.json")
                values.write_text(json.dumps(case.values, ensure_ascii=False), encoding="utf-8")
                lint = case.primary and case.folder not in linted
                linted |= {case.folder} if lint else set()
                problems += self._held_against(case, folder, values, known, lint=lint)
        return problems

    def _held_against(
        self, case: Case, folder: Path, values: Path, known: dict[str, list[Any]], *, lint: bool
    ) -> Iterator[Problem]:
        try:
            if lint:
                for message in self.helm_tool.lint(folder, [values]):
                    yield _problem("helm-lint", case, message)
            text = self.helm_tool.template(folder, [values], name=case.chart.name, namespace=case.scope.namespace)
            printed = split(text, known)
        except (HelmError, DocumentError) as error:
            yield _problem("helm-refuses", case, str(error))
            return
        yield from _law(case, printed)


def _law(case: Case, printed: Sequence[tuple[str, Any]]) -> Iterator[Problem]:
    """Yield where Helm's objects are not Python's, type for type."""
    mine = {_identity(rendered.manifest): rendered.manifest for rendered in case.scope.objects}
    theirs = {_identity(manifest): manifest for _, manifest in printed}
    for key in sorted(mine.keys() | theirs.keys()):
        if key not in theirs or key not in mine:
            who = "Python" if key in mine else "Helm"
            yield _problem("helm-differs", case, f"{' '.join(key)} is rendered by {who} alone")
        elif _typed(mine[key]) != _typed(theirs[key]):
            yield _problem("helm-differs", case, f"{' '.join(key)} differs at {_first(mine[key], theirs[key])}")


def _identity(manifest: Any) -> tuple[str, str]:
    return str(manifest.get("kind")), str(manifest.get("metadata", {}).get("name"))


def _typed(content: Any) -> str:
    return json.dumps(content, sort_keys=True)


def _first(one: Any, two: Any, path: str = "$") -> str:
    if isinstance(one, dict) and isinstance(two, dict):
        for key in sorted(one.keys() | two.keys()):
            if key not in one or key not in two or _typed(one[key]) != _typed(two[key]):
                return _first(one.get(key), two.get(key), f"{path}.{key}")
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        for index, (mine, theirs) in enumerate(zip(one, two, strict=True)):
            if _typed(mine) != _typed(theirs):
                return _first(mine, theirs, f"{path}[{index}]")
    return f"{path}: {_typed(one)[:80]} in Python, {_typed(two)[:80]} by Helm"


def _problem(code: str, case: Case, message: str) -> Problem:
    return Problem(code, f"{case.title}: {message}", None, "", f"the chart is {case.folder}")


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
