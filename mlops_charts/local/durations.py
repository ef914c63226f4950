"""Lengths of time as Go writes them: 30s, 1m30s, 500ms, or a plain number of seconds."""

from __future__ import annotations

import re
from typing import Any, Final

from mlops_charts.errors import Mistake

_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: Any) -> float:
    """Return a length of time in seconds; Mistake if it is none."""
    written = str(text).strip()
    if re.fullmatch(r"\d+(\.\d+)?", written):
        return float(written)
    parts = _PART.findall(written)
    if not parts or "".join(number + unit for number, unit in parts) != written:
        raise Mistake(f"{written!r} is no length of time, such as 30s or 1m30s")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def said(length: float) -> str:
    """Return a length of time as people say it."""
    if length < 60:  # noqa: PLR2004 - seconds of a minute
        return f"{length:.1f} s"
    minutes, rest = divmod(round(length), 60)
    return f"{minutes} min {rest:02} s"
