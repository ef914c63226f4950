"""How many processes serve, from what the machine or the container has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_GROUPS: Final = Path("/sys/fs/cgroup")
_EACH: Final = 256 * 2**20  # bytes of memory that a process may want
_MOST: Final = 16


def usual(groups: Path = _GROUPS) -> int:
    """Return how many processes serve where nobody says: one for each processor, as far as memory allows.

    Args:
        groups: Where the limits of the container stand, in the second form of control groups or the first.
    """
    processors = _processors(groups) or float(len(os.sched_getaffinity(0)) if _LINUX else os.cpu_count() or 1)
    memory = _number(groups / "memory.max") or _number(groups / "memory" / "memory.limit_in_bytes")
    fitting = int(memory // _EACH) if memory else _MOST
    return max(1, min(round(processors + 0.4), fitting, _MOST, os.cpu_count() or 1))


_LINUX: Final = hasattr(os, "sched_getaffinity")


def _processors(groups: Path) -> float | None:
    words = _text(groups / "cpu.max").split()
    if len(words) == 2 and words[0].isdecimal():  # noqa: PLR2004 - quota and period
        return int(words[0]) / int(words[1])
    quota, period = (_number(groups / "cpu" / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
    return quota / period if quota and period else None


def _number(path: Path) -> float | None:
    text = _text(path)
    return float(text) if text.isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
