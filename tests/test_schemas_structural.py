"""Structural schemas: what an API server with strict field validation accepts in a custom resource."""

from typing import Any

import pytest

from mlops_charts.validation.schemas.formats import compiled, format_accepts
from mlops_charts.validation.schemas.structural import check_resource, structure

INT_OR_STRING = {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"a": {"type": "string"}}}
PORTS = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["port", "protocol"],
    "items": {"type": "object", "properties": {"port": {"type": "integer"}, "protocol": {"type": "string"}}},
}
SET = {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}
EITHER = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
    "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
}
EMBEDDED = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}


@pytest.mark.parametrize(
    ("node", "good", "bad"),
    [
        ({"type": "string"}, "a", 1),
        ({"type": "integer"}, 1, True),
        ({"type": "integer"}, 1.0, 1.5),
        ({"type": "number"}, 0.5, "0.5"),
        ({"type": "number"}, 10**400, float("inf")),
        ({"type": "boolean"}, False, 0),
        ({"type": "string", "nullable": True}, None, 1),
        ({"type": "string"}, "", None),
        (INT_OR_STRING, "10%", 1.5),
        (INT_OR_STRING, 8000, None),
        ({"type": "string", "enum": ["a", "b"]}, "b", "c"),
        ({"type": "string", "pattern": "^a+$"}, "aa", "aa\n"),
        ({"type": "string", "minLength": 2, "maxLength": 3}, "äöü", "ä"),
        ({"type": "integer", "minimum": 1, "maximum": 5}, 5, 6),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 2, 1),
        ({"type": "number", "multipleOf": 0.1}, 0.3, 0.35),
        ({"type": "integer", "format": "int32"}, 2**31 - 1, 2**31),
        ({"type": "string", "format": "date-time"}, "2026-11-23T10:00:00Z", "2026-11-23"),
        ({"type": "string", "format": "byte"}, "aXJpcw==", "iris!"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1}, ["a"], []),
        ({"type": "array", "items": {"type": "string"}}, ["a"], ["a", 1]),
        (SET, ["a", "b"], ["a", "b", "a"]),
        (PORTS, [{"port": 1, "protocol": "TCP"}, {"port": 1, "protocol": "UDP"}], [{"port": 1}, {"port": 1}]),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"any": "a"}, {"any": 1}),
        ({"type": "object", "additionalProperties": True, "maxProperties": 1}, {"any": 1}, {"a": 1, "b": 2}),
        ({"type": "object"}, {}, {"a": 1}),
        (OPEN, {"a": "x", "other": {"deep": 1}}, {"a": 1}),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, {"a": ""}, {}),
        (EITHER, {"a": "x"}, {"a": "x", "b": "y"}),
        (EITHER, {"b": "x"}, {}),
        ({"type": "integer", "allOf": [{"minimum": 1}, {"maximum": 5}]}, 3, 9),
        ({"type": "string", "anyOf": [{"pattern": "^a"}, {"pattern": "^b"}]}, "b", "c"),
        ({"type": "string", "not": {"enum": ["latest"]}}, "1.0.0", "latest"),
        ({"type": "object", "properties": {"a": OPEN}, "not": {"required": ["a"]}}, {}, {"a": {}}),
        (EMBEDDED, {"apiVersion": "v1", "kind": "Pod", "spec": {}}, {"apiVersion": "v1"}),
        (
            EMBEDDED,
            {"apiVersion": "v1", "kind": "P", "metadata": {}},
            {"apiVersion": "v1", "kind": "P", "metadata": {"x": 1}},
        ),
    ],
)
def test_each_rule_accepts_and_refuses(node: dict[str, Any], good: Any, bad: Any) -> None:
    """Every rule accepts what it should, and finds exactly one flaw in what it should not accept."""
    assert structure(node, good, ()) == []
    assert len(structure(node, bad, ())) == 1


def test_unknown_fields_come_with_the_nearest_one() -> None:
    """A misspelt field is located, the right one suggested, the known ones listed."""
    node = {"type": "object", "properties": {"replicas": {"type": "integer"}, "traffic": {"type": "integer"}}}
    (flaw,) = structure(node, {"replcas": 2}, ("spec", "predictors", 0))
    assert flaw == (
        ("spec", "predictors", 0, "replcas"),
        "schema-unknown-field",
        'unknown field "replcas"; did you mean "replicas"?',
        "accepted here: replicas, traffic",
    )


def test_alternatives_accept_fields_that_they_do_not_name() -> None:
    """A schema below oneOf says nothing of other fields: only the structure outside of it does."""
    assert structure(EITHER, {"a": "x"}, ()) == []
    assert [flaw.code for flaw in structure(EITHER, {"a": "x", "c": 1}, ())] == ["schema-unknown-field"]


def test_the_envelope_needs_no_schema() -> None:
    """apiVersion, kind and metadata belong to every resource; what the schema says of the name still holds."""
    schema = {
        "type": "object",
        "required": ["metadata", "spec"],
        "properties": {
            "spec": {"type": "object"},
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 4}}},
        },
    }
    envelope = {"apiVersion": "example.com/v1", "kind": "Widget"}
    assert list(check_resource(schema, {**envelope, "metadata": {"name": "iris"}, "spec": {}})) == []
    flaws = check_resource(schema, {**envelope, "metadata": {"name": "roses", "labels": {"a": 1}}, "sepc": {}})
    assert [flaw.path for flaw in flaws] == [("metadata", "labels", "a"), ("spec",), ("sepc",), ("metadata", "name")]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", "2026-11-23", "2026-13-01"),
        ("ipv4", "10.0.0.1", "10.0.0"),
        ("ipv6", "::1", "10.0.0.1"),
        ("cidr", "10.0.0.1/8", "10.0.0.1/40"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123"),
        ("duration", "1h30m", "1 hour"),
        ("hostname", "iris.example.com", "-iris"),
        ("email", "a@example.com", "example.com"),
        ("uri", "https://example.com", "example"),
        ("int64", 2**63 - 1, 2**63),
    ],
)
def test_formats(name: str, good: Any, bad: Any) -> None:
    """Each format accepts and refuses; one that is not known refuses nothing."""
    assert (format_accepts(name, good), format_accepts(name, bad), format_accepts("colour", bad)) == (True, False, True)


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("^a$", "a", "a\n"),
        ("^(?i)(abort|warn)?$", "Abort", "abortive"),
        (r"^[$a]+\$$", "$a$", "$a"),
        (r"\A[^]$]\z", "x", "$"),
    ],
)
def test_patterns_are_read_as_go_reads_them(pattern: str, good: str, bad: str) -> None:
    """A dollar outside of a class is the end of the text, and flags may follow the caret."""
    regex = compiled(pattern)
    assert regex is not None
    assert (bool(regex.search(good)), bool(regex.search(bad))) == (True, False)


def test_a_pattern_that_cannot_be_read_is_never_passed_in_silence() -> None:
    """What Python cannot check is said, not assumed."""
    (flaw,) = structure({"type": "string", "pattern": r"^\p{L}$"}, "a", ())
    assert flaw.message.startswith("cannot be checked")
