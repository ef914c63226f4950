"""YAML to plain data with positions, and what is said about files that cannot be read."""

import io
import sys
from pathlib import Path

import pytest

from mlops_charts.problems import CODES, Position, Problem
from mlops_charts.source import Source, dotted, parse, read

TEXT = """\
# a comment
apiVersion: mlops-charts/v1
"quoted key": 'single'   # behind
training:
  data: {uri: "sklearn://iris", exclude: [a, "b c"]}
  params:
    n: 100
environments:
  - staging
  - name: prod
    overrides: {replicas: 6}
description: |
  two
  lines
folded: one
  two
empty:
"""
YAML_1_1_PITFALLS = [
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "Yes",
    "tRUE",
    "0755",
    "08",
    "1:30",
    "0x1F",
    "0o17",
    "1_000",
    "1.2.3",
    ".",
    "-",
    "--",
    "2026-01-01",
]


def source_of(text: str) -> Source:
    """The source of a text that has no problem."""
    source, problems = parse(text, "m.yaml")
    assert problems == []
    assert source is not None
    return source


def found(data: bytes | str) -> list[tuple[str, int, int]]:
    """Code, line and column of each problem."""
    _, problems = parse(data, "m.yaml")
    return [(p.code, p.position.line, p.position.column) for p in problems if p.position]


def only(data: bytes | str) -> Problem:
    """The one problem of a text."""
    _, problems = parse(data, "m.yaml")
    assert len(problems) == 1
    return problems[0]


def marked(position: Position) -> str:
    """The part of the line that a position underlines."""
    start = position.column - 1 - position.offset
    return position.text[start : start + max(position.end_column - position.column, 1)]


@pytest.mark.parametrize(
    ("path", "key", "line", "text"),
    [
        (("apiVersion",), False, 2, "mlops-charts/v1"),
        (("apiVersion",), True, 2, "apiVersion"),
        (("quoted key",), False, 3, "'single'"),
        (("quoted key",), True, 3, '"quoted key"'),
        (("training", "data"), False, 5, '{uri: "sklearn://iris", exclude: [a, "b c"]}'),
        (("training", "data", "uri"), False, 5, '"sklearn://iris"'),
        (("training", "data", "exclude"), True, 5, "exclude"),
        (("training", "data", "exclude", 1), False, 5, '"b c"'),
        (("training", "params", "n"), False, 7, "100"),
        (("training", "params"), False, 7, "n"),
        (("environments", 0), False, 9, "staging"),
        (("environments", 1), False, 10, "n"),
        (("environments", 1, "name"), False, 10, "prod"),
        (("environments", 1, "overrides", "replicas"), True, 11, "replicas"),
        (("description",), False, 12, "|"),
        (("folded",), False, 15, "one"),
        (("empty",), False, 17, "empty"),
        ((), False, 2, "a"),
        (("missing",), False, 2, "a"),
        (("training", "data", "target"), False, 5, "data"),
        (("environments", 7, "name"), False, 8, "environments"),
        (("environments", 1, "missing", "deeper"), False, 10, "n"),
        (("apiVersion", "below", 3), False, 2, "apiVersion"),
    ],
)
def test_positions(path: tuple[str | int, ...], key: bool, line: int, text: str) -> None:  # noqa: FBT001 - a table
    """Every value and every key has its place; what does not exist is shown by its nearest ancestor."""
    position = source_of(TEXT).position(path, key=key)
    assert (position.file, position.line, marked(position)) == ("m.yaml", line, text)


def test_data_is_plain() -> None:
    """The data are dicts, lists and scalars."""
    assert source_of(TEXT).data == {
        "apiVersion": "mlops-charts/v1",
        "quoted key": "single",
        "training": {"data": {"uri": "sklearn://iris", "exclude": ["a", "b c"]}, "params": {"n": 100}},
        "environments": ["staging", {"name": "prod", "overrides": {"replicas": 6}}],
        "description": "two\nlines\n",
        "folded": "one two",
        "empty": None,
    }


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("12", 12),
        ("-3", -3),
        ("+4", 4),
        ("0", 0),
        ("9223372036854775807", 2**63 - 1),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("-2.5E-1", -0.25),
        *((text, text) for text in YAML_1_1_PITFALLS),
        *(
            (text, text)
            for text in ("2026-01-01T00:00:00Z", "5m", "1e", "e3", "inf", "nan", "=", "500m", "+", "-x", "1 2")
        ),
        ("'1'", "1"),
        ('"true"', "true"),
        ('""', ""),
        ('"\\u00e9"', "é"),
    ],
)
def test_scalars(written: str, value: object) -> None:
    """Scalars are read by YAML 1.2's core schema, numbers decimal; what YAML 1.1 made of yes or 1:30 is gone."""
    data = source_of(f"a: [{written}]\n").data
    assert data == {"a": [value]}
    assert type(data["a"][0]) is type(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: .nan", [("not-finite", 1, 4)]),
        ("a: -.INF", [("not-finite", 1, 4)]),
        ("a: 1e999", [("not-finite", 1, 4)]),
        ("a: 9223372036854775808", [("number-too-large", 1, 4)]),
        ("a: 1" + "0" * 5000, [("number-too-large", 1, 4)]),
        ("a: 1\nb: 2\na: 3", [("duplicate-key", 3, 1)]),
        ("a: {b: 1, 'b': 2, b: 3}", [("duplicate-key", 1, 11), ("duplicate-key", 1, 19)]),
        ("1: a", [("non-string-key", 1, 1)]),
        ("1.5: a\ntrue: b\n~: c", [("non-string-key", 1, 1), ("non-string-key", 2, 1), ("non-string-key", 3, 1)]),
        ("[a]: b", [("non-string-key", 1, 1)]),
        ("a: {{ x }}", [("non-string-key", 1, 5)]),
        (".nan: b", [("not-finite", 1, 1)]),
        ("a:\n  <<: {b: 1}", [("yaml-merge", 2, 3)]),
        ("a: &x 1\nb: *x\nc: *x", [("yaml-alias", 1, 4)]),
        ("*x : 1", [("yaml-alias", 1, 1)]),
        ("a: !!python/object/apply:os.system [id]", [("yaml-tag", 1, 4)]),
        ("a: !mine x\nb: !!str 1", [("yaml-tag", 1, 4), ("yaml-tag", 2, 4)]),
        ("a: !x!y z", [("yaml-tag", 1, 4)]),
        ("%TAG ! tag:x\n---\na: 1", [("yaml-tag", 1, 1)]),
        ("a: 1\n---\nb: 2", [("several-documents", 2, 1)]),
        ("a: 1\na: 2\n---\n", [("duplicate-key", 2, 1), ("several-documents", 3, 1)]),
        ("", [("file-empty", 0, 0)]),
        ("\n\n# nothing\n", [("file-empty", 0, 0)]),
        ("---\n", [("file-empty", 0, 0)]),
        ("null", [("file-empty", 0, 0)]),
        ("- a", [("not-a-mapping", 1, 1)]),
        ("# c\ntext", [("not-a-mapping", 2, 1)]),
        ("a:\n\tb: 1", [("tab-indentation", 2, 1)]),
        ("a:\n  b: 1\n\tc: 2", [("tab-indentation", 3, 1)]),
        ("a: b: c", [("yaml-syntax", 1, 5)]),
        ("a: 1\n  b: 2", [("yaml-syntax", 2, 4)]),
        ("a:\n  b: 1\n c: 2", [("yaml-syntax", 3, 2)]),
        ('a: "open\nb: 1', [("yaml-syntax", 1, 4)]),
        ("a: [1, 2\nb: 3", [("yaml-syntax", 1, 4)]),
        ("a: {b: 1\nc: 3", [("yaml-syntax", 1, 4)]),
        ("a: @b", [("yaml-syntax", 1, 4)]),
        ("a: * * * * *", [("yaml-syntax", 1, 4)]),
        ('a: "\\d"', [("yaml-syntax", 1, 5)]),
        ("- a\nb: c", [("yaml-syntax", 2, 1)]),
        ("a: 1\na: 2\nb: @", [("duplicate-key", 2, 1), ("yaml-syntax", 3, 4)]),
        ("a: é\x07", [("not-text", 1, 5)]),
        ("a: 1\nb: x\u2028y", [("not-text", 2, 5)]),
        ("a: \ud800", [("not-text", 1, 4)]),
    ],
)
def test_what_is_refused(text: str, expected: list[tuple[str, int, int]]) -> None:
    """Each pitfall has a code and a place, and all that can be found is found at once."""
    assert found(text) == expected


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"a: \x00", "not-text", 0, 0),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "not-text", 0, 0),
        ("a: b".encode("utf-16"), "not-utf8", 0, 0),
        ("a: b".encode("utf-32"), "not-utf8", 0, 0),
        ("ä: 1\nb: Größe".encode().replace(b"\xc3\x9f", b"\xdf"), "not-utf8", 2, 7),
    ],
)
def test_other_encodings(data: bytes, code: str, line: int, column: int) -> None:
    """Text that is not UTF-8 is told from binary files."""
    assert found(data) == [(code, line, column)]


def test_utf8_with_a_mark_and_foreign_line_ends() -> None:
    """A byte order mark and the line ends of other systems change no position."""
    source, problems = parse(b"\xef\xbb\xbfa: 1\r\nb: \xe8\x8a\xb1 # c\r\n", "m.yaml")
    assert problems == []
    assert source is not None
    assert source.data == {"a": 1, "b": "花"}
    assert source.position(("b",)) == Position("m.yaml", 2, 4, 5, "b: 花 # c")
    assert source.lines == ("a: 1", "b: 花 # c", "")


def test_duplicates_keep_the_first_value() -> None:
    """After a duplicate key or a key that is no text the rest of the file can still be checked."""
    source, problems = parse("a: 1\na: 2\n3: x\nb: 4", "m.yaml")
    assert [problem.code for problem in problems] == ["duplicate-key", "non-string-key"]
    assert source is not None
    assert source.data == {"a": 1, "b": 4}


def test_no_source_without_trust() -> None:
    """What an alias or a tag stands for is unknown, so there are no data."""
    assert parse("a: *x", "m.yaml")[0] is None
    assert parse("a: !x y", "m.yaml")[0] is None


def test_problems_say_where_and_what_to_do() -> None:
    """A problem carries the path, the earlier place, and the remedy."""
    problem = only("env:\n  - {a: 1, a: 2}\n")
    assert problem.path == "env[0].a"
    assert problem.message == "this key is given twice; first on line 2"
    assert problem.note == "keep one of them"
    assert only("8080: x").note == 'put it in quotes: "8080"'
    assert only("a:\n\tb: 1\n\tc: 2").note == "use two spaces for each level; 2 lines begin with tabs"


def test_long_lines_keep_the_place() -> None:
    """The text of a position has at most 200 characters and holds the place."""
    position = source_of("a: [" + "x, " * 1000 + "here]").position(("a", 1000))
    assert len(position.text) <= 200
    assert marked(position) == "here"


EXPLAINED = (
    "file-empty yaml-syntax tab-indentation several-documents not-a-mapping duplicate-key non-string-key yaml-alias "
    "yaml-merge yaml-tag not-finite number-too-large too-deep"
)


@pytest.mark.parametrize("code", EXPLAINED.split())
def test_examples_of_codes_are_true(code: str) -> None:
    """The example of each code that YAML can show raises exactly that code."""
    assert only(CODES[code].example).code == code


def test_dotted() -> None:
    """Paths read like the file."""
    assert dotted(("environments", 1, "overrides")) == "environments[1].overrides"
    assert dotted(("labels", "app.io/tier", 0)) == 'labels["app.io/tier"][0]'
    assert dotted(()) == ""


def test_read(tmp_path: Path) -> None:
    """A file is read as it is; the limit is inclusive."""
    file = tmp_path / "m.yaml"
    file.write_bytes(b"#" * 1024 * 1024)
    assert read(file) == (file.read_bytes(), [])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing/m.yaml", "file-not-found"),
        (".", "file-unreadable"),
        ("a\0b", "file-unreadable"),
        ("x" * 5000, "file-unreadable"),
    ],
)
def test_read_refuses(tmp_path: Path, name: str, code: str) -> None:
    """What is not there, or is no file, is a problem of the file."""
    data, problems = read(f"{tmp_path}/{name}")
    assert data is None
    assert [problem.code for problem in problems] == [code]
    assert problems[0].position == Position(f"{tmp_path}/{name}" if name != "." else f"{tmp_path}/.")


def test_read_refused_by_the_system(tmp_path: Path) -> None:
    """A file that the system does not let anybody read is a problem; a link to itself is one for every user."""
    file = tmp_path / "m.yaml"
    file.symlink_to(file)
    assert [problem.code for problem in read(file)[1]] == ["file-unreadable"]


def test_read_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hyphen stands for standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a: 1")))
    assert read("-") == (b"a: 1", [])


def test_read_closed_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A standard input that is closed is a problem, not a traceback."""
    closed = io.TextIOWrapper(io.BytesIO())
    closed.close()
    monkeypatch.setattr(sys, "stdin", closed)
    assert [problem.code for problem in read("-")[1]] == ["file-unreadable"]
