"""The text of a release file: every key present, every string quoted, so that no reader takes one for another type."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops_charts.release.state import ReleaseState

_HEADER = "# The state of the release. The release commands write this file; a person's edit is a release decision.\n"
_PLAIN: Final = re.compile("[a-z][A-Za-z0-9]+")
_WORDS: Final = frozenset({"yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_SURROGATES, _WIDE = range(0xD800, 0xE000), 0x10000


def release_text(state: ReleaseState) -> str:
    """Return the text of `release-<environment>.yaml`."""
    return _HEADER + "".join(f"{line}\n" for line in _lines({"release": state.data()}, 0))


def _lines(mapping: Mapping[str, Any], depth: int) -> Iterator[str]:
    indent = "  " * depth
    for key, found in mapping.items():
        if isinstance(found, Mapping) and found:
            yield f"{indent}{_key(key)}:"
            yield from _lines(found, depth + 1)
        else:
            yield f"{indent}{_key(key)}: {_quoted(found)}"


def _key(key: str) -> str:
    """Return a key as it is if every reader takes it for a string, else quoted: a person may have written any."""
    return key if _PLAIN.fullmatch(key) and key.lower() not in _WORDS else _quoted(key)


def _quoted(found: Any) -> str:
    """Return JSON that YAML reads alike: what it takes for a line's end, or for no text at all, is escaped."""
    text = json.dumps(found, ensure_ascii=False)
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if code in _SURROGATES:
        return "\\ufffd"  # half a character, which no file can hold
    return f"\\u{code:04x}" if code < _WIDE else f"\\U{code:08x}"
