"""All proofs over some models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_charts.assemble import Rendering
from mlops_charts.generators.argocd import platform_apps
from mlops_charts.generators.kinds import admitted_kinds
from mlops_charts.loading import Model
from mlops_charts.problems import Position, Problem, Severity, sort
from mlops_charts.proving.blame import Blame
from mlops_charts.proving.cases import Case, Cases
from mlops_charts.proving.inflight import changed_in_flight
from mlops_charts.proving.report import Report
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.validation.exceptions import allows
from mlops_charts.validation.model import Finding, PolicyException, Rendered, Scope
from mlops_charts.validation.proofs import FLEET_PROOFS, PROOFS, prove, prove_fleet

if TYPE_CHECKING:
    from mlops_charts.proving.deep import Deep


@dataclass(frozen=True)
class Depth:
    """How far the proofs go; with `crds` or `require_all` they are deep, as the fast ones know no schemas.

    Attributes:
        deep: Also every phase of a release, real Helm, the law of the charts and all schemas.
        crds: Folders with CustomResourceDefinitions, besides the fetched ones.
        require_all: Whether an object without a schema is an error.
    """

    deep: bool = False
    crds: tuple[Path, ...] = ()
    require_all: bool = False

    @property
    def is_deep(self) -> bool:
        """Whether more than the fast proofs run."""
        return self.deep or bool(self.crds) or self.require_all


@dataclass(frozen=True)
class _Proved:
    """What came of one model."""

    cases: tuple[Case, ...]
    findings: tuple[tuple[str, Finding], ...]
    problems: tuple[Problem, ...]


def prove_models(models: Sequence[tuple[Model, Rendering]], root: Path, depth: Depth = Depth()) -> Report:
    """Return what all proofs find in these models.

    Args:
        models: Models with their renderings.
        root: The repository, for values files and release files.
        depth: How far to go.

    Raises:
        validation.helm.MissingTool: `deep` needs a part that is not installed.
    """
    deep = _deep(models[0][0].platform.spec, depth) if depth.is_deep and models else None
    problems: list[Problem] = []
    cases: list[Case] = []
    blame: list[tuple[Blame, _Proved]] = []
    for model, rendering in models:
        proved = _prove(model, rendering, root, deep)
        charts = {case.folder: case.chart for case in proved.cases}
        blame.append((Blame(model, charts, rendering.plan.images.environment), proved))
        cases += proved.cases
    fleet = list(_fleet(models, cases, deep))
    for index, (one, proved) in enumerate(blame):
        findings = [*proved.findings, *(fleet if index == 0 else ())]
        problems += [*proved.problems, *one.problems(findings)]
    return Report(
        problems=tuple(sort(_strict(problem, models) for problem in _once(problems))),
        models=len(models),
        scopes=len(cases),
        objects=sum(len(case.scope.objects) for case in cases),
        proofs=(*PROOFS, *FLEET_PROOFS, *(deep.names if deep else ())),
        exceptions=_used_exceptions(cases),
        notes=deep.notes(cases) if deep else (),
    )


def _deep(platform: PlatformSpec, depth: Depth) -> Deep:
    from mlops_charts.proving.deep import Deep  # noqa: PLC0415 - Helm and schemas, which the fast proofs do without

    return Deep.of(platform, depth.crds, require_all=depth.require_all)


def _prove(model: Model, rendering: Rendering, root: Path, deep: Deep | None) -> _Proved:
    source = Cases(rendering, root, every_phase=deep is not None)
    cases = tuple(source.all())
    findings = [(case.title, finding) for case in cases for finding in _findings(case.scope, deep)]
    problems = [*source.problems, *changed_in_flight(model, rendering, source.flying, root)]
    if deep:
        problems += deep.helm(cases)
    return _Proved(cases, tuple(findings), tuple(problems))


def _findings(scope: Scope, deep: Deep | None) -> Iterator[Finding]:
    yield from prove(scope)
    if deep:
        yield from deep.schemas(scope)


def _fleet(
    models: Sequence[tuple[Model, Rendering]], cases: Sequence[Case], deep: Deep | None
) -> Iterator[tuple[str, Finding]]:
    """Yield what is wrong with the Applications and with what several models share."""
    if not models:
        return
    platform = models[0][0].platform
    kinds = admitted_kinds(platform.spec, (made for _, rendering in models for made in rendering.generators))
    once = [(path, content) for path, content in platform_apps(platform.spec, kinds) if not isinstance(content, str)]
    apps = [Rendered(manifest, path, "platform:argocd") for path, manifest in once]
    for _, rendering in models:
        apps += [Rendered(manifest, path, "environments") for path, manifest in rendering.applications.items()]
    for finding in prove_fleet([case.scope for case in cases if case.primary], apps):
        yield "the Applications", finding
    if deep:
        scope = Scope("the Applications", platform.spec.argocd.namespace, tuple(apps))
        for finding in deep.schemas(scope):
            yield scope.title, finding


def _once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield the problems; an image that one line names for several objects is told once, and in how many more."""
    of_line: dict[tuple[str, Position], list[Problem]] = {}
    for problem in problems:
        if problem.position is not None and problem.code.startswith("image-"):
            of_line.setdefault((problem.code, problem.position), []).append(problem)
        else:
            yield problem
    for first, *others in of_line.values():
        yield replace(first, note=f"{first.note}\nand in {len(others)} more") if others else first


def _strict(problem: Problem, models: Sequence[tuple[Model, Rendering]]) -> Problem:
    """Return the problem as the platform's policy wants it: an image without a digest may be an error."""
    wanted = any(model.platform.spec.policy.require_digests for model, _ in models)
    return replace(problem, severity=Severity.ERROR) if wanted and problem.code == "image-no-digest" else problem


def _used_exceptions(cases: Sequence[Case]) -> tuple[PolicyException, ...]:
    """Return the exceptions that something makes use of: without them a proof would refuse it."""
    used: dict[PolicyException, None] = {}
    for case in cases:
        if case.scope.exceptions and case.primary:
            bare = replace(case.scope, exceptions=())
            findings = [finding for name in _proofs_of(case.scope) for finding in PROOFS[name](bare)]
            for exception in case.scope.exceptions:
                if any(allows(exception, finding) for finding in findings):
                    used[exception] = None
    return tuple(used)


def _proofs_of(scope: Scope) -> Sequence[str]:
    """Return the proofs that a scope's exceptions are about: those called like a code, else all."""
    codes = {exception.code for exception in scope.exceptions}
    return tuple(codes) if codes <= PROOFS.keys() else tuple(PROOFS)
