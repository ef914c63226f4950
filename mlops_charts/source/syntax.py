"""What the YAML parser complains about, in words that say what to do. It knows the parser's messages."""

from typing import Final, NamedTuple

import yaml

from mlops_charts.problems import Position, Problem
from mlops_charts.source.document import Span, place

_QUOTE = "put the text in quotes"


class _Rule(NamedTuple):
    """For complaints that contain ``complaint``, in a context that contains ``context``."""

    complaint: str
    context: str
    message: str
    note: str
    at_start: bool = False  # show where the unfinished thing began, not where the parser gave up


_RULES: Final[tuple[_Rule, ...]] = (
    _Rule(
        "mapping values are not allowed",
        "",
        'a ":" cannot stand here',
        'a text that contains ": " needs quotes; keys of one block begin in the same column',
    ),
    _Rule("could not find expected ':'", "", 'expected "key: value"; there is no ":" behind this', "", at_start=True),
    _Rule("found unexpected end of stream", "quoted", "this quote is never closed", "close it", at_start=True),
    _Rule(
        "found unexpected document indicator",
        "",
        "this quote is not closed before the --- or ... below it",
        "close it",
        at_start=True,
    ),
    _Rule(
        "expected ',' or ']'",
        "",
        'this "[" is never closed',
        'write "," between entries and "]" at the end',
        at_start=True,
    ),
    _Rule(
        "expected ',' or '}'",
        "",
        'this "{" is never closed',
        'write "," between entries and "}" at the end',
        at_start=True,
    ),
    _Rule(
        "did not find expected key",
        "",
        "expected a key here",
        "keys of one block begin in the same column; behind a quoted text nothing may follow",
    ),
    _Rule(
        "did not find expected '-' indicator",
        "",
        'expected "- " here',
        "entries of one list begin in the same column",
    ),
    _Rule(
        "block sequence entries are not allowed",
        "",
        'a list entry "- " cannot stand here',
        "begin the list on a line of its own, or write [a, b]",
    ),
    _Rule(
        "expected alphabetic or numeric", "alias", 'a text cannot begin with "*" without quotes', _QUOTE, at_start=True
    ),
    _Rule(
        "expected alphabetic or numeric", "anchor", 'a text cannot begin with "&" without quotes', _QUOTE, at_start=True
    ),
    _Rule(
        "found unknown escape character",
        "",
        "unknown escape in double quotes",
        "write \\\\ for a backslash, or use single quotes",
    ),
    _Rule(
        "expected hexdecimal",
        "",
        "an escape lacks hexadecimal digits",
        "write \\\\ for a backslash, or use single quotes",
    ),
    _Rule("invalid Unicode character escape", "", "this escape names no character", "write the character itself"),
    _Rule("expected node content", "", "expected a value here", f"if this is meant as a text, {_QUOTE}"),
    _Rule("expected <document start>", "", "expected the end of the file here", "indent all top-level keys alike"),
    _Rule("expected comment or line break", "block scalar", 'nothing may follow "|" or ">" on the line', _QUOTE),
    _Rule("found unknown directive", "", "a line cannot begin with %", _QUOTE, at_start=True),
    _Rule("incompatible YAML document", "", "this version of YAML is unknown", "remove the %YAML line"),
)


def explain(error: Exception, text: str, file: str, lines: tuple[str, ...]) -> Problem:
    """The problem that a failure of the parser stands for, located as well as the parser can tell."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem("yaml-syntax", f"this is not valid YAML: {error}", Position(file))
    complaint, context = error.problem or "", error.context or ""
    begun = error.context_mark or error.problem_mark
    given_up = error.problem_mark
    if "undefined tag handle" in complaint or "tag" in context:
        return Problem(
            "yaml-tag", "a tag cannot be used here", _at(begun, file, lines), note=f"{_QUOTE}, or remove the !"
        )
    if "\t" in complaint or "tab character" in complaint or text[given_up.index : given_up.index + 1] == "\t":
        return _tab(given_up, file, lines)
    if "cannot start any token" in complaint:
        return _reserved(text[given_up.index : given_up.index + 1], _at(given_up, file, lines))
    for rule in _RULES:
        if rule.complaint in complaint and rule.context in context:
            mark = begun if rule.at_start else given_up
            return Problem("yaml-syntax", rule.message, _at(mark, file, lines), note=rule.note)
    return Problem("yaml-syntax", f"this is not valid YAML: {complaint or context}", _at(given_up, file, lines))


def _reserved(char: str, at: Position) -> Problem:
    return Problem("yaml-syntax", f'a text cannot begin with "{char}" without quotes', at, note=_QUOTE)


def _tab(mark: yaml.Mark, file: str, lines: tuple[str, ...]) -> Problem:
    count = sum(1 for line in lines if "\t" in line[: len(line) - len(line.lstrip())])
    at = _at(mark, file, lines)
    if at.text[: at.column - at.offset].strip():
        return Problem("tab-indentation", "a tab cannot stand here", at, note="write a space instead")
    others = f"; {count} lines begin with tabs" if count > 1 else ""
    note = f"use two spaces for each level{others}"
    return Problem("tab-indentation", "a tab is used for indentation, expected spaces", at, note=note)


def _at(mark: yaml.Mark, file: str, lines: tuple[str, ...]) -> Position:
    return place(file, lines, Span(mark.line + 1, mark.column + 1, 0, 0))
