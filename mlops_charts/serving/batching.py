"""What comes in one turn of the event loop is computed together; what comes while a batch is computed waits a little.

A model that is fast whatever its rows hold is asked in the event loop, where an answer costs no change of threads. Any
other is asked in threads, so that health is answered meanwhile. It must not know how requests look.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import hypot
from time import perf_counter
from typing import Any, Final

import numpy as np

from mlops_charts.log import log
from mlops_charts.saved_model import Answers, Rows, SavedModel
from mlops_charts.serving.asks import MATRIX, Ask, Together
from mlops_charts.serving.declined import Declined
from mlops_charts.serving.pace import Pace

_HERE: Final = 1e-3  # seconds that a batch may take in the event loop, where all else waits for it
_NUMBERS: Final = frozenset({int, float})
_FEW: Final = 100  # values
_SWEEPS: Final = 20  # in the time that a request may take; so much late is a late one told

Computed = list[tuple[list[Ask], Any, Answers | BaseException]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is computed together, and how much may wait.

    Attributes:
        size: Rows computed together; one request may have more.
        delay: Seconds that a batch waits at most while another one is computed.
        timeout: Seconds after which a request is given up.
        threads: How many batches are computed at one time, where they are not computed in the event loop.
        requests: How many may be without an answer.
        rows: How many may; one request may have more.
    """

    size: int = 64
    delay: float = 0.002
    timeout: float = 5.0
    threads: int = 1
    requests: int = 1000
    rows: int = 100_000


class _Batch:
    __slots__ = ("asks", "key", "rows", "since")

    def __init__(self, key: str) -> None:
        self.key, self.asks, self.rows = key, list[Ask](), 0
        self.since = perf_counter()


class Batching:
    """Computes what waits.

    Args:
        model: What answers.
        pace: How fast it is; None to ask it in threads whatever it takes.
        limits: How much may wait.
        counted: Is told of all that was computed together.
        observers: Are told of its rows, by column or as one matrix, and its answers, once it is answered.

    Attributes:
        rows: Those that wait.
        requests: Those that have come whole and have no answer, by whichever way they came.
        held: Bytes of all bodies that are here, whole or not.
    """

    def __init__(
        self,
        model: SavedModel,
        pace: Pace | None,
        limits: Limits,
        counted: Callable[[Together], None] | None = None,
        observers: Sequence[Callable[[Rows | Any, Answers], None]] = (),
    ) -> None:
        self._model, self._pace, self.limits = model, pace, limits
        self._counted, self._observers = counted, tuple(observers)
        self._loop: Any = None
        self._largest = model.largest
        self._threads = ThreadPoolExecutor(limits.threads, "model")
        self._come: list[_Batch] = []
        self._open: dict[str, _Batch] = {}
        self._waiting: deque[_Batch] = deque()
        self._running: set[_Batch] = set()
        self._timer = self._sweeper = self._crowded = False
        self.rows = self.requests = self.held = 0

    def add(self, ask: Ask) -> asyncio.Future[None]:
        """Let rows wait for their answer, and return what is done once they have it; it is theirs alone.

        Who hangs up has what it waits for cancelled, which must be nothing that others wait for.

        Raises:
            Declined: Too much is waiting.
        """
        if self.rows + ask.count > self.limits.rows and self.rows:
            raise overloaded()
        self.rows += ask.count
        batch = self._open.get(ask.key)
        if batch is None or batch.rows + ask.count > self.limits.size:
            batch = self._opened(ask.key)
        batch.asks.append(ask)
        batch.rows += ask.count
        ask.done = self._loop.create_future()
        return ask.done

    def longest(self) -> float:
        """Return for how many seconds the batch that is computed longest has been here; 0 where none is computed."""
        return perf_counter() - min(batch.since for batch in self._running) if self._running else 0.0

    def _opened(self, key: str) -> _Batch:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        batch = self._open[key] = _Batch(key)
        if not self._come:
            self._loop.call_soon(self._gather if self._crowded else self._turn)
        self._come.append(batch)
        return batch

    def _gather(self) -> None:
        """Let one more turn of the loop pass where others came together lately: more of them come in it."""
        self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._crowded = len(self._come[0].asks) > 1
        come, self._come = self._come, []
        for batch in come:
            if self._pace is not None and self._pace.seconds(batch.rows) <= _HERE:
                self._close(batch)
                self._run(batch, self._here)
            else:
                self._waiting.append(batch)
        if self._waiting:
            self._start()

    def _run(self, batch: _Batch, how: Callable[[_Batch, list[Ask], Any], None]) -> None:
        """Compute a batch in some way; whatever happens, each of it is answered."""
        try:
            asks, inputs = self._inputs(batch)
            if asks:
                how(batch, asks, inputs)
            else:
                self._finish(batch, [])
        except Exception as error:  # noqa: BLE001 - a fault of ours is an answer too, and stands in the log
            _fault(error)
            self._finish(batch, [(batch.asks, None, error)])

    def _here(self, batch: _Batch, asks: list[Ask], inputs: Any) -> None:
        self._finish(batch, self._compute(asks, inputs))

    def _elsewhere(self, batch: _Batch, asks: list[Ask], inputs: Any) -> None:
        self._running.add(batch)
        made = self._loop.run_in_executor(self._threads, self._compute, asks, inputs)
        made.add_done_callback(partial(self._ended, batch))

    def _ended(self, batch: _Batch, made: asyncio.Future[Computed]) -> None:
        self._running.discard(batch)
        self._finish(batch, made.result())
        self._start()

    def _start(self) -> None:
        """Compute what waits, as far as threads are free and it has waited long enough."""
        while self._waiting and len(self._running) < self.limits.threads:
            batch = self._waiting[0]
            left = batch.since + self.limits.delay - perf_counter()
            if self._running and left > 0:
                self._later(left)
                break
            self._waiting.popleft()
            self._close(batch)
            self._give_up(batch)
            self._run(batch, self._elsewhere)
        if not self._sweeper and (self._waiting or self._running):
            self._sweeper = True
            self._loop.call_later(self.limits.timeout / _SWEEPS, self._sweep)

    def _later(self, seconds: float) -> None:
        if not self._timer:
            self._timer = True
            self._loop.call_later(seconds, self._timed)

    def _timed(self) -> None:
        self._timer = False
        self._start()

    def _sweep(self) -> None:
        self._sweeper = False
        for batch in (*self._waiting, *self._running):
            self._give_up(batch)
        self._start()

    def _give_up(self, batch: _Batch) -> None:
        latest = perf_counter() - self.limits.timeout
        for ask in batch.asks:
            if not ask.answered and ask.began <= latest:
                self._refuse(ask, Declined(504, f"the model did not answer within {self.limits.timeout:g} s"))

    def _close(self, batch: _Batch) -> None:
        if self._open.get(batch.key) is batch:
            del self._open[batch.key]

    def _inputs(self, batch: _Batch) -> tuple[list[Ask], Any]:
        """Return which asks are computed, and what of; those that are wrong are told so."""
        asks = [ask for ask in batch.asks if not ask.answered]
        if batch.key != MATRIX:
            return asks, _joined([ask.rows for ask in asks if ask.rows is not None])
        values = asks[0].values if len(asks) == 1 else list(chain.from_iterable([ask.values for ask in asks]))
        matrix = _matrix(values, self._largest)
        if matrix is None:
            return self._looked_at(asks)
        return asks, matrix.reshape(-1, len(self._model.signature.inputs))

    def _looked_at(self, asks: list[Ask]) -> tuple[list[Ask], Any]:
        good, rows = [], []
        for ask in asks:
            try:
                rows.append(ask.read())
                good.append(ask)
            except Declined as declined:
                self._refuse(ask, declined)
        return good, _joined(rows)

    def _compute(self, asks: list[Ask], inputs: Any) -> Computed:
        """Return the answers; where the model fails at several, each is asked alone, so that one harms no other."""
        try:
            if isinstance(inputs, dict):
                return [(asks, inputs, self._model.answer(inputs))]
            return [(asks, inputs, self._model.answer_matrix(inputs))]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the code of a model may raise anything, or call exit
            if len(asks) > 1:
                return [found for ask, own in _apart(asks, inputs) for found in self._compute([ask], own)]
            log("model failed", error=type(error).__name__, traceback=traceback.format_exc())
            return [(asks, inputs, error)]

    def _finish(self, batch: _Batch, computed: Computed) -> None:
        self.rows -= batch.rows
        batch.rows = 0
        for asks, inputs, answers in computed:
            if isinstance(answers, BaseException):
                for ask in asks:
                    self._refuse(ask, Declined(500, f"the model failed: {type(answers).__name__}"))
            else:
                self._tell(asks, inputs, Together(answers))

    def _tell(self, asks: list[Ask], inputs: Any, together: Together) -> None:
        """Count, answer and observe; whatever fails of that stands in the log, and keeps nobody from an answer."""
        try:
            if self._counted:  # ahead of the answers, so that who has one finds it counted
                self._counted(together)
        except Exception as error:  # noqa: BLE001 - as said
            _fault(error)
        try:
            self._send(asks, together)
            for told in self._observers:
                told(inputs, together.answers)
        except Exception as error:  # noqa: BLE001 - as said
            _fault(error)

    def _send(self, asks: list[Ask], together: Together) -> None:
        start = 0
        for ask in asks:
            stop = start + ask.count
            if not ask.answered:
                ask.answered = True
                try:
                    ask.sent(ask, together, start, stop)
                except Exception as error:  # noqa: BLE001 - of one request, and no matter of the others
                    _fault(error)
                _end(ask)
            start = stop

    def _refuse(self, ask: Ask, declined: Declined) -> None:
        if not ask.answered:
            ask.answered = True
            ask.refused(ask, declined)
            _end(ask)


def _fault(error: Exception) -> None:
    log("server failed", error=type(error).__name__, traceback=traceback.format_exc())


def _end(ask: Ask) -> None:
    if not ask.done.done():
        ask.done.set_result(None)


def overloaded() -> Declined:
    """Return that too much is waiting."""
    return Declined(503, "too many requests are waiting; try again later")


def _matrix(values: list[Any], largest: float) -> Any:
    """Return values as an array if all are numbers that the model takes; else None, and somebody must look at each."""
    if not _NUMBERS.issuperset(map(type, values)):
        return None
    try:
        array = np.array(values, np.float64)
        if len(values) < _FEW and hypot(*values) <= largest:  # numpy takes longer to begin than this takes
            return array
    except OverflowError:
        return None
    return array if (np.abs(array) <= largest).all() else None


def _joined(rows: Sequence[Rows]) -> Any:
    if len(rows) == 1:
        return dict(rows[0])
    return {name: np.concatenate([one[name] for one in rows]) for name in rows[0]} if rows else {}


def _apart(asks: list[Ask], inputs: Any) -> Iterator[tuple[Ask, Any]]:
    start = 0
    for ask in asks:
        part = slice(start, start + ask.count)
        yield ask, {name: column[part] for name, column in inputs.items()} if isinstance(inputs, dict) else inputs[part]
        start += ask.count
