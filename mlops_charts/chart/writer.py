"""The one emitter: a tree of nodes to YAML text, or to the text of a Helm template, in one pass.

A general YAML dumper is too slow for a thousand models, and knows nothing of template actions. The kinds of node are
told apart by exact type, the frequent ones first; `presence.plain` brings what is rare to an exact type.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from mlops_charts.chart import actions, scalars
from mlops_charts.chart.braces import protect, protect_before_action
from mlops_charts.chart.errors import ChartError
from mlops_charts.chart.nodes import Text, Value, When
from mlops_charts.chart.presence import Given, condition_of, plain, refuse_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_STEP = "  "
_ACTION = "{{-"
_inline = functools.lru_cache(maxsize=1 << 16)(scalars.inline)


@functools.lru_cache(maxsize=1 << 16)
def _helm_inline(text: str) -> str:
    return protect(scalars.inline(text))


@functools.lru_cache(maxsize=1 << 16)
def _helm_key(text: str) -> str:
    return protect(scalars.key(text))


def template_text(node: Any) -> str:
    """A manifest as a Helm template."""
    return _Writer(_helm_key, _helm_inline, protect, helm=True).document(node)


def yaml_text(node: Any) -> str:
    """Plain data as YAML; a node in it raises ChartError."""
    return _Writer(scalars.key, _inline, str, helm=False).document(node)


class _Writer:
    """One document in the making: its lines so far, each beginning with its own indentation."""

    __slots__ = ("_helm", "_inline", "_key", "_lines", "_protect")

    def __init__(
        self, key: Callable[[str], str], inline: Callable[[str], str], protect: Callable[[str], str], *, helm: bool
    ) -> None:
        self._key = key
        self._inline = inline
        self._protect = protect
        self._helm = helm
        self._lines: list[str] = []

    def document(self, node: Any) -> str:
        self._root(node, ())
        return "\n".join([*self._lines, ""])

    def _root(self, node: Any, given: Given) -> None:
        node = plain(node)
        if type(node) is When:
            self._conditional(node, "", given, self._root)
        elif type(node) is dict and node:
            self._map(node, "", given)
        else:
            raise ChartError("a manifest is a map with at least one entry")

    def _map(self, node: dict[str, Any], pad: str, given: Given) -> None:
        lines, key_text, inline = self._lines, self._key, self._inline
        fixed, key = False, None
        try:
            for key, item in node.items():
                if type(item) is str and "\n" not in item:
                    lines.append(f"{pad}{key_text(key)} {inline(item)}")
                    fixed = True
                else:
                    self._entry(f"{pad}{key_text(key)}", item, pad, given)
                    fixed = fixed or type(item) is not When
        except ChartError as error:
            error.under(key)
            raise
        if not fixed:
            refuse_empty(node.values(), given)

    def _entry(self, head: str, item: Any, pad: str, given: Given) -> None:
        kind = type(item)
        if kind is dict and item:
            self._lines.append(head)
            self._map(item, pad + _STEP, given)
        elif kind is list and item:
            self._lines.append(head)
            self._list(item, pad + _STEP, given)
        elif kind is When:
            self._conditional(item, pad, given, lambda inner, known: self._entry(head, inner, pad, known))
        elif kind is Value and item.kind.is_subtree:
            self._lines += [head, self._subtree(item, pad + _STEP)]
        elif kind in _LEAVES:
            self._lines.append(f"{head} {self._leaf(item, pad + _STEP)}")
        else:
            self._entry(head, plain(item), pad, given)

    def _list(self, node: list[Any], pad: str, given: Given) -> None:
        lines, inline = self._lines, self._inline
        fixed, index = False, 0
        try:
            for index, item in enumerate(node):  # noqa: B007 (the except clause reads it)
                if type(item) is str and "\n" not in item:
                    lines.append(f"{pad}- {inline(item)}")
                    fixed = True
                else:
                    self._item(item, pad, given)
                    fixed = fixed or type(item) is not When
        except ChartError as error:
            error.under(index)
            raise
        if not fixed:
            refuse_empty(node, given)

    def _item(self, item: Any, pad: str, given: Given) -> None:
        kind = type(item)
        start = len(self._lines)
        if kind is dict and item:
            self._map(item, pad + _STEP, given)
            self._dash(start, pad)
        elif kind is list and item:
            self._list(item, pad + _STEP, given)
            self._dash(start, pad)
        elif kind is When:
            self._conditional(item, pad, given, lambda inner, known: self._item(inner, pad, known))
        elif kind is Value and item.kind.is_subtree:
            self._lines += [f"{pad}-", self._subtree(item, pad + _STEP)]
        elif kind in _LEAVES:
            self._lines.append(f"{pad}- {self._leaf(item, pad + _STEP)}")
        else:
            self._item(plain(item), pad, given)

    def _dash(self, start: int, pad: str) -> None:
        """Put the dash of a list entry before the first line of its content, or above it if that is an action."""
        content = self._lines[start][len(pad) + len(_STEP) :]
        if content.startswith(_ACTION):
            self._lines.insert(start, f"{pad}-")
        else:
            self._lines[start] = f"{pad}- {content}"

    def _conditional(self, when: When, pad: str, given: Given, write: Callable[[Any, Given], None]) -> None:
        self._refuse_in_plain(when)
        self._lines.append(pad + actions.opening(when.conditions))
        write(when.node, (*given, condition_of(when)))
        self._lines.append(pad + actions.CLOSING)

    def _subtree(self, value: Value, pad: str) -> str:
        self._refuse_in_plain(value)
        return pad + actions.subtree(value, len(pad))

    def _leaf(self, item: Any, pad: str) -> str:
        kind = type(item)
        if kind is str:
            return self._protect(scalars.block(item, pad)) if scalars.is_block(item) else self._inline(item)
        if kind is dict:
            return "{}"
        if kind is list:
            return "[]"
        if kind is Value:
            self._refuse_in_plain(item)
            return actions.scalar(item)
        if kind is Text:
            self._refuse_in_plain(item)
            return _text(item, pad)
        return scalars.number(item)

    def _refuse_in_plain(self, node: Any) -> None:
        if not self._helm:
            raise ChartError(f"{node!r} has no place outside of a chart")


_LEAVES = frozenset({str, bool, int, float, dict, list, Value, Text})


def _text(node: Text, pad: str) -> str:
    """A string with values inside: a literal block if it has lines that allow one, else between double quotes."""
    literal = "".join(part for part in node.parts if isinstance(part, str))
    ends = (node.parts[0], node.parts[-1]) if node.parts else ("", "")
    if scalars.is_block(literal) and all(isinstance(end, str) for end in ends):
        return _joined(_block_parts(node, pad))
    parts = [scalars.escaped(part) if isinstance(part, str) else part for part in node.parts]
    return f'"{_joined(parts)}"'


def _block_parts(node: Text, pad: str) -> list[str | Value]:
    """The parts of a text as a literal block; what a value prints has no line ends, so only the strings change."""
    marked = "".join(part if isinstance(part, str) else "\0" for part in node.parts)
    pieces = scalars.block(marked, pad).split("\0")
    values = [part for part in node.parts if isinstance(part, Value)]
    mixed: list[str | Value] = [pieces[0]]
    for value, piece in zip(values, pieces[1:], strict=True):
        mixed += [value, piece]
    return mixed


def _joined(parts: Sequence[str | Value]) -> str:
    following = [*parts[1:], ""]
    return "".join(
        actions.bare(part)
        if isinstance(part, Value)
        else (protect_before_action if isinstance(after, Value) else protect)(part)
        for part, after in zip(parts, following, strict=len(parts) > 0)
    )
