"""A parsed file: its data, and where in the text each part of it stands. It does not parse."""

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mlops_charts.problems.model import TEXT_WIDTH, Position

Path = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_KEPT_AHEAD = TEXT_WIDTH // 2


class Span(NamedTuple):
    """From the first character to one past the last; lines and columns count from 1."""

    line: int
    column: int
    end_line: int
    end_column: int


class Node(NamedTuple):
    """Where a value stands, where its key stands (None in a list), and the same of all that is in it."""

    span: Span
    key: Span | None
    children: dict[str | int, "Node"] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One file: ``data`` is plain (dict, list, str, int, float, bool, None), its root a dict."""

    file: str
    data: dict[str, Any]
    lines: tuple[str, ...] = field(repr=False)
    root: Node = field(repr=False)

    def position(self, path: Path, *, key: bool = False) -> Position:
        """Where the value at ``path`` stands, or its key; for a path that does not exist, the nearest ancestor.

        An ancestor that stands in for a missing path is shown by its key, and so is a value that takes no room
        (``replicas:`` with nothing behind it). The root is shown by its first character.
        """
        node, found = self._nearest(path)
        prefer_key = key or not found or node.span[:2] == node.span[2:]
        if prefer_key and node.key is not None:
            return place(self.file, self.lines, node.key)
        if node is self.root:
            return place(self.file, self.lines, Span(node.span.line, node.span.column, 0, 0))
        return place(self.file, self.lines, node.span, is_scalar=node.children is None)

    def _nearest(self, path: Path) -> tuple[Node, bool]:
        node = self.root
        for part in path:
            child = (node.children or {}).get(part)
            if child is None:
                return node, False
            node = child
        return node, True


def place(file: str, lines: tuple[str, ...], span: Span, *, is_scalar: bool = True) -> Position:
    """The position of a span; of what spans several lines, the rest of a scalar's first line, else one character."""
    line = min(max(span.line, 1), max(len(lines), 1))
    text = lines[line - 1] if lines else ""
    column = span.column if line == span.line else len(text) + 1
    end = span.end_column if span.end_line == line else 0
    if is_scalar and span.end_line > line:
        end = len(text.rstrip()) + 1
    offset = max(column - 1 - _KEPT_AHEAD, 0) if len(text) > TEXT_WIDTH else 0
    shown = text[offset : offset + TEXT_WIDTH]
    return Position(file, line, column, end if end > column else 0, shown, offset)


def dotted(path: Path) -> str:
    """The path as people write it: ``environments[1].overrides``, ``labels["app.io/tier"]``."""
    return "".join(_step(part) for part in path).removeprefix(".")


def _step(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if _PLAIN_KEY.fullmatch(part) else f'["{part}"]'
