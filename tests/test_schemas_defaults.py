"""Fixed points: which defaults of a CRD must be written out."""

from typing import Any

import pytest

from mlops_charts.validation.schemas.defaults import with_defaults

ITEM = {
    "type": "object",
    "properties": {
        "port": {"type": "integer"},
        "protocol": {"type": "string", "default": "TCP"},
        "path": {"type": "object", "properties": {"type": {"type": "string", "default": "Prefix"}}},
    },
}


def _schema(field: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": {"x": field}}}}


def _list(kind: str | None, **more: Any) -> dict[str, Any]:
    return _schema({"type": "array", "items": ITEM} | ({"x-kubernetes-list-type": kind} if kind else {}) | more)


def _missing(schema: dict[str, Any], value: Any) -> list[tuple[str | int, ...]]:
    return [flaw.path[2:] for flaw in with_defaults(schema, {"spec": {"x": value}})[1]]


@pytest.mark.parametrize("kind", [None, "atomic"])
def test_a_default_inside_an_atomic_list_is_missing(kind: str | None) -> None:
    """At any depth of its items; a list is atomic unless it says otherwise."""
    value = [{"port": 1, "protocol": "TCP"}, {"port": 2, "path": {}}]
    assert _missing(_list(kind), value) == [(1, "protocol"), (1, "path", "type")]


def test_what_is_written_out_is_no_flaw() -> None:
    """An object that states all defaults is a fixed point."""
    assert _missing(_list(None), [{"port": 1, "protocol": "UDP", "path": {"type": "Exact"}}]) == []


def test_in_a_list_of_type_map_only_keys_matter() -> None:
    """Its items are merged field by field, but a key that is not written out names another item."""
    schema = _list("map", **{"x-kubernetes-list-map-keys": ["port", "protocol"]})
    assert _missing(schema, [{"port": 1, "path": {}}]) == [(0, "protocol")]
    assert _missing(schema, [{"port": 1, "protocol": "TCP", "path": {}}]) == []


def test_a_list_of_type_map_inside_an_atomic_list_is_replaced_with_it() -> None:
    """Then every default counts, and each is reported once."""
    inner = {
        "type": "array",
        "items": ITEM,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["protocol"],
    }
    outer = {"type": "array", "items": {"type": "object", "properties": {"ports": inner}}}
    assert _missing(_schema(outer), [{"ports": [{"path": {}}]}]) == [
        (0, "ports", 0, "protocol"),
        (0, "ports", 0, "path", "type"),
    ]


def test_defaults_outside_of_lists_are_harmless() -> None:
    """They are filled in and not reported."""
    complete, missing = with_defaults(_schema(ITEM), {"spec": {"x": {"port": 1, "path": {}}}})
    assert complete == {"spec": {"x": {"port": 1, "protocol": "TCP", "path": {"type": "Prefix"}}}}
    assert missing == []


def test_an_atomic_map_is_replaced_whole_too() -> None:
    """A default inside of it is missing as in a list."""
    assert _missing(_schema(ITEM | {"x-kubernetes-map-type": "atomic"}), {"port": 1}) == [("protocol",)]


def test_the_flaw_says_what_to_write_with_all_of_its_own_defaults() -> None:
    """A default that is an object is completed by the defaults of its fields."""
    matches = {"type": "array", "default": [{}], "items": ITEM}
    outer = {"type": "array", "items": {"type": "object", "properties": {"matches": matches}}}
    (flaw,) = with_defaults(_schema(outer), {"spec": {"x": [{}]}})[1]
    assert flaw.note == 'write matches: [{"protocol": "TCP"}]'
    assert flaw.code == "crd-default-missing"


def test_null_counts_as_absent_unless_it_is_allowed() -> None:
    """An API server drops a null that is not allowed before it fills in the default."""
    nullable = {"type": "object", "properties": {"a": {"type": "string", "nullable": True, "default": "x"}}}
    assert with_defaults(_schema(ITEM), {"spec": {"x": {"protocol": None}}})[0] == {"spec": {"x": {"protocol": "TCP"}}}
    assert with_defaults(_schema(nullable), {"spec": {"x": {"a": None}}})[0] == {"spec": {"x": {"a": None}}}


def test_the_object_itself_is_left_alone() -> None:
    """Defaults are filled into a copy; a default is never shared between two objects."""
    manifest = {"spec": {"x": [{"port": 1}]}}
    first, _ = with_defaults(_list(None), manifest)
    assert manifest == {"spec": {"x": [{"port": 1}]}}
    first["spec"]["x"][0]["protocol"] = "changed"
    assert with_defaults(_list(None), manifest)[0]["spec"]["x"][0]["protocol"] == "TCP"
