"""Ends processes once whoever started them is gone; `family` runs this file, so it imports nothing of ours.

Each line of its input is the number of a process that heads a group; with a minus it has ended. The input ends when the
one who writes it does, however that was killed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

GRACE = 3.0  # seconds between asking processes to end and making them
_LOOK = 0.05


def watch(lines: Iterable[str]) -> None:
    """Follow which processes there are until nobody says so any more, and end those that are left."""
    heads: set[int] = set()
    for line in lines:
        number = int(line)
        if number > 0:
            heads.add(number)
        else:
            heads.discard(-number)
    _end(heads)


def _end(heads: set[int]) -> None:
    """End processes: politely, and then all that is left of their groups."""
    for head in heads:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(head, signal.SIGTERM)
    patience = time.monotonic() + GRACE
    while any(map(_there, heads)) and time.monotonic() < patience:
        time.sleep(_LOOK)
    for head in heads:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(head, signal.SIGKILL)


def _there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # the latter is what macOS says of one that has ended
        return False
    return True


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends when its input does
    watch(sys.stdin)
