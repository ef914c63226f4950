"""Problems as text, JSON and GitHub annotations, their order, and the table of codes."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_charts.problems import (
    CODES,
    Position,
    Problem,
    Severity,
    format_github,
    format_json,
    format_text,
    has_errors,
    sort,
)
from mlops_charts.problems.define import code, merge

TYPO = Problem(
    code="unknown-field",
    message='unknown field; did you mean "replicas"?',
    position=Position("model/iris/model.yaml", 14, 3, 10, "  replcas: 2"),
    path="serving.replcas",
    note="serving accepts: autoscaling, replicas",
)


def test_text_shows_the_line_and_underlines_the_place() -> None:
    """A problem is a line that editors can follow, the source line, carets, and what would be right."""
    assert format_text([TYPO]) == (
        'model/iris/model.yaml:14:3: serving.replcas: unknown field; did you mean "replicas"? [unknown-field]\n'
        "   |\n"
        "14 |   replcas: 2\n"
        "   |   ^~~~~~~\n"
        "   = serving accepts: autoscaling, replicas\n"
    )


def test_warnings_say_so() -> None:
    """The message of a warning is preceded by the word."""
    problem = Problem("image-digest", "no digest", path="build.image", severity=Severity.WARNING)
    assert format_text([problem]) == "build.image: warning: no digest [image-digest]\n"
    assert not has_errors([problem])
    assert has_errors([problem, TYPO])


def test_a_file_as_a_whole_has_no_line() -> None:
    """A problem of a whole file names the file alone."""
    problem = Problem("file-empty", "the file is empty", Position("m.yaml"), note="write something")
    assert format_text([problem]) == "m.yaml: the file is empty [file-empty]\n   = write something\n"
    assert format_github([problem]) == "::error file=m.yaml,title=file-empty::the file is empty%0Awrite something\n"
    assert json.loads(format_json([problem]))[0]["line"] is None


def test_colour_only_if_asked() -> None:
    """Without colour there is no escape sequence; with it, the text is the same behind the colours."""
    plain, colored = format_text([TYPO]), format_text([TYPO], color=True)
    assert "\033" not in plain
    assert re.sub(r"\033\[\d+m", "", colored) == plain
    assert colored != plain


@pytest.mark.parametrize(
    ("position", "shown", "caret"),
    [
        (Position("f", 1, 2, 3, "\tx"), "    x", "    ^"),
        (Position("f", 1, 1, 2, "\tx"), "    x", "^~~~"),
        (Position("f", 1, 4, 5, "花: x"), "花: x", "    ^"),
        (Position("f", 1, 1, 3, "花花"), "花花", "^~~~"),
        (Position("f", 1, 5, 6, "e\u0301: x"), "e\u0301: x", "   ^"),
        (Position("f", 1, 2, 3, "\x1b[31m"), "\\x1b[31m", "    ^"),
        (Position("f", 1, 3, 0, "ab"), "ab", "  ^"),
        (Position("f", 1, 99, 0, "ab"), "ab", "  ^"),
    ],
)
def test_carets_stand_below_their_characters(position: Position, shown: str, caret: str) -> None:
    """Tabs, wide, combining and control characters do not move the caret off its character."""
    lines = format_text([Problem("c", "m", position)]).splitlines()
    assert lines[2:4] == [f"1 | {shown}", f"  | {caret}"]


@pytest.mark.parametrize("column", [1, 60, 100, 150, 195])
def test_wide_lines_are_cut_around_the_caret(column: int) -> None:
    """The place is visible on a terminal however long the line is."""
    text = "".join(chr(ord("a") + i % 26) for i in range(200))
    lines = format_text([Problem("c", "m", Position("f", 1, column, column + 1, text))]).splitlines()
    assert max(map(len, lines)) <= 120
    assert lines[2][lines[3].index("^")] == text[column - 1]


def test_a_cut_line_says_where_it_was_cut() -> None:
    """The offset of the kept text is honoured."""
    position = Position("f", 1, 1001, 1004, "abcdef", offset=998)
    assert format_text([Problem("c", "m", position)]).splitlines()[2:] == ["1 | ...abcdef", "  |      ^~~"]


def test_control_characters_are_escaped_everywhere() -> None:
    """Neither a file name nor a message nor a note can send a sequence to the terminal or fake a line."""
    problem = Problem("c", "a\nb\x1b[2J", Position("x\x1b.yaml"), path="p\u202e", note="n\x07")
    assert format_text([problem]) == "x\\x1b.yaml: p\\u202e: a\\nb\\x1b[2J [c]\n   = n\\x07\n"


def test_a_note_may_have_several_lines() -> None:
    """Further lines of a note stand below the first."""
    assert format_text([Problem("c", "m", note="one\ntwo")]) == "m [c]\n   = one\n     two\n"


def test_json() -> None:
    """JSON has one object with a fixed set of names for each problem."""
    assert json.loads(format_json([TYPO])) == [
        {
            "file": "model/iris/model.yaml",
            "line": 14,
            "column": 3,
            "endColumn": 10,
            "path": "serving.replcas",
            "code": "unknown-field",
            "severity": "error",
            "message": 'unknown field; did you mean "replicas"?',
            "note": "serving accepts: autoscaling, replicas",
        }
    ]
    assert json.loads(format_json([])) == []
    assert json.loads(format_json([Problem("c", "m", Position("f", 1, 5))]))[0]["endColumn"] == 6


def test_github_escapes() -> None:
    """Percent signs and newlines are escaped in the message, colons and commas in properties too."""
    problem = Problem("c", "50%: a\nb", Position("a,b:c%.yaml", 2, 3, 5, "x"), path="p", severity=Severity.WARNING)
    assert format_github([problem]) == (
        "::warning file=a%2Cb%3Ac%25.yaml,line=2,col=3,endColumn=5,title=c::p: 50%25: a%0Ab\n"
    )


def test_reading_order() -> None:
    """Problems come by file, line, column and code; those without a position last."""
    in_order = [
        Problem("z", "m", Position("a.yaml")),
        Problem("a", "m", Position("a.yaml", 2, 5)),
        Problem("b", "m", Position("a.yaml", 2, 5)),
        Problem("a", "m", Position("a.yaml", 10, 1)),
        Problem("a", "m", Position("b.yaml", 1, 1)),
        Problem("a", "m"),
    ]
    assert sort(reversed(in_order)) == in_order


POSITIONS = st.builds(
    Position,
    file=st.text(max_size=9),
    line=st.integers(0, 9),
    column=st.integers(0, 300),
    end_column=st.integers(0, 300),
    text=st.text(max_size=200),
    offset=st.integers(0, 300),
)
PROBLEMS = st.builds(
    Problem,
    code=st.just("c"),
    message=st.text(),
    position=st.none() | POSITIONS,
    path=st.text(max_size=9),
    note=st.text(),
    severity=st.sampled_from(Severity),
)


@given(st.lists(PROBLEMS, max_size=4), st.booleans())
def test_any_problem_can_be_printed(problems: list[Problem], color: bool) -> None:  # noqa: FBT001 - drawn
    """No content breaks a form: text is printable, JSON parses, an annotation is one line for each problem."""
    text = format_text(problems, color=color)
    assert color or all(char == "\n" or char.isprintable() for char in text)
    assert len(json.loads(format_json(problems))) == len(problems)
    assert format_github(problems).count("\n") == len(problems)


def test_every_code_explains_itself() -> None:
    """A code has a title, a reason, a remedy and an example."""
    lacking = [name for name, entry in CODES.items() if not (entry.title and entry.why and entry.fix and entry.example)]
    assert lacking == []
    assert list(CODES) == sorted(CODES)


def test_a_code_cannot_be_defined_twice() -> None:
    """Two definitions of one code, or a name that is no kebab-case, fail at import."""
    entry = code("a-b", title="t", why="w", fix="f", example="e")
    assert list(merge([[entry]])) == ["a-b"]
    with pytest.raises(ValueError, match="twice"):
        merge([[entry], [entry]])
    with pytest.raises(ValueError, match="kebab"):
        merge([[code("A_b", title="t", why="w", fix="f", example="e")]])
