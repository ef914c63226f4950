"""One path of predictions: a request is read in its protocol, waits with others, and is answered and counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from traceback import format_exc
from typing import Any, Final, Protocol

from mlops_charts.log import log
from mlops_charts.serving.asks import Ask, Together
from mlops_charts.serving.batching import Batching, overloaded
from mlops_charts.serving.binary import HEADER
from mlops_charts.serving.counters import STOPPING
from mlops_charts.serving.declined import Declined
from mlops_charts.serving.metrics import Metrics

_JSON: Final = [("content-type", "application/json")]
_LATER: Final = [*_JSON, ("retry-after", "1")]
_CLOSE: Final = ("connection", "close")
_UNAVAILABLE: Final = 503
_DIGITS: Final = 16  # of a length that anybody means
# Times the largest body: so much is read, to be thrown away, of one who reads only once all is sent.
_PATIENCE: Final = 4
_WHOLE: Final = 2**16  # bytes; of a longer body only what has come takes room, so that who sends slowly takes none
BODIES: Final = 4  # times the largest body: so much may be held of all requests together


class Face(Protocol):
    """A protocol as bytes."""

    def read(self, ask: Ask, body: bytes) -> None:
        """Say what a request asks, and what its answer needs; Declined if it is wrong."""

    def read_binary(self, ask: Ask, body: bytes, header: str) -> None:
        """Say the same of a request with tensors in binary form behind its JSON."""

    def written(self, ask: Ask, together: Together, start: int, stop: int) -> tuple[bytes, int]:
        """Return the answer to a request, and how much of it is JSON; 0 for all."""

    def failure(self, status: int, message: str) -> bytes:
        """Return how this protocol says no."""


class House:
    """What all paths of predictions share.

    Args:
        batching: Where rows wait.
        metrics: Counts.
        max_body_bytes: The largest body.
        state: How far this process has come, as `Counters` say it.
        logger: Is told of each request that was answered, and which rows of the answers are its own.
    """

    def __init__(
        self,
        batching: Batching,
        metrics: Metrics,
        max_body_bytes: int,
        state: Sequence[float],
        logger: Callable[[Ask, Together, int, int], None] | None = None,
    ) -> None:
        self.batching, self.metrics, self.max_body_bytes, self.state = batching, metrics, max_body_bytes, state
        self.logger = logger

    def headers(self) -> list[tuple[str, str]]:
        """Return headers of every answer: who is told to stop asks for new connections, which others get."""
        return [_CLOSE] if self.state[0] == STOPPING else []

    async def body(self, ask: Ask, length: int) -> bytes:
        """Return a body as it comes; of one that is too large, or finds no room, nothing is kept.

        All of it is read even so: who is answered before all is sent may see a broken connection and no answer.

        Args:
            ask: The request; its size is what is held of it.
            length: Of the body, as it was told; -1 if it was not.
        """
        body, read, fits, batching = bytearray(), 0, length <= self.max_body_bytes, self.batching
        async for chunk in ask.channel:
            read += len(chunk)
            fits = fits and read <= self.max_body_bytes and batching.held + len(chunk) <= self.max_body_bytes * BODIES
            if fits:
                body += chunk
                batching.held += len(chunk)
                ask.size = read
            elif read > self.max_body_bytes * _PATIENCE:
                break
        if max(read, length) > self.max_body_bytes:
            raise Declined(413, f"the body is too large; at most {self.max_body_bytes} bytes may come in one request")
        if not fits:
            raise overloaded()
        return bytes(body)


class Desk:
    """Answers requests of one protocol.

    Args:
        house: What all paths share.
        face: The protocol.
    """

    def __init__(self, house: House, face: Face) -> None:
        self._house, self._face, self._metrics, self._batching = house, face, house.metrics, house.batching
        self._most, self._state = house.max_body_bytes, house.state
        self._whole = min(house.max_body_bytes, _WHOLE)

    async def answer(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        batching = self._batching
        self._metrics.opened()
        ask = Ask(protocol, self._sent, self._refused)
        waits = 0
        try:
            headers = scope.headers
            length = told_length(headers.get("content-length"))
            if 0 <= length <= self._whole and batching.held + length <= self._most * BODIES:
                batching.held += length
                ask.size = length
                body = await protocol()
            else:
                body = await self._house.body(ask, length)
            if batching.requests >= batching.limits.requests:
                raise overloaded()  # noqa: TRY301 - each way of saying no is one
            batching.requests += 1
            waits = 1
            binary = headers.get(HEADER)
            if binary is None:
                self._face.read(ask, body)
            else:
                self._face.read_binary(ask, body, binary)
            await batching.add(ask)
        except Declined as declined:
            self._refused(ask, declined)
        except Exception as error:  # noqa: BLE001 - a fault of ours is an answer too, and stands in the log
            self._refused(ask, _fault(error))
        finally:
            batching.requests -= waits
            batching.held -= ask.size
            if not ask.answered:  # nobody waits for it any more
                ask.answered = True
                self._metrics.closed()

    def _sent(self, ask: Ask, together: Together, start: int, stop: int) -> None:
        try:
            body, text = self._face.written(ask, together, start, stop)
        except Exception as error:  # noqa: BLE001 - as above
            self._refused(ask, _fault(error))
            return
        headers = _binary_headers(text) if text else _JSON
        if self._state[0] == STOPPING:
            headers = [*headers, _CLOSE]
        self._metrics.ended(perf_counter() - ask.began, 200)
        _respond(ask.channel, 200, headers, body)
        if self._house.logger:
            self._house.logger(ask, together, start, stop)

    def _refused(self, ask: Ask, declined: Declined) -> None:
        ask.answered = True
        headers = _LATER if declined.status == _UNAVAILABLE else _JSON
        body = self._face.failure(declined.status, declined.message)
        self._metrics.ended(perf_counter() - ask.began, declined.status)
        _respond(ask.channel, declined.status, headers + self._house.headers(), body)


def told_length(told: str | None) -> int:
    """Return the length of a body as its header has it; -1 if it has none that anybody means."""
    return int(told) if told and told.isdecimal() and len(told) < _DIGITS else -1


def _respond(channel: Any, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    try:
        channel.response_bytes(status, headers, body)
    except RuntimeError:  # whoever asked has gone
        return


def _fault(error: Exception) -> Declined:
    log("server failed", error=type(error).__name__, traceback=format_exc())
    return Declined(500, "the server failed; its log says why")


def _binary_headers(text: int) -> list[tuple[str, str]]:
    return [("content-type", "application/octet-stream"), (HEADER, str(text))]
