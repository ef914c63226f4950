"""What watches a model: the scrape and the alerts."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from monitoring_samples import NEW, RUNTIMES, STATES, alerts, chart, objects, plan, rules
from promql import balanced, selectors, series

from mlops_charts import contract
from mlops_charts.chart import default_values, emit_chart, values_of
from mlops_charts.generators.monitoring import MonitoringGenerator
from mlops_charts.generators.monitoring.series import any_of
from mlops_charts.generators.monitoring.thresholds import BURNS, number, threshold_of
from mlops_charts.generators.values import span

NOTHING, CANARY, SETTLED = (
    STATES["nothing released"],
    STATES["canary, blue stable"],
    STATES["settled, blue stable"],
)
OURS = {
    contract.REQUESTS,
    f"{contract.REQUEST_DURATION}_bucket",
    contract.MODEL_INFO,
    contract.FEATURE_DRIFT,
    contract.PREDICTION_DRIFT,
    "mlops_charts:slot_mirrored",
}
SELDONS = {
    f"{contract.EXECUTOR_DURATION}_count",
    f"{contract.EXECUTOR_DURATION}_bucket",
    "mlops_charts:slot_mirrored",
    "up",
}
KUBE_STATE = {"kube_cronjob_status_last_successful_time", "kube_cronjob_created"}
ALWAYS = ["ModelErrorBudgetBurn"] * 4 + ["ModelLatency"]
DRIFT = ["ModelFeatureDrift", "ModelPredictionDrift"]
RELEASE = ["ModelReleaseStuck", "ModelReleaseUnattended"]


SHADOW = {"release": {"strategy": "shadow"}}
SELDON_LABELS = ["deployment_name", "predictor_name", "predictor_version"]


def named(spec: dict[str, Any], state: Any) -> list[str]:
    return [rule["alert"] for rule in alerts(plan(spec), state)]


def alert(name: str, spec: dict[str, Any] | None = None, **platform: Any) -> dict[str, Any]:
    return next(rule for rule in alerts(plan(spec, **platform), CANARY) if rule["alert"] == name)


def test_before_the_first_release_nothing_is_down() -> None:
    """There is no scrape, and no alert that something is missing."""
    assert sorted(objects(plan(), NOTHING)) == ["ConfigMap", "PrometheusRule"]
    assert named({}, NOTHING) == ALWAYS + DRIFT


def test_a_first_release_that_warms_up_is_not_down() -> None:
    """Nobody is sent to it yet; that its slot does not come up is a warning."""
    found = named({}, STATES["warming, first release"])
    assert ("ModelDown" in found, "ModelSlotDown" in found) == (False, True)


def test_a_release_in_flight_is_watched() -> None:
    """Both slots must be there, the judge must be at work, and the release must come to an end."""
    down = ["ModelDown", "ModelSlotDown", "ModelSlotDown"]
    assert named({}, CANARY) == [*down, *ALWAYS, *DRIFT, *RELEASE]


def test_a_settled_release_leaves_one_slot_to_watch() -> None:
    """A slot that is switched off is not missed."""
    found = [rule for rule in alerts(plan(), SETTLED) if rule["alert"] == "ModelSlotDown"]
    assert [rule["labels"]["slot"] for rule in found] == ["green"]
    assert not {*RELEASE} & {*named({}, SETTLED)}


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("title", sorted(STATES))
def test_every_expression_is_sound_and_asks_for_known_series(runtime: str, title: str) -> None:
    """Brackets are balanced, and the model's own server or Seldon's executor, and Kubernetes, expose what is asked."""
    known = KUBE_STATE | (OURS if runtime == "python" else SELDONS)
    for rule in alerts(plan({"serving": {"runtime": runtime}, **SHADOW}), STATES[title]):
        assert balanced(rule["expr"]), rule["expr"]
        assert series(rule["expr"]) <= known, rule["expr"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_selector_names_the_namespace_and_the_model(runtime: str) -> None:
    """Another model in the namespace, or the same one in another, never raises this alert."""
    whose = {"python": 'model="iris"'}.get(runtime, 'deployment_name="iris"')
    for rule in alerts(plan({"serving": {"runtime": runtime}, **SHADOW}), CANARY):
        for one in selectors(rule["expr"]):
            assert one.startswith('namespace="iris-staging",'), rule["expr"]
            assert any(name in one for name in (whose, 'predictor=~"iris-', 'cronjob="iris-judge"')), rule["expr"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_alert_says_what_how_bad_whose_and_what_to_do(runtime: str) -> None:
    """A person who is called at night reads three lines and has a command."""
    for rule in alerts(plan({"serving": {"runtime": runtime}}), CANARY):
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert {"model": "iris", "namespace": "iris-staging", "owner": "flowers"}.items() <= rule["labels"].items()
        assert sorted(rule["annotations"]) == ["description", "runbook", "summary"]
        assert re.fullmatch("[0-9]+[smhd]", rule["for"])


def test_a_model_without_owner_has_no_owner_label() -> None:
    """An empty label would be none."""
    assert "owner" not in alert("ModelDown", {"metadata": {"name": "iris"}})["labels"]


def test_drift_is_watched_only_where_it_is_measured() -> None:
    """Seldon's executor knows nothing of features; the rule says so."""
    spec = {"serving": {"runtime": "sklearn"}}
    assert not {*DRIFT} & {*named(spec, CANARY)}
    assert "mlops-charts/drift" in objects(plan(spec), CANARY)["PrometheusRule"]["metadata"]["annotations"]


def test_some_features_are_named_as_they_are() -> None:
    """Signs of regular expressions and of strings in a feature's name mean themselves."""
    spec = {"monitoring": {"drift": {"features": ["a.b", 'c"d', "{limit}"]}}}
    assert r'feature=~"a\\.b|c\"d|\\{limit\\}"' in alert("ModelFeatureDrift", spec)["expr"]


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3))
def test_a_matcher_is_one_string_whatever_the_names(names: list[str]) -> None:
    """Quotes and backslashes never end the string early."""
    assert balanced(f"x{{{any_of('feature', names)}}}")
    assert series(f"x{{{any_of('feature', names)}}}") == {"x"}


def test_latency_is_promised_in_seconds() -> None:
    """The objective's quantile and duration stand in the query as numbers."""
    spec = {"monitoring": {"objectives": {"latency": {"quantile": 0.95, "max": "1m250ms"}}}}
    expr = alert("ModelLatency", spec)["expr"]
    assert expr.startswith("histogram_quantile(0.95, sum by (le) (rate(")
    assert expr.endswith("[5m]))) > 60.25")


@pytest.mark.parametrize(("runtime", "labels"), [("python", ["model", "slot", "version"]), ("sklearn", SELDON_LABELS)])
def test_a_shadow_is_recorded_while_it_is_one(runtime: str, labels: list[str]) -> None:
    """The version that is mirrored is named by the labels of the series that its answers are counted in."""
    decided = plan({"serving": {"runtime": runtime}, **SHADOW})
    found = {title: [one for one in rules(decided, state) if "record" in one] for title, state in STATES.items()}
    expected = {"shadow, blue stable": "green", "shadow, green stable": "blue"}
    recorded = {title: one["labels"] for title, (one,) in ((title, few) for title, few in found.items() if few)}
    assert {title: given[labels[1]] for title, given in recorded.items()} == expected
    whose = dict(zip(labels, ("iris", "green", NEW.version), strict=True))
    assert recorded["shadow, blue stable"] == {"namespace": "iris-staging", **whose}


def test_what_a_shadow_answers_is_left_out_of_both_windows() -> None:
    """Failed and all answers alike; without shadows the expressions are the short ones."""
    left_out = "unless on (slot, version) max_over_time("
    assert alert("ModelErrorBudgetBurn", SHADOW)["expr"].count(left_out) == 4
    assert alert("ModelLatency", SHADOW)["expr"].count(left_out) == 1
    assert not [
        one for one in rules(plan(), STATES["shadow, blue stable"]) if "record" in one or left_out in one["expr"]
    ]


def test_errors_burn_over_a_long_and_a_short_window() -> None:
    """Both windows must be above the same limit, so that an alert ends soon after the failure."""
    expr = alert("ModelErrorBudgetBurn")["expr"]
    assert expr.count("[1h]") == 2
    assert expr.count("[5m]") == 2
    assert expr.count("> 0.0144") == 2


@pytest.mark.parametrize("availability", [0.1, 50, 90, 99, 99.9, 99.999])
def test_a_burn_can_always_be_reached(availability: float) -> None:
    """Even a loose promise is broken by a total outage, and by nothing below its budget."""
    limits = [threshold_of(burn, availability) for burn in BURNS]
    assert all(1 - availability / 100 <= limit < 1 for limit in limits)


def test_a_stuck_release_is_one_that_outlasts_the_judge() -> None:
    """The rule's own time is longer than the longest duration, and a newer release begins it anew."""
    rule = alert("ModelReleaseStuck", {"release": {"maxDuration": "6h"}})
    assert (rule["expr"], rule["for"]) == ("vector(1)", "390m")
    assert (rule["labels"]["blue"], rule["labels"]["green"]) == ("1.2.0", "1.3.0-rc.1+build")


def test_a_stuck_release_wakes_nobody_and_says_that_it_may_be_paused() -> None:
    """Users are served meanwhile, and a person may hold it on purpose."""
    rule = alert("ModelReleaseStuck")
    assert (rule["labels"]["severity"], "paused" in rule["annotations"]["description"]) == ("warning", True)


def test_a_release_is_unattended_when_the_judge_s_ticks_fail_or_none_runs() -> None:
    """Ten minutes without a good tick; a CronJob that has had none yet is measured from when it was made."""
    rule = alert("ModelReleaseUnattended")
    only = '{namespace="iris-staging",cronjob="iris-judge"}'
    last = f"kube_cronjob_status_last_successful_time{only} or kube_cronjob_created{only}"
    assert (rule["expr"], rule["for"]) == (f"time() - max({last}) > 600", "5m")


@pytest.mark.parametrize(
    ("asked", "expected"), [("6h", "6h"), ("90m", "90m"), ("1.5h", "90m"), ("48h", "2d"), ("1s", "2m")]
)
def test_the_window_of_drift_is_one_that_prometheus_reads(asked: str, expected: str) -> None:
    """One unit, no decimals, and never shorter than a few scrapes."""
    spec = {"monitoring": {"drift": {"window": asked}}}
    assert f"[{expected}]" in alert("ModelPredictionDrift", spec)["expr"]


@given(st.floats(min_value=1e-10, max_value=1e6))
def test_numbers_are_plain_decimals(found: float) -> None:
    """No exponent, no sign, no trailing zeros."""
    text = number(found)
    assert re.fullmatch(r"[0-9]+(\.[0-9]*[1-9])?", text)
    assert float(text) == pytest.approx(found, abs=1e-10)


@given(st.integers(min_value=1, max_value=10**7))
def test_spans_keep_their_seconds(seconds: int) -> None:
    """The largest unit that divides them."""
    unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    text = span(seconds)
    assert int(text[:-1]) * unit[text[-1]] == seconds


def test_environments_differ_in_values_alone() -> None:
    """What an environment may override changes no template."""
    overrides = {
        "monitoring": {
            "drift": {"maxPsi": 0.1, "window": "2h"},
            "objectives": {"availabilityPercent": 95, "latency": {"quantile": 0.5, "max": "1s"}},
        },
        "release": {"maxDuration": "1h"},
    }
    decided = plan(
        {"environments": ["staging", {"name": "prod", "overrides": overrides}]},
        environments={"staging": {}, "prod": {}},
    )
    first, second = (emit_chart(chart(decided, name)) for name in ("staging", "prod"))
    assert {path: text for path, text in first.items() if path.startswith("templates/")} == {
        path: text for path, text in second.items() if path.startswith("templates/")
    }
    assert (
        default_values(chart(decided, "staging"))["monitoring"] != default_values(chart(decided, "prod"))["monitoring"]
    )


def test_release_values_have_no_default() -> None:
    """A lost release file fails to render."""
    found = {value.path: repr(value.default) for value in values_of(chart(plan())) if value.path.startswith("release.")}
    assert set(found.values()) == {"REQUIRED"}


def test_the_scrape_finds_the_slots_pods_on_one_port() -> None:
    """The pods are Seldon's, the port is declared by name, and each relabelling says its action."""
    found = objects(plan(), CANARY)["PodMonitor"]["spec"]
    (endpoint,) = found["podMetricsEndpoints"]
    assert found["selector"] == {"matchLabels": {"seldon-deployment-id": "iris"}}
    assert (endpoint["port"], endpoint["path"]) == ("metrics", "/metrics")
    assert [one["action"] for one in endpoint["relabelings"]] == ["replace"]


def test_with_the_executor_only_the_executor_is_scraped() -> None:
    """The model's container has a port of the same name."""
    (endpoint,) = objects(plan({"serving": {"runtime": "sklearn"}}), CANARY)["PodMonitor"]["spec"][
        "podMetricsEndpoints"
    ]
    assert (endpoint["port"], endpoint["path"]) == ("metrics", "/prometheus")
    assert endpoint["relabelings"][0]["regex"] == "seldon-container-engine"
    assert [one["action"] for one in endpoint["relabelings"]] == ["keep", "replace"]


def test_prometheus_finds_both_by_the_platforms_labels() -> None:
    """The labels of platform.yaml stand on the rule and on the monitor, and not on the dashboard."""
    found = objects(plan(prometheus={"ruleLabels": {"release": "monitoring"}}), CANARY)
    assert {kind: each["metadata"]["labels"].get("release") for kind, each in found.items()} == {
        "PodMonitor": "monitoring",
        "PrometheusRule": "monitoring",
        "ConfigMap": None,
    }


@pytest.mark.parametrize("title", sorted(STATES))
def test_every_kind_is_declared(title: str) -> None:
    """The AppProject admits what the generator says it renders."""
    found = objects(plan(), STATES[title]).values()
    seen = {(each["apiVersion"].rpartition("/")[0], each["kind"]) for each in found}
    assert seen <= MonitoringGenerator.kinds


@pytest.mark.parametrize("runtime", ["python", "sklearn"])
def test_promtool_accepts_the_rules(runtime: str, tmp_path: Path) -> None:
    """Prometheus itself parses every expression, duration and template."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    rules = tmp_path / "rules.yaml"
    found = objects(plan({"serving": {"runtime": runtime}}), CANARY)["PrometheusRule"]["spec"]
    rules.write_text(yaml.safe_dump(found), encoding="utf-8")
    done = subprocess.run([promtool, "check", "rules", str(rules)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_promtool_sees_the_alerts_that_series_call_for(tmp_path: Path) -> None:
    """Played to Prometheus itself: failures, slow answers, drift, a slot without pods, a release that is stuck."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    spec = objects(plan(), CANARY)["PrometheusRule"]["spec"]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    labels = 'namespace="iris-staging",model="iris",slot="blue",version="1.2.0"'
    played = {
        f'{contract.REQUESTS}{{{labels},code="200"}}': "0+90x480",
        f'{contract.REQUESTS}{{{labels},code="500"}}': "0+10x480",
        f'{contract.REQUEST_DURATION}_bucket{{{labels},le="0.5"}}': "0+0x480",
        f'{contract.REQUEST_DURATION}_bucket{{{labels},le="1"}}': "0+100x480",
        f'{contract.REQUEST_DURATION}_bucket{{{labels},le="+Inf"}}': "0+100x480",
        f'{contract.FEATURE_DRIFT}{{{labels},feature="petal"}}': "0.3+0x480",
        f'{contract.FEATURE_DRIFT}{{{labels},feature="sepal"}}': "0.1+0x480",
        f"{contract.PREDICTION_DRIFT}{{{labels}}}": "0.1+0x480",
        f"{contract.MODEL_INFO}{{{labels}}}": "1+0x480",
    }
    firing = {"ModelDown": 0, "ModelSlotDown": 1, "ModelErrorBudgetBurn": 4, "ModelLatency": 1}
    firing |= {"ModelFeatureDrift": 1, "ModelPredictionDrift": 0, "ModelReleaseStuck": 1}
    counts = [
        {"expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}}) or vector(0)', "eval_time": "8h"}
        | {"exp_samples": [{"labels": "{}", "value": number}]}
        for name, number in firing.items()
    ]
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in played.items()],
        "promql_expr_test": counts,
    }
    tests = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [case]}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(tests), encoding="utf-8")
    command = [promtool, "test", "rules", str(tmp_path / "tests.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize(("title", "firing"), [("shadow, blue stable", 0), ("canary, blue stable", 5)])
def test_promtool_hears_a_failing_version_only_when_users_do(title: str, firing: int, tmp_path: Path) -> None:
    """The new version fails and is slow; as a shadow it wakes nobody, and as a canary it does."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    spec = objects(plan(SHADOW), STATES[title])["PrometheusRule"]["spec"]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    labels = 'namespace="iris-staging",model="iris"'
    old, new = f'{labels},slot="blue",version="1.2.0"', f'{labels},slot="green",version="{NEW.version}"'
    played = {f'{contract.REQUESTS}{{{old},code="200"}}': "0+100x480"}
    played |= {f'{contract.REQUESTS}{{{new},code="{code}"}}': "0+50x480" for code in (200, 500)}
    for bound, fast, slow in (("0.05", 100, 0), ("1", 100, 100), ("+Inf", 100, 100)):
        played[f'{contract.REQUEST_DURATION}_bucket{{{old},le="{bound}"}}'] = f"0+{fast}x480"
        played[f'{contract.REQUEST_DURATION}_bucket{{{new},le="{bound}"}}'] = f"0+{slow}x480"
    expr = 'count(ALERTS{alertname=~"ModelErrorBudgetBurn|ModelLatency",alertstate="firing"}) or vector(0)'
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in played.items()],
        "promql_expr_test": [
            {"expr": expr, "eval_time": "8h", "exp_samples": [{"labels": "{}", "value": firing}]},
        ],
    }
    tests = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [case]}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(tests), encoding="utf-8")
    command = [promtool, "test", "rules", str(tmp_path / "tests.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
