"""Conditions are computed as Argo computes them, and text is filled in once and strictly."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_charts.errors import Mistake
from mlops_charts.local.durations import said, seconds
from mlops_charts.local.expressions import BadExpression, evaluate, true
from mlops_charts.local.filling import Unresolved, filled
from mlops_charts.local.places import Places

NAMES = {"lastRetry.exitCode": "3", "inputs.parameters.a-b": "x", "n": "2"}


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("'true' == 'true'", True),
        ('"a" != "a"', False),
        ("heads == heads", True),
        ("1 < 2 && 2 <= 2 || false", True),
        ("false && false || true", True),
        ("true || false && false", True),
        ("!(1 > 2)", True),
        ("'abc' =~ '^a'", True),
        ("'abc' !~ '^a'", False),
        ("'a' in ('a', 'b')", True),
        ("'c' not in ['a', 'b']", True),
        ("1 + 2 * 3 == 7", True),
        ("-1 < 0 and not false", True),
        ("'it\\'s' == \"it's\"", True),
        ("'a' == 'b' or 10 % 3 == 1", True),
    ],
)
def test_conditions(text: str, worth: bool) -> None:  # noqa: FBT001 - a case
    """Comparisons, and, or, not, membership, sums; a bare word of `when` stands for itself."""
    assert true(text) is worth


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("lastRetry.exitCode not in ['1', '2']", True),
        ("asInt(lastRetry.exitCode) >= 3", True),
        ("inputs.parameters['a-b'] == 'x'", True),
        ("missing ?? 'd'", "d"),
        ("max(1, int(n) * 2)", 4),
        ("string(5)", "5"),
    ],
)
def test_names(text: str, worth: object) -> None:
    """An expression asks for names, and may say what to take instead."""
    assert evaluate(text, NAMES) == worth


@pytest.mark.parametrize(
    "text", ["", "1 ==", "(1", "1 2", "#", "'a' < 1", "missing == 1", "asInt('x')", "1 / 0", "== 1"]
)
def test_what_cannot_be_computed(text: str) -> None:
    """The user is told the expression and what is wrong with it."""
    with pytest.raises(BadExpression):
        evaluate(text, NAMES)


def test_a_condition_is_true_or_false() -> None:
    """Anything else is no condition."""
    with pytest.raises(BadExpression, match="expected true or false"):
        true("'a'")


@given(st.text(max_size=40))
def test_nothing_but_a_mistake_of_the_user(text: str) -> None:
    """Whatever text stands there, it is computed or refused."""
    with suppress(BadExpression):
        evaluate(text)


def test_filling_in() -> None:
    """References are filled in once, scalars as Argo writes them; what they bring is not read again."""
    names = {"a": "{{b}}", "b": "2", "tasks.x.outputs.parameters.y": "z"}
    assert filled("{{a}}-{{ b }}-{{=b + '!'}}", names, "here") == "{{b}}-2-2!"
    assert [filled(one, {}, "here") for one in (True, None, 1.5)] == ["true", "", "1.5"]
    with pytest.raises(Unresolved) as caught:
        filled("{{tasks.x.outputs.parameters.w}}", names, "here")
    known = "known here: tasks.x.outputs.parameters.y"
    assert str(caught.value) == f"here: {{{{tasks.x.outputs.parameters.w}}}} names nothing; {known}"


@pytest.mark.parametrize(
    ("text", "length"), [("30s", 30), ("1m30s", 90), ("500ms", 0.5), ("2h", 7200), (10, 10), ("1.5", 1.5), ("0", 0)]
)
def test_lengths_of_time(text: object, length: float) -> None:
    """As Go writes them, or in seconds."""
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["", "s", "5 s", "1d", "-1s", "1s!"])
def test_no_lengths_of_time(text: str) -> None:
    """A mistake is told as one."""
    with pytest.raises(Mistake):
        seconds(text)


def test_lengths_are_said_as_people_say_them() -> None:
    """Seconds with a tenth, minutes with seconds."""
    assert [said(1.23), said(59.9), said(61), said(3600)] == ["1.2 s", "59.9 s", "1 min 01 s", "60 min 00 s"]


@pytest.mark.parametrize(
    ("text", "led"),
    [
        ("--spec=/spec/model.json", "--spec=ROOT/spec/model.json"),
        ("--inputs=/inputs", "--inputs=ROOT/inputs"),
        ("--inputs=/inputs/", "--inputs=ROOT/inputs"),
        ("/inputs/source/a.py:/tmp", "ROOT/inputs/source/a.py:ROOT/tmp"),
        ("dir:///inputs/source", "dir://ROOT/inputs/source"),
        ("/spectacle", "/spectacle"),
        ("/spec-2/x", "/spec-2/x"),
        ("/inputs/other", "/inputs/other"),
        ("/data/spec/x", "/data/spec/x"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
        ("https://example.com/spec", "https://example.com/spec"),
        ("a=/tmp b=/tmp/c", "a=ROOT/tmp b=ROOT/tmp/c"),
    ],
)
def test_paths_are_led_by_whole_names(text: str, led: str) -> None:
    """A path of the pod becomes its place here, a folder above it where it stands alone; nothing else does."""
    root = Path(os.sep, "tmp", "run", "root")
    places = Places.of(root, ["/spec", "/inputs/source", "/tmp"])  # noqa: S108 - of the pod
    assert places.led(text) == led.replace("ROOT", str(root))
