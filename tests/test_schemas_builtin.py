"""Kubernetes' own kinds against the schemas of one version."""

from typing import Any

import pytest

from mlops_charts.validation.schemas import SchemaError
from mlops_charts.validation.schemas.builtin import Builtin, builtin


def _kubernetes(version: str = "1.35") -> Builtin:
    found = builtin(version)
    assert found is not None
    return found


def _deployment(**spec: Any) -> dict[str, Any]:
    labels = {"app": "iris"}
    container = {"name": "model", "image": "ghcr.io/acme/iris:1.0.0"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "iris", "labels": labels},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template} | spec,
    }


def test_valid_objects_have_no_flaws() -> None:
    """A Deployment, and a Role with a name that only RBAC admits, are accepted."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "mlops:judge"}}
    assert [_kubernetes().check(manifest) for manifest in (_deployment(), role)] == [[], []]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"replcas": 2},
            (("spec", "replcas"), "schema-unknown-field", 'unknown field "replcas"; did you mean "replicas"?'),
        ),
        ({"replicas": "2"}, (("spec", "replicas"), "schema-invalid", 'must be an integer, found "2"')),
        ({"selector": None}, (("spec", "selector"), "schema-invalid", 'the required field "selector" is missing')),
        ({"paused": None, "replicas": 1.5}, (("spec", "replicas"), "schema-invalid", "must be an integer, found 1.5")),
        ({"strategy": {"type": 1}}, (("spec", "strategy", "type"), "schema-invalid", "must be a string, found 1")),
    ],
)
def test_a_wrong_field_is_one_flaw(spec: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """Unknown fields, wrong types and nulls are found where they stand."""
    assert [flaw[:3] for flaw in _kubernetes().check(_deployment(**spec))] == [expected]


def test_every_missing_field_is_found_once() -> None:
    """Two missing required fields are two flaws, each with its own name."""
    manifest = _deployment()
    del manifest["spec"]["selector"], manifest["spec"]["template"]
    paths = [flaw.path for flaw in _kubernetes().check(manifest)]
    assert paths == [("spec", "selector"), ("spec", "template")]


def test_a_null_in_a_list_is_a_flaw() -> None:
    """The schemas admit it, an API server would see an empty container."""
    manifest = _deployment()
    manifest["spec"]["template"]["spec"]["containers"].append(None)
    flaws = [flaw[:3] for flaw in _kubernetes().check(manifest)]
    path = ("spec", "template", "spec", "containers", 1)
    assert flaws == [(path, "schema-invalid", "a list must hold no null")]


def test_items_of_a_keyed_list_stand_there_once() -> None:
    """Server-side apply refuses two variables of one name; one port under two protocols is two ports."""
    manifest = _deployment()
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["ports"] = [{"containerPort": 53, "protocol": protocol} for protocol in ("TCP", "UDP")]
    container["env"] = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    (flaw,) = _kubernetes().check(manifest)
    assert flaw.path[-3:] == (0, "env", 1)
    assert flaw.message == '{"name": "A"} stands here twice, first as item 0'


def test_a_value_of_two_types_is_described_by_both() -> None:
    """A port is a number or a name."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "iris"}}
    good = service | {"spec": {"ports": [{"port": 80, "targetPort": "http"}]}}
    bad = service | {"spec": {"ports": [{"port": 80, "targetPort": 1.5}]}}
    assert _kubernetes().check(good) == []
    assert [flaw.message for flaw in _kubernetes().check(bad)] == ["must be a string or an integer, found 1.5"]


def test_a_version_that_is_not_served_names_the_served_ones() -> None:
    """CronJob left batch/v1beta1 in 1.25."""
    manifest = {"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "judge"}}
    (flaw,) = _kubernetes().check(manifest)
    assert (flaw.path, flaw.message, flaw.note) == (
        ("apiVersion",),
        "Kubernetes 1.35 has no CronJob in batch/v1beta1",
        "served: batch/v1",
    )


@pytest.mark.parametrize(
    ("api_version", "kind", "known"),
    [
        ("v1", "Secret", True),
        ("apps/v1", "Deploymnt", True),
        ("networking.k8s.io/v1", "NetworkPolicy", True),
        ("networking.istio.io/v1", "NetworkPolicy", False),
        ("apps.example.com/v1", "Deployment", False),
        ("../v1", "Secret", False),
    ],
)
def test_only_kubernetes_own_groups_are_known(api_version: str, kind: str, known: bool) -> None:  # noqa: FBT001
    """A custom group whose first word is that of a group of Kubernetes is not mistaken for it."""
    assert _kubernetes().knows(api_version, kind) == known


@pytest.mark.parametrize("version", ["1.25", "v1.33.2", "1.37"])
def test_versions_with_schemas_are_accepted(version: str) -> None:
    """A patch release is its minor version."""
    assert _kubernetes(version).check(_deployment()) == []


@pytest.mark.parametrize("version", ["1.24", "1.38", "latest", ""])
def test_versions_without_schemas_are_refused(version: str) -> None:
    """The error names the range that there is."""
    with pytest.raises(SchemaError, match=r"there are 1\.25 to 1\.37"):
        builtin(version)
