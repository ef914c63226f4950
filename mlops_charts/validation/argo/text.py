"""The references in text that Argo substitutes: `{{tasks.train.outputs.parameters.x}}` and `{{=inputs.x ?? 1}}`.

It must not know what a reference may name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

TAG = re.compile(r"\{\{(=?)(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""(?<![\w.])(?P<head>inputs|outputs|tasks|steps|workflow|item)\b"""
    r"""(?P<rest>(?:\??\.[A-Za-z_]\w*|\[(?:'[^']*'|"[^"]*"|\d+)\])*)"""
    r"""|"[^"]*"|'[^']*'"""
)
_SEGMENT = re.compile(r"""\.([A-Za-z_]\w*)|\[(?:'([^']*)'|"([^"]*)"|(\d+))\]""")


@dataclass(frozen=True, slots=True)
class Reference:
    """One name that Argo looks up."""

    parts: tuple[str, ...]
    text: str
    """As it is written."""
    optional: bool = False
    """Whether the expression says with ?? what to take instead."""


def references(text: str) -> Iterator[Reference]:
    """The references of one string; text without double braces has none."""
    if "{{" not in text:
        return
    for expression, inner in TAG.findall(text):
        if expression:
            yield from _of_expression(inner)
        else:
            yield Reference(tuple(inner.strip().split(".")), inner.strip())


def expression_references(text: str) -> Iterator[Reference]:
    """The references of a bare expression, as in fromExpression and valueFrom.expression."""
    yield from _of_expression(text)


def substituted(text: str, value: str = "1") -> str:
    """The text with every tag replaced by a value, to see whether what is around the tags parses."""
    return TAG.sub(value, text)


def _of_expression(inner: str) -> Iterator[Reference]:
    optional = "??" in inner
    for token in _TOKEN.finditer(inner):
        if head := token["head"]:
            segments = tuple("".join(found) for found in _SEGMENT.findall(token["rest"]))
            yield Reference((head, *segments), token[0], optional)
