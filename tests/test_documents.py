"""What Helm prints, as objects, read as Go reads YAML."""

from typing import Any

import pytest

from mlops_charts.validation.documents import DocumentError, read_scalar, split

PRINTED = """---
# Source: iris/templates/service.yaml
kind: Service
---
# Source: iris/templates/pods.yaml
# a comment of ours
kind: Pod
--- # the second of this file
kind: Pod
spec: |
  text
  ---
   # Source: no/comment.yaml
---
# Source: iris/templates/off.yaml
---
# Source: iris/templates/_names.tpl
kind: Nothing
---
# Source: iris/templates/NOTES.txt
kind: Note
"""


def test_every_object_comes_with_its_template() -> None:
    """Notes, partials and empty documents are left out; a text that looks like a marker is a text."""
    assert split(PRINTED) == [
        ("iris/templates/service.yaml", {"kind": "Service"}),
        ("iris/templates/pods.yaml", {"kind": "Pod"}),
        ("iris/templates/pods.yaml", {"kind": "Pod", "spec": "text\n---\n # Source: no/comment.yaml\n"}),
    ]


def test_nothing_printed_is_nothing() -> None:
    """An empty output has no objects."""
    assert (split(""), split("---\n# Source: a/b.yaml\n\n")) == ([], [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("y", True),
        ("On", True),
        ("NO", False),
        ("n", False),
        ("yEs", "yEs"),
        ("~", None),
        ("", None),
        ("0755", 493),
        ("0o755", 493),
        ("0x1F", 31),
        ("0b11", 3),
        ("-0x1F", -31),
        ("1_000", 1000),
        ("08", 8),
        ("0", 0),
        ("1e5", 100000),
        ("1.0", 1),
        (".5", 0.5),
        ("-1.25", -1.25),
        ("12:30:00", "12:30:00"),
        ("2026-11-23", "2026-11-23"),
        ("1.0.0", "1.0.0"),
        ("1Gi", "1Gi"),
        ("-", "-"),
        ("_", "_"),
        ("+", "+"),
        ("18446744073709551615", 18446744073709551615),
    ],
)
def test_plain_scalars_are_typed_as_go_types_them(text: str, value: Any) -> None:
    """Neither YAML 1.1 nor 1.2: what Helm, Argo CD and kubectl make of an unquoted text."""
    found = read_scalar(text)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("text", [".inf", "-.Inf", ".nan", "1e999"])
def test_numbers_that_json_lacks_are_refused(text: str) -> None:
    """An object goes over the wire as JSON."""
    with pytest.raises(ValueError, match="JSON"):
        read_scalar(text)


def test_quoted_and_tagged_scalars_are_texts() -> None:
    """Only plain scalars are typed."""
    text = "a: \"yes\"\nb: '0755'\nc: !!str 5\nd: |\n  1\n"
    assert split(text) == [("", {"a": "yes", "b": "0755", "c": "5", "d": "1\n"})]


def test_keys_are_texts() -> None:
    """As in JSON; a plain n is the key false."""
    assert split('1: a\nn: b\n"y": c\n~: d\n') == [("", {"1": "a", "false": "b", "y": "c", "null": "d"})]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", 'the key "a" stands here twice'),
        ('x:\n  - {1: a, "1": b}\n', 'the key "1" stands here twice'),
        ("a: [\n", "b.yaml"),
        ("a: .inf\n", "no JSON number"),
        ("a: !!python/name:os.system x\n", "could not determine a constructor"),
    ],
)
def test_what_is_no_object_is_refused_with_its_template(text: str, message: str) -> None:
    """One line that names the template."""
    with pytest.raises(DocumentError, match=message) as caught:
        split(f"---\n# Source: a/b.yaml\n{text}")
    assert str(caught.value).startswith("a/b.yaml: ")
    assert "\n" not in str(caught.value)


def test_aliases_and_merges_are_read() -> None:
    """A merge key is no duplicate of what it brings."""
    assert split("a: &x {k: 1}\nb: {<<: *x, k: 2}\n") == [("", {"a": {"k": 1}, "b": {"k": 2}})]
