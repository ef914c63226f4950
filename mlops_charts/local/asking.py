"""Connections to a port of this machine that are kept, and requests that are due: one that finds none free waits.

An answer's time counts from when its request was due, so that a server that stalls cannot hide it by slowing down who
asks. It knows raw HTTP/1.1, and nothing of what requests mean.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Final, NamedTuple

LOST: Final = 0  # the status of a request whose connection broke, or that got no answer until the end
OK: Final = 200
_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_CLOSES: Final = b"\r\nconnection: close"
_BURST: Final = 16  # connections that are opened at once


class Answer(NamedTuple):
    """What came of a request.

    Attributes:
        status: Of HTTP, or LOST.
        body: What came.
        seconds: From when it was due.
    """

    status: int
    body: bytes
    seconds: float


def quantile(ordered: Sequence[float], which: float) -> float:
    """Return the least value that a share of all does not exceed; infinite where there are none."""
    return ordered[min(len(ordered) - 1, int(which * len(ordered)))] if ordered else float("inf")


class Asking:
    """Requests to one port.

    Args:
        port: On loopback.
        connections: How many are open at most.
        patience: Seconds that a request waits for a connection: who asks gives up then.
        told: Takes every answer.

    Attributes:
        gave_up: Requests that were never sent.
    """

    def __init__(self, port: int, connections: int, patience: float, told: Callable[[Answer], None]) -> None:
        self._port, self._most, self._patience, self._told = port, connections, patience, told
        self._free: list[_Connection] = []
        self._all: set[_Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: deque[tuple[bytes, float]] = deque()
        self.gave_up = 0

    @property
    def busy(self) -> bool:
        """Whether a request has no answer yet."""
        return bool(self._waiting) or len(self._all) > len(self._free)

    async def open(self) -> None:
        """Open some connections ahead of the first request."""
        for _ in range(min(self._most, _BURST)):
            await self._open()

    def put(self, request: bytes, due: float) -> None:
        """Take a request that is due; `send` sends it."""
        self._waiting.append((request, due))

    def send(self, now: float) -> None:
        """Give what is due to free connections, open further ones, and give up what waited too long."""
        while self._waiting and self._waiting[0][1] < now - self._patience:
            self._waiting.popleft()
            self.gave_up += 1
        while self._waiting and self._free:
            self._free.pop().ask(*self._waiting.popleft())
        wanted = min(len(self._waiting), self._most - len(self._all) - len(self._opening))
        for _ in range(min(wanted, _BURST)):
            task = asyncio.get_running_loop().create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def close(self) -> None:
        """Close all connections, and give up what still waits."""
        for task in tuple(self._opening):
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        self.gave_up += len(self._waiting)
        self._waiting.clear()
        for connection in tuple(self._all):
            connection.end()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)

    def opened(self, connection: _Connection) -> None:
        """Take a connection that is there."""
        self._all.add(connection)
        self._next(connection)

    def answered(self, connection: _Connection, answer: Answer, *, stays: bool) -> None:
        """Take an answer, and give its connection the next request unless the server closes it."""
        self._told(answer)
        if stays:
            self._next(connection)
        else:
            connection.end()

    def lost(self, connection: _Connection, due: float | None) -> None:
        """Take note that a connection is gone, perhaps with a request that has no answer."""
        self._all.discard(connection)
        if due is not None:
            self._told(Answer(LOST, b"", perf_counter() - due))
        elif connection in self._free:
            self._free.remove(connection)

    def _next(self, connection: _Connection) -> None:
        if self._waiting:
            connection.ask(*self._waiting.popleft())
        else:
            self._free.append(connection)


class _Connection(asyncio.Protocol):
    """One connection that is kept, with one request at a time."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._transport: asyncio.Transport | None = None
        self._due: float | None = None
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # of a TCP connection it is one that writes
        self._asking.opened(self)

    def ask(self, request: bytes, due: float) -> None:
        self._due = due
        if self._transport is not None:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, found, body = self._read.partition(_END)
        if not found or self._due is None:
            return
        lower = head.lower()
        if _LENGTH not in lower:
            self.end()
            return
        length = int(lower.split(_LENGTH, 1)[1].split(b"\r\n", 1)[0])
        if len(body) >= length:
            due, self._due, self._read = self._due, None, body[length:]
            answer = Answer(int(head[9:12]), body[:length], perf_counter() - due)
            self._asking.answered(self, answer, stays=_CLOSES not in lower)

    def connection_lost(self, _error: Exception | None) -> None:
        due, self._due = self._due, None
        self._asking.lost(self, due)

    def end(self) -> None:
        if self._transport is not None:
            self._transport.abort()
