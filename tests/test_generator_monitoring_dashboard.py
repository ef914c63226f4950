"""The dashboard, as Grafana reads it."""

import json
from typing import Any

import pytest
from monitoring_samples import RUNTIMES, STATES, chart, objects, plan
from promql import balanced, selectors, series

from mlops_charts import contract
from mlops_charts.chart import emit_chart

CANARY = STATES["canary, blue stable"]
FIRST = ["Traffic by version", "Errors by version", "Latency by version", "Releases"]
OURS = ["Drift of features", "Drift of predictions", "Predictions by class"]
KNOWN = {
    contract.REQUESTS,
    f"{contract.REQUEST_DURATION}_bucket",
    contract.MODEL_INFO,
    contract.FEATURE_DRIFT,
    contract.PREDICTION_DRIFT,
    contract.PREDICTIONS,
    f"{contract.EXECUTOR_DURATION}_count",
    f"{contract.EXECUTOR_DURATION}_bucket",
}


def config_map(**spec: Any) -> dict[str, Any]:
    return objects(plan(spec), CANARY)["ConfigMap"]


def dashboard(**spec: Any) -> dict[str, Any]:
    (text,) = config_map(**spec)["data"].values()
    found: dict[str, Any] = json.loads(text)
    return found


def test_grafana_finds_the_dashboard_by_its_label() -> None:
    """The sidecar takes each file of a ConfigMap with this label."""
    found = config_map()
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert list(found["data"]) == ["mlops-charts-iris.json"]


def test_a_model_may_go_without_a_dashboard() -> None:
    """The other objects are the same."""
    assert sorted(objects(plan({"monitoring": {"dashboard": False}}), CANARY)) == ["PodMonitor", "PrometheusRule"]


def test_the_panels_of_our_server() -> None:
    """Traffic, errors, latency and releases of each version; then what only our server measures."""
    assert [panel["title"] for panel in dashboard()["panels"]] == [*FIRST, *OURS]


def test_the_panels_of_the_executor() -> None:
    """Nothing is drawn that nobody measures."""
    assert [panel["title"] for panel in dashboard(serving={"runtime": "sklearn"})["panels"]] == FIRST


def test_the_uid_is_the_models_own_and_never_changes() -> None:
    """Links to a dashboard outlive each render; another model has another one."""
    uids = [dashboard()["uid"], dashboard()["uid"], dashboard(metadata={"name": "wine"})["uid"]]
    assert uids[0] == uids[1] != uids[2]
    assert max(map(len, uids)) <= 40


def test_grafana_10_and_later_load_it() -> None:
    """The schema's version, and a place for each panel that no other one takes."""
    found = dashboard()
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in found["panels"]]
    assert found["schemaVersion"] == 39
    assert len(set(places)) == len(places)
    assert [panel["id"] for panel in found["panels"]] == [*range(1, len(places) + 1)]


def test_source_and_namespace_are_chosen_in_the_dashboard() -> None:
    """Every panel follows both variables."""
    found = dashboard()
    assert [variable["name"] for variable in found["templating"]["list"]] == ["datasource", "namespace"]
    assert {panel["datasource"]["uid"] for panel in found["panels"]} == {"${datasource}"}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_query_is_sound(runtime: str) -> None:
    """Brackets are balanced, series are known, and each selector names the chosen namespace."""
    for panel in dashboard(serving={"runtime": runtime})["panels"]:
        for target in panel["targets"]:
            assert balanced(target["expr"]), target["expr"]
            assert series(target["expr"]) <= KNOWN, target["expr"]
            assert {one.split(",")[0] for one in selectors(target["expr"])} == {'namespace="$namespace"'}


def test_lines_are_named_by_version_and_slot() -> None:
    """The legend uses labels that the query keeps."""
    traffic = dashboard()["panels"][0]["targets"][0]
    assert traffic["legendFormat"] == "{{version}} ({{slot}})"
    assert traffic["expr"].startswith("sum by (version, slot) (rate(")


def test_the_text_is_the_same_in_every_environment() -> None:
    """A Grafana that watches both namespaces meets one dashboard, not two of one uid."""
    decided = plan(environments={"staging": {}, "prod": {}})
    texts = {emit_chart(chart(decided, name))["templates/dashboard.yaml"] for name in ("staging", "prod")}
    assert len(texts) == 1
