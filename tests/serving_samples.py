"""What tests of the serving chart share: plans for any choice, the chart, its manifests in a state of a release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_charts.chart import Chart, Template, default_values, evaluate, merge
from mlops_charts.generators.serving import ServingGenerator, release_constraints, release_records
from mlops_charts.planning import EnvironmentPlan, Plan, decide
from mlops_charts.release import Identity, ReleaseState, example_states
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.platform import PlatformSpec

INGRESSES = ("gatewayApi", "istio", "none")
RUNTIMES = ("python", "seldon-core", "sklearn", "mlflow")
SCALINGS: Mapping[str, Mapping[str, Any]] = {
    "replicas": {"replicas": 3},
    "cpu": {"autoscaling": {"min": 2, "max": 9, "cpuPercent": 70}},
    "requests": {"autoscaling": {"min": 2, "max": 9, "requestsPerSecond": 12.5}},
}


def identity(minor: int) -> Identity:
    """Return a version that exists."""
    return Identity(
        version=f"1.{minor}.0",
        image=f"ghcr.io/acme/iris@sha256:{minor:064x}",
        model_uri=f"s3://mlops/iris/{minor}",
        run_id=f"run-{minor}",
        code_digest=f"{minor:064x}",
        data_digest=f"{minor:064x}",
    )


OLD, NEW = identity(1), identity(2)


def plan_of(
    serving: Mapping[str, Any] | None = None,
    ingress: str | Mapping[str, Any] = "gatewayApi",
    environments: list[Any] | None = None,
    monitoring: Mapping[str, Any] | None = None,
    **platform: Any,
) -> Plan:
    """Return the plan of a model with some choices."""
    model = {
        "metadata": {"name": "iris", "owner": "team-flowers"},
        "training": {"data": {"uri": "sklearn://iris", "target": "species"}},
        "serving": serving or {},
        "environments": environments or [],
        "monitoring": monitoring or {},
    }
    cluster = {
        "ingress": {"type": ingress} if isinstance(ingress, str) else ingress,
        "keda": True,
        "environments": {"staging": {}, "prod": {}},
        "network": {"git": [{"namespace": "git", "port": 443}]},
        **platform,
    }
    files = {"train.py": b"def train(X, y, context): ...\n"}
    return decide(ModelSpec.model_validate(model), PlatformSpec.model_validate(cluster), files, "model/iris")


def chart_of(plan: Plan, environment: EnvironmentPlan | None = None) -> Chart:
    """Return the serving chart without its monitoring."""
    parts = ServingGenerator().serving(plan, environment or plan.environments[0])
    return Chart(
        name="iris-serving",
        version="1.0.0",
        description="Serves iris.",
        source=plan.source,
        templates=tuple(Template(part.file, part.node, part.origin) for part in parts),
        records=release_records(plan),
        constraints=release_constraints(plan.platform.ingress.type),
    )


def manifests(chart: Chart, state: ReleaseState) -> list[dict[str, Any]]:
    """Return what the chart renders in a state of a release."""
    return evaluate(chart, merge(default_values(chart), {"release": state.data()}))


def of_kind(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return the manifests of a kind."""
    return [manifest for manifest in found if manifest["kind"] == kind]


def states(ingress: str) -> Iterator[tuple[str, ReleaseState]]:
    """Yield every example of a state under an ingress."""
    return example_states(ingress, OLD, NEW)  # type: ignore[arg-type]
