"""References, selectors, ownership, names: each refuses what only it can refuse."""

from typing import Any

import pytest
from proof_samples import GONE, Path, found, pipeline, plus, serving, within, without

from mlops_charts.problems import Severity
from mlops_charts.validation.model import Scope
from mlops_charts.validation.proofs import PROOFS
from mlops_charts.validation.selectors import matches

SDEP, WT = "SeldonDeployment/iris", "WorkflowTemplate/iris"
COMPONENT = ("spec", "predictors", 0, "componentSpecs", 0)
POD = (*COMPONENT, "spec")
CONTAINER = (*POD, "containers", 0)
BACKENDS = ("spec", "rules", 0, "backendRefs")
TRAIN = ("spec", "templates", 2)
S3 = (*TRAIN, "outputs", "artifacts", 0, "s3")
LONG = "i" * 60

REFUSED: list[tuple[Scope, str, str, Path, Any, str, Path]] = [
    (serving(), "references", SDEP, (*POD, "serviceAccountName"), "iris-sever", "missing-reference", ()),
    (serving(), "references", SDEP, (*POD, "priorityClassName"), "fast", "missing-reference", ()),
    (serving(), "references", SDEP, (*POD, "imagePullSecrets", 0, "name"), "pull", "missing-reference", ()),
    (
        *(serving(), "references", SDEP, (*CONTAINER, "env", 1, "valueFrom", "secretKeyRef", "name"), "warehuose"),
        *("missing-reference", ()),
    ),
    (
        *(serving(), "references", SDEP, (*CONTAINER, "envFrom"), [{"configMapRef": {"name": "settings"}}]),
        *("missing-reference", (*CONTAINER, "envFrom", 0, "configMapRef", "name")),
    ),
    (
        *(serving(), "references", SDEP, (*CONTAINER, "envFrom"), [{"secretRef": {"name": "x", "optional": True}}]),
        *("", ()),
    ),
    (
        *(serving(), "references", SDEP, (*POD, "volumes", 0), {"name": "tmp", "secret": {"secretName": "x"}}),
        *("missing-reference", (*POD, "volumes", 0, "secret", "secretName")),
    ),
    (
        *(serving(), "references", SDEP, (*POD, "volumes", 0, "persistentVolumeClaim"), {"claimName": "data"}),
        *("missing-reference", (*POD, "volumes", 0, "persistentVolumeClaim", "claimName")),
    ),
    (serving(), "references", SDEP, (*CONTAINER, "volumeMounts", 0, "name"), "tpm", "missing-reference", ()),
    (serving(), "references", "HTTPRoute/iris", (*BACKENDS, 0, "name"), "iris-bleu", "missing-reference", ()),
    (serving(), "references", "RoleBinding/iris-judge", ("roleRef", "name"), "judge", "missing-reference", ()),
    (serving(), "references", "RoleBinding/iris-judge", ("subjects", 0, "name"), "judge", "missing-reference", ()),
    (
        *(serving(), "references", "ExternalSecret/warehouse", ("spec", "secretStoreRef", "name"), "volt"),
        *("missing-reference", ()),
    ),
    (serving(), "references", "ExternalSecret/warehouse", ("spec", "target", "name"), "x", "missing-reference", None),
    (
        *(serving(), "references", "PodMonitor/iris", ("spec", "podMetricsEndpoints", 0, "port"), "metrisc"),
        *("missing-port", ()),
    ),
    (
        *(pipeline(), "references", WT, ("spec", "volumes", 0, "configMap", "items", 0, "key"), "trian.py"),
        *("missing-key", None),
    ),
    (pipeline(), "references", WT, (*TRAIN, "serviceAccountName"), "trainer", "missing-reference", ()),
    (pipeline(), "references", WT, ("spec", "serviceAccountName"), "x", "missing-reference", None),
    (
        *(pipeline(), "references", WT, (*S3, "accessKeySecret"), {"name": "s3", "key": "user"}),
        *("missing-reference", (*S3, "accessKeySecret", "name")),
    ),
    (
        *(serving(), "selectors", "PodMonitor/iris", ("spec", "selector"), {"matchLabels": {"app": "iris"}}),
        *("selector-matches-nothing", ()),
    ),
    (
        *(serving(), "selectors", "NetworkPolicy/iris-server", ("spec", "podSelector", "matchLabels"), {"a": "b"}),
        *("selector-matches-nothing", ("spec", "podSelector")),
    ),
    (
        *(serving(), "selectors", "PodDisruptionBudget/iris-blue", ("spec", "selector", "matchLabels"), {"a": "b"}),
        *("selector-matches-nothing", ("spec", "selector")),
    ),
    (
        serving(),
        "identities",
        "PodDisruptionBudget/iris-green",
        ("metadata", "name"),
        "iris-blue",
        "duplicate-object",
        (),
    ),
    (serving(), "replicas", SDEP, (*COMPONENT, "replicas"), 2, "two-writers", ()),
    (serving(), "replicas", SDEP, ("spec", "predictors", 0, "replicas"), 2, "two-writers", ()),
    (serving(), "replicas", SDEP, ("spec", "replicas"), 2, "two-writers", None),
    (serving(), "replicas", SDEP, (*COMPONENT, "kedaSpec"), {"triggers": []}, "two-autoscalers", ()),
    (serving(), "names", "CronJob/iris-judge", ("metadata", "name"), "i" * 53, "object-name", ()),
    (serving(), "names", "CronJob/iris-judge", ("metadata", "name"), "i" * 52, "", ()),
    (serving(), "names", SDEP, ("metadata", "name"), "Iris", "object-name", ()),
    (serving(), "names", "HTTPRoute/iris", ("metadata", "name"), "i" * 254, "object-name", ()),
    (serving(), "names", "Role/iris-judge", ("metadata", "name"), "a/b", "object-name", ()),
    (serving(), "names", SDEP, (*CONTAINER, "name"), "mo.del", "object-name", ()),
    (serving(), "names", SDEP, (*CONTAINER, "ports", 0, "name"), "h" * 16, "object-name", ()),
    (serving(), "labels", SDEP, ("metadata", "labels", "owner"), "team flowers", "label-syntax", ()),
    (serving(), "labels", SDEP, ("metadata", "labels", "owner"), "x" * 64, "label-syntax", ()),
    (serving(), "labels", SDEP, ("metadata", "labels", "owner"), 5, "label-syntax", ()),
    (serving(), "labels", SDEP, ("metadata", "labels", "a/b/c"), "x", "label-syntax", ()),
    (
        serving(),
        "labels",
        SDEP,
        ("metadata", "annotations"),
        {"x": True},
        "label-syntax",
        ("metadata", "annotations", "x"),
    ),
    (
        *(serving(), "labels", SDEP, ("spec", "predictors", 0, "labels"), {"-a": "b"}),
        *("label-syntax", ("spec", "predictors", 0, "labels", "-a")),
    ),
    (serving(), "labels", SDEP, ("metadata", "annotations"), {"x": "y" * 300_000}, "object-too-large", ()),
    (
        *(pipeline(), "sizes", "ConfigMap/iris-source-1a2b", ("data", "big"), "x" * 1024 * 1024),
        *("object-too-large", ("data",)),
    ),
    (pipeline(), "pod-names", WT, (*TRAIN, "name"), "t" * 43, "pod-name-length", ()),
    (pipeline(), "pod-names", WT, (*TRAIN, "name"), "t" * 42, "", ()),
]


@pytest.mark.parametrize(("scope", "proof", "target", "path", "value", "code", "where"), REFUSED)
def test_one_change_is_refused(
    *, scope: Scope, proof: str, target: str, path: Path, value: Any, code: str, where: Path | None
) -> None:
    """The proof finds what was changed; `where` is empty if it stands at that very place, None if anywhere."""
    every = found(PROOFS[proof], within(scope, target, path, value))
    assert {code} - {""} == {one for one, _ in every}
    assert where is None or not code or [where or path] == [place for _, place in every]


def test_an_external_object_may_be_named() -> None:
    """What is declared external exists."""
    scope = without(serving(), "ExternalSecret/warehouse")
    assert {"missing-reference"} == {code for code, _ in found(PROOFS["references"], scope)}
    externals = scope.externals | {("Secret", "warehouse")}
    declared = Scope(scope.title, scope.namespace, scope.objects, "restricted", externals)
    assert found(PROOFS["references"], declared) == []


def test_a_mirrored_backend_must_exist() -> None:
    """A RequestMirror names a Service as a weight does."""
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "iris-gren", "port": 9000}}}
    scope = within(serving(), "HTTPRoute/iris", ("spec", "rules", 0, "filters"), [mirror])
    expected = ("spec", "rules", 0, "filters", 0, "requestMirror", "backendRef", "name")
    assert [("missing-reference", expected)] == found(PROOFS["references"], scope)


def test_autoscalers_of_our_own() -> None:
    """An autoscaler names a target that exists, alone, and none that Seldon scales."""
    deployment = {"kind": "Deployment", "metadata": {"name": "feed"}, "spec": {"replicas": 2}}
    target = ("spec", "scaleTargetRef")
    scaler = {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "feed"}}
    spec = {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "feed"}}}
    keda = {"kind": "ScaledObject", "metadata": {"name": "feed"}, "spec": {"scaleTargetRef": {"name": "feed"}}}
    scope = plus(serving(), deployment, {**scaler, **spec}, keda)
    replicas = ("two-writers", ("spec", "replicas"))
    assert [replicas, ("two-autoscalers", target), replicas] == found(PROOFS["replicas"], scope)
    seldon = {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "iris-blue-0-model"}}}
    assert [("two-writers", target)] == found(PROOFS["replicas"], plus(serving(), {**scaler, **seldon}))
    lost = plus(serving(), {**scaler, **spec})
    assert [("missing-reference", (*target, "name"))] == found(PROOFS["references"], lost)


def test_a_service_selects_pods_and_ports_that_exist() -> None:
    """A Service's selector is a plain map, and its named target is a port of the pods."""
    service = {"kind": "Service", "metadata": {"name": "extra"}, "spec": {"selector": {"seldon-app": "iris-red"}}}
    expected = [("selector-matches-nothing", ("spec", "selector"))]
    assert expected == found(PROOFS["selectors"], plus(serving(), service))
    spec = {"selector": {"seldon-app": "iris-blue"}, "ports": [{"port": 80, "targetPort": "htpp"}]}
    scope = plus(serving(), {**service, "spec": spec})
    assert found(PROOFS["references"], scope) == [("missing-port", ("spec", "ports", 0, "targetPort"))]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, True),
        ({"matchLabels": {"a": "b"}}, True),
        ({"matchLabels": {"a": "c"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}, False),
        ({"matchExpressions": [{"key": "x", "operator": "NotIn", "values": ["b"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Sometimes"}]}, False),
    ],
)
def test_selectors_match_as_in_kubernetes(selector: dict[str, Any], *, expected: bool) -> None:
    """An empty selector selects all; every part must hold."""
    assert expected == matches(selector, {"a": "b"})


def test_long_names_of_pods_are_a_warning() -> None:
    """Names beyond 63 characters are cut, not refused."""
    scope = within(pipeline(), WT, (*TRAIN, "name"), LONG)
    assert {Severity.WARNING} == {finding.severity for finding in PROOFS["pod-names"](scope)}


def test_seldon_names_no_service_of_the_whole_deployment() -> None:
    """Only predictors have Services: a route to the bare name answers 500."""
    scope = within(serving(), "HTTPRoute/iris", (*BACKENDS, 0, "name"), "iris")
    assert [("missing-reference", (*BACKENDS, 0, "name"))] == found(PROOFS["references"], scope)


def test_a_claim_template_is_a_volume_of_every_step() -> None:
    """What volumeClaimTemplates of a workflow name may be mounted."""
    mounts = (*TRAIN, "container", "volumeMounts")
    scope = within(pipeline(), WT, mounts, [{"name": "work", "mountPath": "/work"}])
    assert [("missing-reference", (*mounts, 0, "name"))] == found(PROOFS["references"], scope)
    claimed = within(scope, WT, ("spec", "volumeClaimTemplates"), [{"metadata": {"name": "work"}}])
    assert found(PROOFS["references"], claimed) == []
    assert found(PROOFS["references"], within(claimed, WT, ("spec", "volumeClaimTemplates"), GONE)) != []
