"""The shapes of a problem. Nothing here knows how a problem is found or printed."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

TEXT_WIDTH = 200


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in a file; lines and columns count from 1, in characters.

    Attributes:
        file: the file as the user named it.
        line: 0 stands for the file as a whole.
        column: the first character.
        end_column: one past the last character, on the same line; 0 stands for one character.
        text: the source line without its newline, cut to 200 characters.
        offset: how many characters of the line were cut off ahead of ``text``.
    """

    file: str
    line: int = 0
    column: int = 0
    end_column: int = 0
    text: str = ""
    offset: int = 0


class Severity(StrEnum):
    """An error fails the command, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in the words of the user.

    Attributes:
        code: one of ``CODES``.
        message: what was found and what was expected.
        position: where; None if no file is to blame.
        path: the field, such as ``environments[1].overrides``.
        note: what would be right; each line of it is printed behind ``=``.
        severity: whether it fails the command.
    """

    code: str
    message: str
    position: Position | None = None
    path: str = ""
    note: str = ""
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What ``explain`` says about a code: a short title, why it matters, what to do, and an example that raises it."""

    title: str
    why: str
    fix: str
    example: str
    severity: Severity = Severity.ERROR


def sort(problems: Iterable[Problem]) -> list[Problem]:
    """The problems in reading order: by file, line, column and code; those without a position come last."""
    return sorted(problems, key=_reading_order)


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of the problems is more than a warning."""
    return any(problem.severity is Severity.ERROR for problem in problems)


def _reading_order(problem: Problem) -> tuple[bool, str, int, int, str, str, str]:
    at = problem.position
    where = (True, "", 0, 0) if at is None else (False, at.file, at.line, at.column)
    return (*where, problem.code, problem.path, problem.message)
