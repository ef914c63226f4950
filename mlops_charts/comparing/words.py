"""How the words of a comparison are put together: lists that stay short, and paths by their telling end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_DOT: Final = re.compile(r"\.(?![^\[]*\])")  # not within brackets
_MOST: Final = 4  # entries of a list that are named; of more, three are
VERBS: Final = {"added": "adds", "removed": "removes", "changed": "changes"}


def listed(items: Iterable[str], most: int = _MOST) -> str:
    """Return items as a list that stays short: "a, b, c and 9 more"."""
    found = list(dict.fromkeys(items))
    if len(found) <= most:
        return ", ".join(found)
    return f"{', '.join(found[: most - 1])} and {len(found) - most + 1} more"


def ending(path: str, segments: int = 2) -> str:
    """Return the telling end of a path."""
    return ".".join(_DOT.split(path)[-segments:])
