"""One wake-up of the event loop for all that came while it was at work.

asyncio writes a byte to itself for each callback of another thread, a call of the system for each request. Once one is
on its way, whatever was put into the loop's list before the loop reads that byte is seen with it.
"""

from __future__ import annotations

import asyncio
from typing import Any


def fewer_wakeups(loop: Any) -> None:
    """Make a loop of asyncio's own write to itself only if nobody has; any other is left as it is."""
    if not isinstance(loop, asyncio.SelectorEventLoop):
        return
    of_loop: Any = loop
    write, read = of_loop._write_to_self, of_loop._read_from_self  # noqa: SLF001 - there is no public way
    woken = [False]

    def write_once() -> None:
        if not woken[0]:
            woken[0] = True
            write()

    def read_all() -> None:
        # In this order: who sees True here has put its callback into the list already, which is looked at after this.
        read()
        woken[0] = False

    of_loop._write_to_self = write_once  # noqa: SLF001 - as above
    of_loop._add_reader(of_loop._ssock.fileno(), read_all)  # noqa: SLF001 - as above
