"""The serving chart in every state of a release: traffic, restarts, what the schema admits."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import product
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from serving_samples import INGRESSES, NEW, OLD, RUNTIMES, SCALINGS, chart_of, manifests, of_kind, plan_of, states

from mlops_charts.chart import default_values, emit_chart, merge, values_schema
from mlops_charts.generators.serving import release_constraints
from mlops_charts.release import state_of


def constraints(ingress: str) -> Draft202012Validator:
    """Return the constraints as one validator."""
    return Draft202012Validator({"allOf": list(release_constraints(ingress))})


@pytest.mark.parametrize(("ingress", "runtime"), list(product(INGRESSES, RUNTIMES)))
def test_traffic_obeys_seldon_s_webhook(ingress: str, runtime: str) -> None:
    """Predictors that answer share 100, one alone has 0 or 100, and a shadow is never alone."""
    chart = chart_of(plan_of({"runtime": runtime}, ingress))
    for title, state in states(ingress):
        for deployment in of_kind(manifests(chart, state), "SeldonDeployment"):
            predictors = deployment["spec"]["predictors"]
            answering = [one["traffic"] for one in predictors if not one.get("shadow", False)]
            assert answering, title
            assert sum(answering) == 100 if len(answering) > 1 else answering[0] in {0, 100}, title


def test_gateway_leaves_seldon_s_traffic_alone() -> None:
    """With the Gateway API the predictors' traffic never changes, so Seldon has nothing to do when weights move."""
    chart, found = chart_of(plan_of()), set()
    for _, state in states("gatewayApi"):
        for deployment in of_kind(manifests(chart, state), "SeldonDeployment"):
            found |= {(one["name"], one["traffic"]) for one in deployment["spec"]["predictors"]}
    assert found == {("blue", 100), ("green", 0)}


def test_route_is_what_the_state_says() -> None:
    """Backends and weights are those of the routed slots; a mirror and an experiment stand beside them."""
    chart = chart_of(plan_of())
    for title, state in states("gatewayApi"):
        slots = {"iris-blue": state.blue, "iris-green": state.green}
        routes = of_kind(manifests(chart, state), "HTTPRoute")
        assert (title, len(routes)) == (title, int(state.blue.routed or state.green.routed))
        for route in routes:
            *experiment, rule = route["spec"]["rules"]
            weights = {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}
            assert weights == {name: slot.weight for name, slot in slots.items() if slot.routed}
            mirrors = [one["requestMirror"]["backendRef"]["name"] for one in rule.get("filters", [])]
            assert mirrors == [name for name, slot in slots.items() if slot.mirrored]
            matched = [one["backendRefs"][0]["name"] for one in experiment]
            assert matched == [name for name, slot in slots.items() if slot.matched]


def test_experiment_matches_the_header() -> None:
    """Who carries the header's value meets the new version, and everybody else the old one."""
    state = dict(states("gatewayApi"))["abTest, blue stable"]
    rules = of_kind(manifests(chart_of(plan_of()), state), "HTTPRoute")[0]["spec"]["rules"]
    header = {"type": "Exact", "name": "x-variant", "value": "candidate"}
    assert rules[0]["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}, "headers": [header]}]
    assert [one["name"] for one in rules[1]["backendRefs"]] == ["iris-blue"]


def test_without_ingress_the_service_follows_stable() -> None:
    """A Service of our own selects the stable slot, and never carries the label by which Seldon deletes."""
    chart = chart_of(plan_of({}, "none"))
    for title, state in states("none"):
        for service in of_kind(manifests(chart, state), "Service"):
            selector = service["spec"]["selector"]
            assert (title, selector["mlops-charts/slot"]) == (title, state.stable)
            assert "seldon-deployment-id" not in service["metadata"]["labels"]
            predictors = of_kind(manifests(chart, state), "SeldonDeployment")[0]["spec"]["predictors"]
            labels = [one["componentSpecs"][0]["metadata"]["labels"] for one in predictors]
            assert sum(selector.items() <= found.items() for found in labels) == 1


@pytest.mark.parametrize(("ingress", "runtime", "scaling"), list(product(INGRESSES, RUNTIMES, SCALINGS)))
def test_no_phase_restarts_a_version(ingress: str, runtime: str, scaling: str) -> None:
    """From its first warming to its last bake, all that Seldon puts into the pods of a version stays the same.

    All but one: the executor has its predictor in a variable, so that under istio becoming a shadow restarts the pods,
    which nobody sees, and ceasing to be one does so again.
    """
    chart, seen = chart_of(plan_of({"runtime": runtime, **SCALINGS[scaling]}, ingress)), defaultdict(set)
    for _, state in states(ingress):
        for deployment in of_kind(manifests(chart, state), "SeldonDeployment"):
            spec = deployment["spec"]
            for predictor in spec["predictors"]:
                key = (predictor["name"], predictor["annotations"]["version"])
                copied = _copied(predictor, executor=runtime != "python")
                seen[key].add(json.dumps([copied, spec["protocol"], spec.get("annotations")]))
    forms = {key: 2 if ingress == "istio" and runtime != "python" and key[1] == NEW.version else 1 for key in seen}
    assert {key: len(found) for key, found in seen.items()} == forms


def _copied(predictor: dict[str, Any], *, executor: bool) -> dict[str, Any]:
    """Return the part of a predictor that reaches its pods; a shadow's label is always there."""
    apart = {"traffic", "replicas"} if executor else {"traffic", "replicas", "shadow"}
    return {key: found for key, found in predictor.items() if key not in apart}


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("ingress", INGRESSES)
def test_schema_admits_every_state(ingress: str, runtime: str) -> None:
    """What the state machine can come to, the chart renders."""
    chart = chart_of(plan_of({"runtime": runtime}, ingress))
    validator = Draft202012Validator(values_schema(chart))
    for title, state in states(ingress):
        values = merge(default_values(chart), {"release": state.data()})
        assert (title, list(validator.iter_errors(values))) == (title, [])


MUTATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "stable is off": ("settled, blue stable", {"green": {"enabled": False, "routed": False, "weight": 0}}),
    "stable is not routed": ("settled, blue stable", {"green": {"routed": False, "weight": 0}}),
    "stable is the other": ("settled, blue stable", {"stable": "blue"}),
    "disabled with traffic": ("settled, blue stable", {"blue": {"routed": True, "weight": 5}, "green": {"weight": 95}}),
    "disabled with weight": ("settled, blue stable", {"blue": {"weight": 5}}),
    "disabled and mirrored": ("settled, blue stable", {"blue": {"mirrored": True}}),
    "disabled and matched": ("settled, blue stable", {"blue": {"matched": True}}),
    "weight 0 in the route": ("canary, blue stable", {"green": {"weight": 0}}),
    "alone below 100": ("promoting, blue stable", {"green": {"weight": 60}}),
    "weight without route": ("warming, blue stable", {"green": {"weight": 5}}),
    "mirrored and routed": ("canary, blue stable", {"green": {"mirrored": True}}),
    "both mirrored": ("warming, blue stable", {"blue": {"mirrored": True}, "green": {"mirrored": True}}),
    "no version": ("settled, blue stable", {"green": {"version": ""}}),
    "no image and no model": ("settled, blue stable", {"green": {"image": "", "modelUri": ""}}),
    "no run": ("canary, blue stable", {"green": {"runId": ""}}),
    "judge gone in flight": ("warming, blue stable", {"inFlight": False}),
    "judge after the end": ("settled, blue stable", {"inFlight": True}),
    "judge before the start": ("nothing released", {"inFlight": True}),
}


@pytest.mark.parametrize(("start", "change"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_schema_refuses_states_that_drop_objects(start: str, change: dict[str, Any]) -> None:
    """A bad merge of a release file fails to render under every ingress that knows the phase."""
    for ingress in INGRESSES:
        state = dict(states(ingress)).get(start)
        if state is not None:
            assert constraints(ingress).is_valid({"release": state.data()})
            assert not constraints(ingress).is_valid({"release": merge(state.data(), change)}), ingress


@pytest.mark.parametrize("missing", [{"header": ""}, {"value": ""}])
def test_experiment_needs_its_header(missing: dict[str, str]) -> None:
    """A rule without a header would take all users."""
    state = dict(states("gatewayApi"))["abTest, green stable"].data()
    assert not constraints("gatewayApi").is_valid({"release": merge(state, {"match": missing})})


def test_only_the_gateway_knows_experiments() -> None:
    """Istio, as Seldon uses it, matches no headers."""
    change = {"green": {"matched": True}, "match": {"header": "x", "value": "y"}}
    warming = {"release": merge(state_of("warming", "istio", OLD, NEW).data(), change)}
    assert [constraints(ingress).is_valid(warming) for ingress in INGRESSES] == [True, False, False]


def test_prepackaged_servers_need_the_model_and_others_the_image() -> None:
    """Where the runtime is known, only its own source counts."""
    settled = state_of("settled", "istio", OLD, NEW).data()
    without_image = {"release": merge(settled, {"green": {"image": ""}})}
    without_model = {"release": merge(settled, {"green": {"modelUri": ""}})}
    for prepackaged, expected in ((True, [True, False]), (False, [False, True]), (None, [True, True])):
        rules = {"allOf": list(release_constraints("istio", prepackaged=prepackaged))}
        admitted = [Draft202012Validator(rules).is_valid(values) for values in (without_image, without_model)]
        assert (prepackaged, admitted) == (prepackaged, expected)


@pytest.mark.parametrize("ingress", INGRESSES)
def test_no_admitted_state_loses_its_users(ingress: str) -> None:
    """Whatever flags the schema admits: who is stable runs and is routed, and no route lacks a backend."""
    flags = [dict(zip(("enabled", "routed", "mirrored", "matched"), one, strict=True)) for one in _BOOLEANS]
    validator, base = constraints(ingress), state_of("warming", "gatewayApi", OLD, NEW).data()
    chart, admitted = chart_of(plan_of({}, ingress)), 0
    for blue, green, stable in product(flags, flags, ("none", "blue", "green")):
        for weights in ((0, 0), (100, 0), (0, 100), (95, 5)):
            change = {"blue": {**blue, "weight": weights[0]}, "green": {**green, "weight": weights[1]}}
            release = merge(base, {"stable": stable, "match": {"header": "x", "value": "y"}, **change})
            if validator.is_valid({"release": release}):
                admitted += 1
                _check_users(chart, release, ingress)
    assert admitted > 5


_BOOLEANS = list(product((False, True), repeat=4))


def _check_users(chart: Any, release: dict[str, Any], ingress: str) -> None:
    from mlops_charts.chart import evaluate  # noqa: PLC0415 - only here

    found = evaluate(chart, merge(default_values(chart), {"release": release}))
    running = {one["name"] for sdep in of_kind(found, "SeldonDeployment") for one in sdep["spec"]["predictors"]}
    if release["stable"] != "none":
        assert release["stable"] in running
        assert release[release["stable"]]["routed"]
    for route in of_kind(found, "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            backends = {one["name"].removeprefix("iris-") for one in rule["backendRefs"]}
            assert backends
            assert backends <= running
    if ingress == "none" and release["stable"] != "none":
        assert len(of_kind(found, "Service")) == 1


def test_helm_prints_what_python_says(tmp_path: Any) -> None:
    """Real Helm renders each state to the same objects, and refuses a release file that is missing."""
    helm = pytest.importorskip("helm_python")
    yaml = pytest.importorskip("yaml")
    chart = chart_of(plan_of(SCALINGS["requests"]))
    for name, content in emit_chart(chart).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    with pytest.raises(helm.HelmValuesError):
        helm.Chart.load(str(tmp_path)).render({}, name="iris", namespace="iris-staging")
    for title, state in states("gatewayApi"):
        values = {"release": state.data()}
        printed = helm.Chart.load(str(tmp_path)).render(values, name="iris", namespace="iris-staging")
        texts = [text for name, text in printed.items() if not name.endswith("NOTES.txt")]
        found = [one for text in texts for one in yaml.safe_load_all(text) if one]
        assert (title, sorted(found, key=_key)) == (title, sorted(manifests(chart, state), key=_key))


def _key(manifest: dict[str, Any]) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]
