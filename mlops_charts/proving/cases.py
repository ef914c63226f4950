"""Everything that a model's charts can be: each chart with each set of values that it will ever be rendered with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mlops_charts.assemble import Rendering
from mlops_charts.chart import Chart, default_values, evaluate, merge
from mlops_charts.chart.chart import nested
from mlops_charts.generators.pipeline import externals as pipeline_externals
from mlops_charts.generators.serving import externals as serving_externals
from mlops_charts.planning import EnvironmentPlan
from mlops_charts.problems import Problem
from mlops_charts.proving.exceptions import pipeline_exceptions, serving_exceptions
from mlops_charts.proving.owned import OwnedFiles
from mlops_charts.release import Identity, ReleaseState, example_states
from mlops_charts.validation.model import Rendered, Scope

_DIGEST = "sha256:" + "0123456789abcdef" * 4  # stands for a digest in states that have not happened


@dataclass(frozen=True)
class Case:
    """One chart with one set of values.

    Attributes:
        title: What a person calls it: "iris serving, staging, canary".
        folder: The chart's folder from the root.
        chart: The chart.
        values: All values, defaults among them.
        scope: What is rendered.
        primary: Whether the case stands for its Application in proofs over the fleet.
    """

    title: str
    folder: str
    chart: Chart
    values: Mapping[str, Any]
    scope: Scope
    primary: bool


@dataclass(frozen=True)
class Cases:
    """All cases of one model, and what is wrong with the values files that people and releases own.

    Attributes:
        rendering: The model's rendering.
        root: The repository.
        every_phase: Whether each phase of a release is a case, or the fullest one alone.
    """

    rendering: Rendering
    root: Path
    every_phase: bool

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with values files."""
        return [problem for owned in self._owned.values() for problem in owned.problems]

    @cached_property
    def _owned(self) -> Mapping[str, OwnedFiles]:
        environments = self.rendering.plan.environments
        return {each.name: OwnedFiles(self.rendering, each, self.root) for each in environments}

    @property
    def flying(self) -> list[str]:
        """The environments with a release in flight."""
        return [name for name, owned in self._owned.items() if owned.in_flight]

    def all(self) -> Iterator[Case]:
        """Yield every case."""
        yield self._pipeline()
        for environment in self.rendering.plan.environments:
            yield from self._serving(environment)

    def _pipeline(self) -> Case:
        plan, chart = self.rendering.plan, self.rendering.pipeline
        folder, title = f"{self.rendering.folder}/pipeline", f"{plan.model} pipeline"
        values = default_values(chart)
        scope = Scope(
            title=title,
            namespace=plan.pipeline.namespace,
            objects=_objects(chart, values, folder),
            pod_security=plan.pipeline.pod_security,
            externals=pipeline_externals(plan),
            exceptions=pipeline_exceptions(plan),
        )
        return Case(title, folder, chart, values, scope, primary=True)

    def _serving(self, environment: EnvironmentPlan) -> Iterator[Case]:
        owned = self._owned[environment.name]
        examples = dict(self._examples(environment))
        if owned.release is not None:
            release = {"release": owned.release}
            yield self._serving_case(environment, "as committed", owned.people, release, primary=False)
        fullest = _fullest(examples)
        for title in examples if self.every_phase else (fullest,):
            release = {"release": examples[title].data()}
            yield self._serving_case(environment, title, owned.people, release, primary=title == fullest)

    def _serving_case(
        self,
        environment: EnvironmentPlan,
        title: str,
        people: Mapping[str, Any],
        release: Mapping[str, Any],
        *,
        primary: bool,
    ) -> Case:
        plan, serving = self.rendering.plan, self.rendering.serving
        folder = f"{self.rendering.folder}/serving"
        values = merge(default_values(serving.chart), nested(serving.overlays[environment.name]), people, release)
        name = f"{plan.model} serving, {environment.name}, {title}"
        scope = Scope(
            title=name,
            namespace=environment.namespace,
            objects=_objects(serving.chart, values, folder),
            pod_security=environment.pod_security,
            externals=serving_externals(plan, environment),
            exceptions=serving_exceptions(plan, environment),
        )
        return Case(name, folder, serving.chart, values, scope, primary=primary)

    def _examples(self, environment: EnvironmentPlan) -> Iterator[tuple[str, ReleaseState]]:
        plan = self.rendering.plan
        uri = "s3://models/example" if environment.executor else ""
        old, new = (
            Identity(
                version=version,
                image=f"{plan.images.model}@{_DIGEST}",
                model_uri=uri,
                run_id="0" * 32,
                code_digest=plan.code_digest,
                data_digest="0" * 64,
            )
            for version in ("1.0.0", "1.1.0")
        )
        yield from example_states(plan.platform.ingress.type, old, new)


def _fullest(examples: Mapping[str, ReleaseState]) -> str:
    """Return the title of the state with the most objects: two versions that both get traffic, or both run."""
    return next(title for title in ("canary, blue stable", "warming, blue stable") if title in examples)


def _objects(chart: Chart, values: Mapping[str, Any], folder: str) -> tuple[Rendered, ...]:
    found = []
    for template in chart.templates:
        single = Chart(chart.name, chart.version, chart.description, chart.source, (template,))
        file = f"{folder}/templates/{template.file}"
        found += [Rendered(manifest, file, template.origin) for manifest in evaluate(single, values)]
    return tuple(found)
