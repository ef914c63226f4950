"""The two charts of a model, put together from what the generators yield."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_charts.chart import Chart, ChartError, Template, differing_defaults
from mlops_charts.contract import PREPACKAGED
from mlops_charts.generators import pipeline, serving
from mlops_charts.generators.model import Generator, Part
from mlops_charts.generators.secret_uses import secrets_section
from mlops_charts.generators.serving import release_constraints, release_records
from mlops_charts.planning import Plan

CHART_VERSION = "1.0.0"  # a chart is deployed by commit; Argo CD does not read its version
# What only an environment's file can say; values.yaml has no default for these.
ENVIRONMENT_VALUES = frozenset({"namespace", "environment", "ingress.host"})


@dataclass(frozen=True)
class ServingCharts:
    """The serving chart and what each environment sets.

    Attributes:
        chart: The chart, the same for all environments.
        overlays: For each environment, dotted path and value of what differs from the chart's defaults.
    """

    chart: Chart
    overlays: Mapping[str, Mapping[str, Any]]


def pipeline_chart(plan: Plan, generators: Sequence[Generator]) -> Chart:
    """Return the chart that makes the model."""
    templates = _templates((generator.name, generator.pipeline(plan)) for generator in generators)
    return Chart(
        name=f"{plan.model}-pipeline",
        version=CHART_VERSION,
        description=f"Everything that makes the model {plan.model}.",
        source=plan.source,
        templates=templates,
        notes=_PIPELINE_NOTES.format(model=plan.model, workflow=plan.names.workflow),
        readme=_PIPELINE_README.format(model=plan.model, secrets=secrets_section(plan, pipeline.secret_uses(plan))),
    )


def serving_chart(plan: Plan, generators: Sequence[Generator]) -> ServingCharts:
    """Return the chart that serves the model, and the values of each environment."""
    by_environment = {
        environment.name: _templates((generator.name, generator.serving(plan, environment)) for generator in generators)
        for environment in plan.environments
    }
    base = next(iter(by_environment.values()))
    chart = Chart(
        name=f"{plan.model}-serving",
        version=CHART_VERSION,
        description=f"Everything that serves the model {plan.model}.",
        source=plan.source,
        templates=base,
        records=release_records(plan),
        constraints=release_constraints(
            plan.platform.ingress.type, prepackaged=plan.spec.serving.runtime in PREPACKAGED
        ),
        notes=_SERVING_NOTES.format(model=plan.model),
        readme=_serving_readme(plan),
        unset=ENVIRONMENT_VALUES,
    )
    first = {value.path: value.default for value in chart.stated if value.path in ENVIRONMENT_VALUES}
    overlays = {
        name: {**first, **(differing_defaults(base, other) if other is not base else {})}
        for name, other in by_environment.items()
    }
    return ServingCharts(chart, overlays)


def _serving_readme(plan: Plan) -> str:
    access = _ACCESS[plan.platform.ingress.type].format(model=plan.model)
    drift = _DRIFT[plan.spec.serving.runtime == "python"]
    secrets = secrets_section(plan, serving.secret_uses(plan))
    return _SERVING_README.format(model=plan.model, access=access, drift=drift, secrets=secrets)


def _templates(yielded: Iterable[tuple[str, Iterable[Part]]]) -> tuple[Template, ...]:
    """Return the templates that generators, each with its name, yield as parts."""
    found = {}
    for generator, parts in yielded:
        for part in _parts(generator, parts):
            if part.file in found:
                raise ChartError(f"templates/{part.file}: two generators write this file, or one writes it twice")
            found[part.file] = Template(part.file, part.node, part.origin)
    return tuple(found.values())


def _parts(generator: str, yielded: object) -> Iterator[Part]:
    if not isinstance(yielded, Iterable):
        raise ChartError(f"the generator {generator} returns {type(yielded).__name__}, expected an iterable of Part")
    for part in yielded:
        if not isinstance(part, Part):
            raise ChartError(f"the generator {generator} yields {type(part).__name__}, expected Part(file, node)")
        yield part


_PIPELINE_NOTES = """\
The pipeline of {model} is installed. Its Workflow runs once for this code:
  kubectl get workflow {workflow}
"""
_SERVING_NOTES = """\
The model {model} is served as release-<environment>.yaml says. `helm test` sends it its example.
"""
_PIPELINE_README = """\
# {model}-pipeline

Everything that makes the model {model}: the WorkflowTemplate with its steps, the Workflow that runs it once for this
code, the schedule of retraining, the source and the resolved spec, and the least rights and connections that they need.

{secrets}
"""
_SERVING_README = """\
# {model}-serving

Everything that serves the model {model}: one SeldonDeployment with the slots blue and green, the route between them,
and what watches and guards them.

Argo CD reads `values.yaml`, `environment-<e>.yaml`, `values-<e>.yaml` and `release-<e>.yaml`, in this order. The first
two are generated; `values-<e>.yaml` is yours, for anything but `release`; `release-<e>.yaml` belongs to the release
commands. Without a release file the chart refuses to render, so that a lost file never takes down what serves:

    helm template . -f environment-<e>.yaml -f values-<e>.yaml -f release-<e>.yaml

{access}

{drift}

{secrets}
"""
_ACCESS = {
    "gatewayApi": "Clients reach the model over HTTP at `ingress.host`, through the Gateway of the HTTPRoute.",
    "istio": """\
Clients reach the model at `http://<ingress.host>/seldon/<namespace>/{model}/`, through the gateway that the
SeldonDeployment names; gRPC calls carry the headers `seldon: {model}` and `namespace: <namespace>`.""",
    "none": """\
Clients in the cluster reach the model at the Service `{model}`, from pods labelled `mlops-charts/client: {model}`;
nothing leads in from outside.""",
}
_DRIFT = {
    True: "Alerts watch availability, errors, latency, drift of inputs and predictions, and hanging releases.",
    False: """\
Alerts watch availability, errors, latency, and hanging releases. Drift is not watched: only the python runtime
measures it.""",
}
