"""The text that a server exposes its metrics as, version 0.0.4, strictly: a line that is none spoils it all.

It must not know which metrics there are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

_NAME: Final = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL: Final = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"')
_LABELS: Final = rf"\{{(?P<labels>(?:{_LABEL.pattern})?(?:,{_LABEL.pattern})*),?\}}"
_LINE: Final = re.compile(rf"(?P<name>{_NAME})(?:{_LABELS})?[ \t]+(?P<value>\S+)(?:[ \t]+-?[0-9]+)?[ \t]*")
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Sample:
    """One line.

    Attributes:
        name: Of the series.
        labels: Its labels, sorted.
        value: Any number, those that are none included.
    """

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


def samples(text: str, names: Collection[str]) -> Iterator[Sample]:
    """Yield the samples of some metrics; ValueError if the text is not of this form.

    Args:
        text: What was exposed.
        names: The names that are wanted.
    """
    for line in text.split("\n"):
        if line.strip() and not line.startswith("#"):
            found = _LINE.fullmatch(line)
            if not found:
                raise ValueError(line)
            if found["name"] in names:
                labels = ((label, _plain(value)) for label, value in _LABEL.findall(found["labels"] or ""))
                yield Sample(found["name"], tuple(sorted(labels)), float(found["value"]))


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda escaped: {"n": "\n"}.get(escaped[1], escaped[1]), text)
