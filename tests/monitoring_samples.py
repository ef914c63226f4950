"""Plans and rendered objects for the tests of what watches a model."""

from collections.abc import Iterator
from typing import Any

from mlops_charts.chart import Chart, Template, default_values, evaluate, merge
from mlops_charts.generators.monitoring import MonitoringGenerator
from mlops_charts.planning import Plan, decide
from mlops_charts.release.phases import example_states
from mlops_charts.release.state import Identity, ReleaseState
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.platform import PlatformSpec

SOME = {"run_id": "r", "code_digest": "c", "data_digest": "d"}
OLD = Identity(version="1.2.0", image="ghcr.io/acme/iris@sha256:" + "0" * 64, **SOME)
NEW = Identity(version="1.3.0-rc.1+build", image="ghcr.io/acme/iris@sha256:" + "1" * 64, **SOME)
STATES = dict(example_states("gatewayApi", OLD, NEW))
RUNTIMES = ("python", "seldon-core", "sklearn", "mlflow")


def plan(spec: dict[str, Any] | None = None, **platform: Any) -> Plan:
    asked = {"metadata": {"name": "iris", "owner": "flowers"}, "training": {"data": {"uri": "sklearn://iris"}}}
    described = PlatformSpec.model_validate(platform)
    return decide(ModelSpec.model_validate({**asked, **(spec or {})}), described, {"train.py": b"x"}, "model/iris")


def chart(decided: Plan, environment: str = "staging") -> Chart:
    parts = MonitoringGenerator().serving(decided, decided.environment(environment))
    templates = tuple(Template(part.file, part.node, part.origin) for part in parts)
    return Chart("iris-serving", "1.0.0", "What watches iris.", decided.source, templates)


def objects(decided: Plan, state: ReleaseState, environment: str = "staging") -> dict[str, dict[str, Any]]:
    """Return the objects of one state of a release, by kind."""
    built = chart(decided, environment)
    values = merge(default_values(built), {"release": state.data()})
    return {manifest["kind"]: manifest for manifest in evaluate(built, values)}


def rules(decided: Plan, state: ReleaseState, environment: str = "staging") -> Iterator[dict[str, Any]]:
    for group in objects(decided, state, environment)["PrometheusRule"]["spec"]["groups"]:
        yield from group["rules"]


def alerts(decided: Plan, state: ReleaseState, environment: str = "staging") -> Iterator[dict[str, Any]]:
    """Return the rules that call somebody, without those that only record."""
    return (rule for rule in rules(decided, state, environment) if "alert" in rule)
