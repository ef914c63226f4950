"""Each rule of Seldon refuses what only it can refuse."""

from typing import Any

import pytest
from proof_samples import GONE, Path, found, plus, serving, within

from mlops_charts.validation.proofs import PROOFS

SDEP = "SeldonDeployment/iris"
PREDICTORS = ("spec", "predictors")
BLUE, GREEN = (*PREDICTORS, 0), (*PREDICTORS, 1)
COMPONENT = (*BLUE, "componentSpecs", 0)
CONTAINER = (*COMPONENT, "spec", "containers", 0)
GRAPH = (*BLUE, "graph")

REFUSED: list[tuple[str, str, Path, Any, str, Path]] = [
    ("seldon-webhook", SDEP, PREDICTORS, [], "seldon-no-predictor", PREDICTORS),
    ("seldon-webhook", SDEP, (*GREEN, "name"), "blue", "seldon-duplicate-predictor", (*GREEN, "name")),
    ("seldon-webhook", SDEP, (*BLUE, "traffic"), 99, "seldon-traffic", PREDICTORS),
    ("seldon-webhook", SDEP, (*GREEN, "shadow"), "yes", "", ()),
    ("seldon-webhook", SDEP, (*GRAPH, "name"), "other", "seldon-graph", (*GRAPH, "name")),
    ("seldon-webhook", SDEP, (*GRAPH, "implementation"), "SKLEARN_SERVER", "seldon-model-uri", GRAPH),
    ("seldon-webhook", SDEP, (*GRAPH, "implementation"), "UNKNOWN_IMPLEMENTATION", "", ()),
    ("seldon-webhook", SDEP, (*GRAPH, "implementation"), "HUGGINGFACE_SERVER", "", ()),
    ("seldon-webhook", SDEP, ("spec", "protocol"), "v3", "seldon-protocol", ("spec", "protocol")),
    (
        *("seldon-webhook", SDEP, (*GRAPH, "children"), [{"name": "model"}]),
        *("seldon-no-engine", (*BLUE, "annotations", "seldon.io/no-engine")),
    ),
    (
        *("seldon-copied-metadata", SDEP, (*BLUE, "labels"), {"version": "1.2.0"}),
        *("seldon-version-label", (*BLUE, "labels", "version")),
    ),
    (
        *("seldon-copied-metadata", SDEP, (*BLUE, "annotations", "iris/weight"), "5"),
        *("seldon-restless-metadata", (*BLUE, "annotations", "iris/weight")),
    ),
    (
        *("seldon-copied-metadata", SDEP, ("spec", "annotations"), {"helm.sh/chart": "iris-1.0.0"}),
        *("seldon-restless-metadata", ("spec", "annotations", "helm.sh/chart")),
    ),
    (
        *("seldon-copied-metadata", SDEP, (*COMPONENT, "metadata", "labels"), {"rendered": "2026-11-23T10:00:00Z"}),
        *("seldon-restless-metadata", (*COMPONENT, "metadata", "labels", "rendered")),
    ),
    ("seldon-copied-metadata", SDEP, ("metadata", "labels", "helm.sh/chart"), "iris-1.0.0", "", ()),
    ("seldon-names", SDEP, (*COMPONENT, "metadata"), {}, "seldon-name", (*COMPONENT, "metadata")),
    (
        *("seldon-names", SDEP, (*COMPONENT, "metadata", "name"), "m" * 52),
        *("seldon-name", (*COMPONENT, "metadata", "name")),
    ),
    ("seldon-names", SDEP, (*COMPONENT, "metadata", "name"), "m" * 51, "", ()),
    (
        *("seldon-scaling", SDEP, (*COMPONENT, "hpaSpec", "metrics"), [{}]),
        *("seldon-hpa", (*COMPONENT, "hpaSpec", "metrics")),
    ),
    (
        *("seldon-scaling", SDEP, (*COMPONENT, "hpaSpec", "metricsv2"), []),
        *("seldon-hpa", (*COMPONENT, "hpaSpec")),
    ),
    (
        *("seldon-scaling", SDEP, (*COMPONENT, "pdbSpec"), {"minAvailable": 1}),
        *("seldon-pdb", (*COMPONENT, "pdbSpec")),
    ),
    (
        *("seldon-scaling", "PodDisruptionBudget/iris-blue", ("metadata", "name"), "iris-blue-0-model"),
        *("seldon-pdb", ("metadata", "name")),
    ),
    (
        *("seldon-services-and-routes", "HTTPRoute/iris", ("spec", "rules", 0, "backendRefs", 1, "weight"), 0),
        *("route-zero-weight", ("spec", "rules", 0, "backendRefs", 1, "weight")),
    ),
    (
        *("seldon-services-and-routes", SDEP, (*GREEN, "traffic"), 5),
        *("seldon-weights-elsewhere", ("spec",)),
    ),
    (
        *("seldon-server-pods", SDEP, (*CONTAINER, "ports", 1, "containerPort"), 9000),
        *("seldon-ports", (*CONTAINER, "ports", 1, "containerPort")),
    ),
    (
        *("seldon-server-pods", SDEP, (*CONTAINER, "ports", 0, "protocol"), GONE),
        *("seldon-ports", (*CONTAINER, "ports", 0, "protocol")),
    ),
    (
        *("seldon-server-pods", SDEP, (*CONTAINER, "startupProbe"), GONE),
        *("seldon-life-cycle", (*CONTAINER, "startupProbe")),
    ),
    (
        *("seldon-server-pods", SDEP, (*CONTAINER, "lifecycle"), GONE),
        *("seldon-life-cycle", (*CONTAINER, "lifecycle", "preStop")),
    ),
    (
        *("seldon-server-pods", SDEP, (*COMPONENT, "spec", "terminationGracePeriodSeconds"), GONE),
        *("seldon-life-cycle", (*COMPONENT, "spec", "terminationGracePeriodSeconds")),
    ),
]


@pytest.mark.parametrize(("proof", "target", "path", "value", "code", "where"), REFUSED)
def test_one_change_is_refused(*, proof: str, target: str, path: Path, value: Any, code: str, where: Path) -> None:
    """The proof finds exactly the one thing that was changed, at its place; or nothing, where it is right."""
    expected = [(code, where)] if code else []
    assert expected == found(PROOFS[proof], within(serving(), target, path, value))


def test_one_budget_over_two_predictors_is_refused() -> None:
    """A budget that selects both predictors covers pods twice, beside their own."""
    selector = {"matchLabels": {"seldon-deployment-id": "iris"}}
    scope = within(serving(), "PodDisruptionBudget/iris-blue", ("spec", "selector"), selector)
    expected = [("seldon-pdb", ("spec", "selector")), ("seldon-pdb", ("spec", "selector"))]
    assert expected == found(PROOFS["seldon-scaling"], scope)


def test_a_lone_predictor_has_all_or_no_traffic() -> None:
    """Seldon accepts 0 and 100 of a single predictor, nothing between."""
    blue = serving().objects[0].manifest["spec"]["predictors"][0]
    for traffic, expected in ((0, []), (100, []), (50, [("seldon-traffic", (*BLUE, "traffic"))])):
        scope = within(serving(), SDEP, PREDICTORS, [{**blue, "traffic": traffic}])
        assert expected == found(PROOFS["seldon-webhook"], scope)


def test_shadows() -> None:
    """One shadow beside one that answers is right; two, or only shadows, are not."""
    blue, green = serving().objects[0].manifest["spec"]["predictors"]
    shadow = {**green, "shadow": True, "traffic": 10}
    one = within(serving(), SDEP, PREDICTORS, [blue, shadow])
    two = within(serving(), SDEP, PREDICTORS, [blue, shadow, {**shadow, "name": "red"}])
    alone = within(serving(), SDEP, PREDICTORS, [shadow])
    assert found(PROOFS["seldon-webhook"], one) == []
    assert [("seldon-shadow", (*PREDICTORS, 2, "shadow"))] == found(PROOFS["seldon-webhook"], two)
    assert [("seldon-shadow", (*BLUE, "shadow"))] == found(PROOFS["seldon-webhook"], alone)


@pytest.mark.parametrize("server", ["SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER"])
def test_tensorflow_is_spoken_by_its_server_alone(server: str) -> None:
    """The protocol tensorflow is refused for servers that do not speak it."""
    scope = within(serving(), SDEP, ("spec", "protocol"), "tensorflow")
    scope = within(scope, SDEP, GRAPH, {"name": "model", "implementation": server, "modelUri": "s3://mlops/iris"})
    assert [("seldon-protocol", (*GRAPH, "implementation"))] == found(PROOFS["seldon-webhook"], scope)


def test_a_service_that_seldon_deletes_is_refused() -> None:
    """Seldon takes a Service with its label for an orphan."""
    service = {"kind": "Service", "metadata": {"name": "iris", "labels": {"seldon-deployment-id": "iris"}}}
    expected = [("seldon-service-label", ("metadata", "labels", "seldon-deployment-id"))]
    assert expected == found(PROOFS["seldon-services-and-routes"], plus(serving(), service))


def test_a_virtual_service_of_ours_is_refused() -> None:
    """The VirtualService of a SeldonDeployment is the operator's, whatever its weights."""
    destination = {"host": "iris-blue.iris-staging.svc.cluster.local"}
    spec = {"http": [{"route": [{"destination": destination}]}]}
    scope = plus(serving(), {"kind": "VirtualService", "metadata": {"name": "iris"}, "spec": spec})
    assert found(PROOFS["seldon-services-and-routes"], scope) == [("seldon-weights-elsewhere", ("spec",))]


def test_all_graphs_have_one_type_of_endpoint() -> None:
    """Seldon's webhook refuses two, also in two predictors."""
    types = {slot: (*slot, "graph", "endpoint", "type") for slot in (BLUE, GREEN)}
    one = within(serving(), SDEP, types[BLUE][:-1], {"type": "REST"})
    two = within(one, SDEP, types[GREEN][:-1], {"type": "GRPC"})
    assert found(PROOFS["seldon-webhook"], one) == []
    assert found(PROOFS["seldon-webhook"], two) == [("seldon-graph", types[GREEN])]


def test_a_container_of_the_graph_has_a_name_that_fits_a_label() -> None:
    """Seldon makes a label's key of it, of at most 63 characters."""
    for length, expected in ((48, []), (49, [("seldon-name", (*CONTAINER, "name"))])):
        named = within(serving(), SDEP, (*CONTAINER, "name"), "m" * length)
        assert found(PROOFS["seldon-names"], within(named, SDEP, (*GRAPH, "name"), "m" * length)) == expected
