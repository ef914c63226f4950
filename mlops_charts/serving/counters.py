"""Numbers that all processes of a server count in, each in a row of its own, so that nobody waits for anybody.

Only who owns a row writes it; whoever is asked adds the rows up. It must not know what is counted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf
from multiprocessing import get_context
from time import monotonic
from typing import Any, Final

_PATIENCE: Final = 1.0  # seconds; who was killed while it held the lock must not keep the others from beginning
WAITING, READY, STOPPING = 0.0, 1.0, 2.0
_PID, _STATE, _BEAT, _HEAD = 0, 1, 2, 3  # ahead of what is counted


class Counters:
    """Rows of doubles in memory that processes share.

    Args:
        size: Numbers in a row.
        slots: How many processes may count at one time.
    """

    def __init__(self, size: int, slots: int = 1) -> None:
        context = get_context()
        self.size, self.slots = size, slots
        self._width = size + _HEAD
        self._cells: Any = context.RawArray("d", self._width * slots)
        self._lock = context.Lock()
        self._spoken = context.RawValue("b", 0)
        self._ending = context.RawValue("b", 0)

    def take(self) -> int:
        """Return a slot that nobody counts in any more, now of this process; what stands in it is gone on from."""
        with self._alone():
            slot = next((slot for slot in range(self.slots) if not _lives(self._head(slot, _PID))), self.slots - 1)
            self._cells[slot * self._width + _PID] = os.getpid()
            self._say(slot, WAITING)
        return slot

    def first(self) -> bool:
        """Return whether nobody asked this before: of several that fail alike one says so."""
        with self._alone():
            spoken, self._spoken.value = self._spoken.value, 1
        return not spoken

    def row(self, slot: int) -> memoryview[float]:
        """Return the numbers of a slot, to be written by its owner alone."""
        start = slot * self._width + _HEAD
        return self._memory()[start : start + self.size]

    def tell(self, slot: int, state: float) -> None:
        """Say how far a process has come, WAITING or READY; once all are to stop that is what each of them does."""
        with self._alone():
            self.beat(slot)
            self._say(slot, state)

    def stop(self) -> None:
        """Say that all processes are STOPPING, also those that are only beginning."""
        with self._alone():
            self._ending.value = 1
            for slot in range(self.slots):
                self._say(slot, STOPPING)

    def begun(self) -> int:
        """Return how many processes have become ready, whether they live still or not."""
        return sum(self._head(slot, _STATE) == READY for slot in range(self.slots))

    def ready(self) -> int:
        """Return how many processes live and are ready."""
        slots = range(self.slots)
        return sum(self._head(slot, _STATE) == READY and _lives(self._head(slot, _PID)) for slot in slots)

    def beat(self, slot: int) -> None:
        """Say that a process gets on."""
        self._cells[slot * self._width + _BEAT] = monotonic()

    def silent(self, seconds: float) -> list[int]:
        """Return each process that is ready, lives, and has not said for so long that it gets on; each but once."""
        found, before = [], monotonic() - seconds
        for slot in range(self.slots):
            pid, state, beat = (self._head(slot, which) for which in (_PID, _STATE, _BEAT))
            if state == READY and beat < before and _lives(pid):
                self._cells[slot * self._width + _BEAT] = inf
                found.append(int(pid))
        return found

    def state(self, slot: int) -> memoryview[float]:
        """Return how far a process has come, to be looked at again and again."""
        return self._memory()[slot * self._width + _STATE :][:1]

    def sums(self) -> list[float]:
        """Return the sum over all slots of each number."""
        rows = [self.row(slot).tolist() for slot in range(self.slots)]
        return [sum(cells) for cells in zip(*rows, strict=True)]

    def _say(self, slot: int, state: float) -> None:
        self._cells[slot * self._width + _STATE] = STOPPING if self._ending.value else state

    @contextmanager
    def _alone(self) -> Iterator[None]:
        held = self._lock.acquire(timeout=_PATIENCE)
        try:
            yield
        finally:
            if held:
                self._lock.release()

    def _memory(self) -> memoryview[float]:
        return memoryview(self._cells).cast("B").cast("d")

    def _head(self, slot: int, which: int) -> float:
        return float(self._cells[slot * self._width + which])


def _lives(pid: float) -> bool:
    if pid:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(int(pid), 0)
            return True
    return False
