"""Problems as text for people, JSON for programs, and annotations for GitHub. It decides nothing."""

import json
import unicodedata
from collections.abc import Iterable

from mlops_charts.problems.model import Position, Problem, Severity, sort

_WIDTH = 110
_LEAD = 30
_TAB = "    "
_CUT = "..."
_BOLD, _DIM, _RED, _YELLOW, _BLUE, _PLAIN = "\033[1m", "\033[2m", "\033[31m", "\033[33m", "\033[34m", "\033[0m"


def format_text(problems: Iterable[Problem], color: bool = False) -> str:  # noqa: FBT001, FBT002 - read as a word
    """Each problem as a line for editors, its source line with the place underlined, and its note."""
    return "".join(_problem(problem, color=color) for problem in sort(problems))


def format_json(problems: Iterable[Problem]) -> str:
    """A JSON list of objects; line, column and endColumn are null where a problem has no place in a file."""
    return json.dumps([_record(problem) for problem in sort(problems)], indent=2, ensure_ascii=True) + "\n"


def format_github(problems: Iterable[Problem]) -> str:
    """Each problem as a workflow command that GitHub shows beside the line of a pull request."""
    return "".join(_annotation(problem) for problem in sort(problems))


def _problem(problem: Problem, *, color: bool) -> str:
    paint = _Paint(color=color)
    tint = _YELLOW if problem.severity is Severity.WARNING else _RED
    lines = [_head(problem, paint, tint)]
    number = str(problem.position.line) if _has_source(problem.position) and problem.position else ""
    margin = " " * (len(number) + 1) if number else "   "
    if number and problem.position:
        shown, caret = _underlined(problem.position)
        bar = paint(_BLUE, "|")
        lines += [f"{margin}{bar}", f"{paint(_BLUE, number)} {bar} {shown}", f"{margin}{bar} {paint(tint, caret)}"]
    lines += [f"{margin}{'=' if first else ' '} {line}" for first, line in _note_lines(problem.note)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


class _Paint:
    """Wraps text in terminal colours, or leaves it as it is."""

    def __init__(self, *, color: bool) -> None:
        self._color = color

    def __call__(self, tint: str, text: str) -> str:
        return f"{tint}{text}{_PLAIN}" if self._color and text else text


def _head(problem: Problem, paint: _Paint, tint: str) -> str:
    where = _place(problem.position)
    parts = [paint(_BOLD, f"{where}:")] if where else []
    if problem.path:
        parts.append(f"{visible(problem.path)}:")
    if problem.severity is Severity.WARNING:
        parts.append(paint(tint, "warning:"))
    return " ".join([*parts, paint(_BOLD, visible(problem.message)), paint(_DIM, f"[{problem.code}]")])


def _place(position: Position | None) -> str:
    if position is None:
        return ""
    file = visible(position.file)
    return f"{file}:{position.line}:{position.column}" if position.line else file


def _has_source(position: Position | None) -> bool:
    return position is not None and position.line > 0 and bool(position.text.strip())


def _note_lines(note: str) -> list[tuple[bool, str]]:
    return [(number == 0, visible(line)) for number, line in enumerate(note.splitlines())]


def visible(text: str) -> str:
    """The text with characters that a terminal would obey, or not show, written as escapes."""
    return text if text.isprintable() else "".join(_cell(char)[0] for char in text)


def visible_lines(text: str) -> str:
    """As `visible`, and every newline stays one."""
    return "\n".join(map(visible, text.split("\n")))


def _cell(char: str) -> tuple[str, int]:
    """What stands for a character, and how many columns of a terminal it takes."""
    if char == "\t":
        return _TAB, len(_TAB)
    if not char.isprintable():
        shown = char.encode("unicode_escape").decode("ascii")
        return shown, len(shown)
    if unicodedata.combining(char):
        return char, 0
    return char, 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _underlined(position: Position) -> tuple[str, str]:
    """The source line, cut around the place if it is wide, and the line of carets below it."""
    start = min(max(position.column - 1 - position.offset, 0), len(position.text))
    length = max(position.end_column - position.column, 1)
    first = 0 if start < _WIDTH - _LEAD else start - _LEAD
    text = position.text[first : first + _WIDTH]
    ahead = _CUT if first or position.offset else ""
    behind = _CUT if len(position.text) > first + _WIDTH else ""
    cells = [_cell(char) for char in text]
    begin = start - first
    lead = len(ahead) + sum(width for _, width in cells[:begin])
    span = sum(width for _, width in cells[begin : begin + length])
    shown = ahead + "".join(char for char, _ in cells) + behind
    return shown, " " * lead + "^" + "~" * (max(span, 1) - 1)


def _record(problem: Problem) -> dict[str, str | int | None]:
    at = problem.position
    placed = at is not None and at.line > 0
    return {
        "file": at.file if at else None,
        "line": at.line if at and placed else None,
        "column": at.column if at and placed else None,
        "endColumn": _end(at) if at and placed else None,
        "path": problem.path,
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "note": problem.note,
    }


def _end(position: Position) -> int:
    return max(position.end_column, position.column + 1)


def _annotation(problem: Problem) -> str:
    at = problem.position
    properties: dict[str, str | int] = {}
    if at:
        properties["file"] = at.file
    if at and at.line:
        properties |= {"line": at.line, "col": at.column, "endColumn": _end(at)}
    properties["title"] = problem.code
    listed = ",".join(f"{key}={_escape_property(str(value))}" for key, value in properties.items())
    body = f"{problem.path}: {problem.message}" if problem.path else problem.message
    text = f"{body}\n{problem.note}" if problem.note else body
    return f"::{problem.severity.value} {listed}::{_escape_data(text)}\n"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
