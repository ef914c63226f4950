"""JSON that a reviewer reads with pleasure: what fits on a line stands on one. Knows plain data alone."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

WIDTH = 110
_STEP = "  "
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_encode_name = lru_cache(maxsize=1 << 12)(_encode)  # schemas say the same few hundred words again and again


def json_text(data: Any) -> str:
    """Return JSON with each object and list on one line where it fits, and indented by two spaces where it does not."""
    return _lines(data, "", 0)[1]


def _lines(data: Any, indent: str, taken: int) -> tuple[str, str]:
    """Return data on one line, and as it is to be written behind so many characters."""
    if not data or not isinstance(data, (dict, list)):
        text = _encode_name(data) if isinstance(data, str) else _encode(data)
        return text, text
    inner = indent + _STEP
    if isinstance(data, dict):
        names = [f"{_encode_name(key)}: " for key in data]
        parts = [_lines(item, inner, len(name)) for name, item in zip(names, data.values(), strict=True)]
        opening, closing = "{", "}"
    else:
        names = [""] * len(data)
        parts = [_lines(item, inner, 0) for item in data]
        opening, closing = "[", "]"
    short = opening + ", ".join(name + line for name, (line, _) in zip(names, parts, strict=True)) + closing
    if len(indent) + taken + len(short) <= WIDTH:
        return short, short
    body = f",\n{inner}".join(name + text for name, (_, text) in zip(names, parts, strict=True))
    return short, f"{opening}\n{inner}{body}\n{indent}{closing}"
