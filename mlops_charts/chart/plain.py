"""Which strings may stand inside other text without quoting trouble, decided from the pattern that admits them.

Knows regular expressions as JSON Schema writes them, and nothing of YAML, Helm or charts.
"""

from __future__ import annotations

import functools
import re

_CHARACTERS = r"A-Za-z0-9._:/-"
_STRING = re.compile(rf"[{_CHARACTERS}]*", re.ASCII)
_CLASS = r"\[-?(?:[a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9]|[A-Za-z0-9._:/](?!-[^\]])|\\[.\-/]|-(?=\]))+\]"
_TOKEN = re.compile(
    rf"(?P<atom>[A-Za-z0-9_:/-]|\\[.\-/]|{_CLASS})|(?P<open>\(\?:|\((?!\?))|(?P<close>\))|(?P<bar>\|)"
    r"|(?P<times>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??)"
)


def is_plain(text: str) -> bool:
    """Whether a string has only letters, digits and ``. _ : / -``."""
    return _STRING.fullmatch(text) is not None


@functools.cache
def admits_only_plain(pattern: str) -> bool:
    """Whether each string that a pattern admits is plain.

    Sufficient, not necessary: what this small reader of patterns does not know is answered with no. A pattern must be
    anchored at both ends, and an alternative must stand in a group, because ``^a|b$`` is anchored nowhere.
    """
    if not (pattern.startswith("^") and pattern.endswith("$")) or pattern.endswith("\\$"):
        return False
    depth, position, end = 0, 1, len(pattern) - 1
    while position < end:
        token = _TOKEN.match(pattern, position, end)
        if token is None or (token.lastgroup == "bar" and depth == 0):
            return False
        depth += {"open": 1, "close": -1}.get(token.lastgroup or "", 0)
        position = token.end()
    return depth == 0
