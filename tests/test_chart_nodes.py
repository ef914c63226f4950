"""Nodes: what they refuse, and that they survive where plain data is copied."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from mlops_charts.chart import REQUIRED, ChartError, Value, record, text, value, when
from mlops_charts.chart.kinds import Kind
from mlops_charts.chart.plain import admits_only_plain

HOST = value("host", "a.b", "A host.", pattern="^[a-z.]+$")
FLAG = value("flag", True, "A switch.")


@pytest.mark.parametrize(
    "use",
    [
        lambda node: f"{node}",
        str,
        lambda node: "%s" % node,  # noqa: UP031 (the mistake under test)
        lambda node: node + "x",
        lambda node: "x" + node,
        lambda node: 2 * node,
        lambda node: "yes" if node else "no",
        lambda node: node == "a.b",
        lambda node: node in ("x", "y"),
        lambda node: node > 1,
        list,
        len,
        int,
        lambda node: node["x"],
        "-".join,
    ],
)
@pytest.mark.parametrize("node", [HOST, when(FLAG, 1), text("{x}", x=HOST)])
def test_a_node_is_lost_nowhere(use: Any, node: Any) -> None:
    """Strings, sums, conditions and loops refuse a node, instead of taking it for something."""
    with pytest.raises(ChartError, match="known only when Helm renders"):
        use(node)


def test_a_node_cannot_be_changed() -> None:
    """Nodes are immutable."""
    with pytest.raises(ChartError, match="value host cannot be changed"):
        HOST.path = "other"


def test_copies_are_the_node_itself() -> None:
    """Deep copies and asdict keep nodes, so objects that are copied into dicts keep their values."""

    @dataclasses.dataclass
    class Spec:
        replicas: Any

    assert copy.deepcopy({"x": [HOST]})["x"][0] is HOST
    assert dataclasses.asdict(Spec(HOST))["replicas"] is HOST


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        (value("x", 1), Kind.INT),
        (value("x", True), Kind.BOOL),
        (value("x", "s"), Kind.STR),
        (value("x", 1.5), Kind.FLOAT),
        (value("x", {}, schema={}), Kind.MAP),
        (value("x", [], schema={}), Kind.LIST),
        (value("x", type=int), Kind.INT),
        (value("x", type="boolean"), Kind.BOOL),
        (value("x", enum=["a"]), Kind.STR),
        (value("x", pattern="^a$"), Kind.STR),
        (value("x", schema={"type": "array"}), Kind.LIST),
        (value("x", 1, type=float), Kind.FLOAT),
    ],
)
def test_the_type_is_found_out(declared: Value, kind: Kind) -> None:
    """From what was asked, the default, a choice, the schema or the limits."""
    assert declared.kind is kind


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: value("x"), "needs type="),
        (lambda: value("x", {}), "a subtree needs schema="),
        (lambda: value("x", 0, minimum=1), "breaks minimum: 1"),
        (lambda: value("x", 9, maximum=1), "breaks maximum: 1"),
        (lambda: value("x", "b", enum=["a"]), "breaks enum"),
        (lambda: value("x", "b", pattern="^a$"), "breaks pattern"),
        (lambda: value("x", "b", type=int), "of type string, not integer"),
        (lambda: value("x", object()), "no plain data"),
        (lambda: value("x", "b", pattern="("), "value x: the pattern '\\(' is no regular expression"),
        (lambda: value("x y", 1), "no dotted path"),
        (lambda: value("x..y", 1), "no dotted path"),
        (lambda: record("", {}, ""), "no dotted path"),
        (lambda: when([], 1), "needs a condition"),
        (lambda: when(HOST, 1), "takes boolean values"),
        (lambda: text("x", host=HOST), "no placeholder for host"),
        (lambda: text("{x}", x=value("x", "s")), "cannot hold x="),
        (lambda: text("{x}", x=value("x", 1.5)), "cannot hold x="),
        (lambda: text("{x}", x=value("x", "a b", enum=["a b"])), "cannot hold x="),
    ],
)
def test_mistakes_are_told(build: Any, message: str) -> None:
    """Each wrong declaration raises ChartError at once."""
    with pytest.raises(ChartError, match=message):
        build()


def test_origin_is_the_path_unless_said() -> None:
    """A value comes from the field of the same name in model.yaml, or from the one it names."""
    assert [value("x", 1).origin, value("x", 1, origin="a.b").origin] == ["x", "a.b"]


def test_text_takes_its_own_placeholders_alone() -> None:
    """Foreign braces, also double ones around a name, stay as they are."""
    assert text('{x}{{x}}{y="{x}"}', x=HOST).parts == (HOST, '{{x}}{y="', HOST, '"}')


@pytest.mark.parametrize(
    "pattern",
    ["^[a-z]+$", "^[-a-z0-9.]*$", r"^a\.b$", "^(?:a|b){1,3}$", "^([a-f0-9]{64})?$", "^[A-Za-z0-9._:/-]+$", "^$"],
)
def test_patterns_that_admit_plain_strings_only(pattern: str) -> None:
    """Letters, digits and a few signs, anchored at both ends."""
    assert admits_only_plain(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["", "a", "^a", "a$", "^a|b$", "^.*$", "^[^a]$", r"^\w$", "^a b$", "^[A-z]$", "^[+-/]$", r"^\d$", "^(?i:k)$",
     r"^a\$", '^["]$', r"^[\\]$", "^(?=a)a$", "^(a$", "^[.-~]$", "^[a-z-~]$", "^a{$", r"^\s$", "^[ab", "^(?!a)$"],
)  # fmt: skip
def test_other_patterns_are_refused(pattern: str) -> None:
    """Whatever is not understood might admit a quote."""
    assert not admits_only_plain(pattern)


def test_required_is_one() -> None:
    """The mark of a value without default survives copies."""
    assert copy.deepcopy(REQUIRED) is REQUIRED
    assert repr(REQUIRED) == "REQUIRED"
