"""ObjectMeta, whatever the kind."""

from typing import Any

import pytest

from mlops_charts.validation.schemas.metadata import check_metadata


def _paths(metadata: Any, **options: bool) -> list[tuple[str | int, ...]]:
    return [flaw.path for flaw in check_metadata(metadata, ("metadata",), **options)]


@pytest.mark.parametrize(
    "metadata",
    [
        {"name": "iris"},
        {"name": "iris.v1-2", "namespace": "iris-prod", "labels": {"app.kubernetes.io/name": "iris", "empty": ""}},
        {"generateName": "iris-", "annotations": {"example.com/note": "any text, even ünusual"}, "finalizers": ["a/b"]},
        {"name": "iris", "creationTimestamp": None},
    ],
)
def test_good_metadata_is_accepted(metadata: dict[str, Any]) -> None:
    """Names are subdomains, label keys may have a prefix, annotations are any text."""
    assert _paths(metadata) == []


@pytest.mark.parametrize(
    ("metadata", "path"),
    [
        ({}, ("metadata", "name")),
        ({"name": "Iris"}, ("metadata", "name")),
        ({"name": "iris-"}, ("metadata", "name")),
        ({"name": "a" * 254}, ("metadata", "name")),
        ({"name": "iris\n"}, ("metadata", "name")),
        ({"name": 1}, ("metadata", "name")),
        ({"name": "iris", "namespace": "a.b"}, ("metadata", "namespace")),
        ({"name": "iris", "lables": {}}, ("metadata", "lables")),
        ({"name": "iris", "labels": {"a": 1}}, ("metadata", "labels", "a")),
        ({"name": "iris", "labels": {"a": "x" * 64}}, ("metadata", "labels", "a")),
        ({"name": "iris", "labels": {"a": "two words"}}, ("metadata", "labels", "a")),
        ({"name": "iris", "labels": {"-a": "x"}}, ("metadata", "labels", "-a")),
        ({"name": "iris", "labels": ["a"]}, ("metadata", "labels")),
        ({"name": "iris", "annotations": {"a": True}}, ("metadata", "annotations", "a")),
        ({"name": "iris", "annotations": {"a/b/c": "x"}}, ("metadata", "annotations", "a/b/c")),
        ({"name": "iris", "finalizers": [1]}, ("metadata", "finalizers", 0)),
        ("iris", ("metadata",)),
        (None, ("metadata",)),
    ],
)
def test_bad_metadata_is_refused_where_it_stands(metadata: Any, path: tuple[str | int, ...]) -> None:
    """Each mistake is one flaw."""
    assert _paths(metadata) == [path]


def test_rbac_names_are_free() -> None:
    """An RBAC object may be called almost anything but a path."""
    assert _paths({"name": "system:judge"}, path_names=True) == []
    assert _paths({"name": "a/b"}, path_names=True) == [("metadata", "name")]
