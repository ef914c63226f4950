"""Whether a process that listens still gets on: it says so each second, and who watches ends one that has ceased to.

A call of the model that never ends holds a thread for good, and one that holds Python's own lock the whole process.
Neither ends by itself, and a probe that another process answers never meets it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mlops_charts.serving.batching import Batching
    from mlops_charts.serving.counters import Counters

EVERY: Final = 1.0  # seconds
_TIMES, _LEAST = 12, 5.0


def patience(timeout: float) -> float:
    """Return for how many seconds a process may be silent, or one call of the model take.

    Args:
        timeout: Seconds after which a request is given up: whoever asked has long been told so.
    """
    return max(_TIMES * timeout, _LEAST)


class Pulse:
    """Says that its process gets on, for as long as no call of the model takes too long.

    Args:
        counters: Where it is said.
        slot: That of this process.
        batching: What asks the model.
    """

    def __init__(self, counters: Counters, slot: int, batching: Batching) -> None:
        self._counters, self._slot, self._batching = counters, slot, batching
        self._most = patience(batching.limits.timeout)
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin with the event loop."""
        if self._batching.longest() < self._most:
            self._counters.beat(self._slot)
        self._timer = loop.call_later(EVERY, self.begin, loop)

    def end(self, loop: asyncio.AbstractEventLoop) -> None:  # noqa: ARG002 - what runs beside HTTP is told
        """End with it."""
        if self._timer is not None:
            self._timer.cancel()
