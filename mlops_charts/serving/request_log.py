"""A sample of requests and answers, kept for labels that come later. Off unless the spec asks for it.

A record is one line of JSON: when, the request's id, model, version and slot, and the answers; the inputs only where
the spec says so. What clients tell later by feedback is a record of its own with the same id, and is kept exactly where
the request was: whether an id is kept follows from the id.

Nothing waits for the log. Records go to a thread by a queue of limited size, and what finds no room is counted as
dropped. The thread writes compressed objects of limited size, each closed after a minute at the latest. What a process
holds when it is killed is lost: that is at most a minute of a sample.

Who removes what is older than `retain`? This thread, because model.yaml promises it and nobody else is sure to be
there: every quarter of an hour, the oldest objects of its own names. All processes of all pods may do so at once. Where
no server of the model runs any more nothing is removed: a lifecycle rule of the bucket, which is the operator's, does
that, and one is enough where the server's keys may neither list nor delete.
"""

from __future__ import annotations

import base64
import hashlib
import random
import secrets
import socket
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any, Final

import orjson

from mlops_charts.log import log
from mlops_charts.saved_model import Answers, Rows
from mlops_charts.serving.asked import Identity
from mlops_charts.serving.log_stores import NotStored, Store, object_name

WRITTEN, DROPPED = 0, 1  # places in what is counted
OBJECT_BYTES: Final = 8 * 2**20  # of an object, before it is compressed
OBJECT_SECONDS: Final = 60.0
QUEUE_BYTES: Final = 16 * 2**20
RECORD_ROWS: Final = 1000  # of one request; the rest is left out
_RECORD_BYTES: Final = 2**20  # a longer record is dropped
_ID: Final = 200  # characters of an id that are kept
_OVERHEAD: Final = 500  # bytes that a record takes at least
_TRIES: Final = (1.0, 4.0)  # seconds until an object is tried again
_SWEEP: Final = 900.0  # seconds


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept, and for how long.

    Attributes:
        sample: Share of the requests.
        features: Whether inputs are kept too.
        retain: Seconds until an object is removed.
    """

    sample: float
    features: bool = False
    retain: float = 30 * 86400.0


class RequestLog:
    """Keeps a sample, from a thread of its own that begins with the first record.

    Args:
        store: Where objects go.
        identity: Who answers.
        kept: What is kept.
        counts: Two numbers, that of records written and that of records dropped.
    """

    def __init__(self, store: Store, identity: Identity, kept: Kept, counts: Any = None) -> None:
        self._store, self._kept = store, kept
        self._about = {"model": identity.model, "version": identity.version, "slot": identity.slot}
        self._own = f"{identity.version}-{identity.slot}-{socket.gethostname()}-{secrets.token_hex(4)}"
        self._counts = [0.0, 0.0] if counts is None else counts
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._lock, self._waiting, self._stop = Lock(), 0, Event()
        self._thread: Thread | None = None

    def answered(self, request_id: str, read: Callable[[], Rows], answers: Answers, size: int) -> None:
        """Keep a request, if it is of the sample.

        Args:
            request_id: Empty if it has none.
            read: Returns the rows by column; it is called only if they are kept.
            answers: What the model said.
            size: Bytes of the request, by which memory is limited.
        """
        if self._chosen(request_id):
            features = dict(read()) if self._kept.features else {}
            self._take(size, (datetime.now(UTC), request_id, {"rows": features, "answers": answers}))

    def told(self, request_id: str, reward: float, truth: list[Any] | None, size: int) -> None:
        """Keep what feedback says, if its request is of the sample."""
        if self._chosen(request_id):
            more = {} if truth is None else {"truth": truth}
            self._take(size, (datetime.now(UTC), request_id, {"reward": reward, **more}))

    def close(self, patience: float = 5.0) -> None:
        """Write what waits, for some seconds at most."""
        if self._thread:
            self._stop.set()
            self._queue.put(None)
            self._thread.join(patience)

    def _chosen(self, request_id: str) -> bool:
        if not request_id:
            return random.random() < self._kept.sample  # noqa: S311 - a sample, and no secret
        digest = hashlib.blake2b(request_id.encode(errors="replace"), digest_size=7).digest()
        return int.from_bytes(digest) < self._kept.sample * 2**56

    def _take(self, size: int, record: tuple[datetime, str, dict[str, Any]]) -> None:
        weight = _OVERHEAD + size
        with self._lock:
            if self._waiting + weight > QUEUE_BYTES or self._stop.is_set():
                self._counts[DROPPED] += 1
                return
            self._waiting += weight
            if self._thread is None:
                self._thread = Thread(target=self._run, name="request-log", daemon=True)
                self._thread.start()
        self._queue.put((weight, record))

    def _run(self) -> None:
        sheet, sweep = _Sheet(), monotonic() + random.uniform(_SWEEP / 10, _SWEEP)  # noqa: S311 - not all at once
        while True:
            wait = min(sheet.due, sweep) - monotonic()
            found: Any = ()
            with suppress(Empty):
                found = self._queue.get(timeout=max(0.0, wait))
            if found:
                self._add(sheet, *found)
            if found is None or sheet.full or monotonic() >= sheet.due:
                self._send(sheet)
                sheet = _Sheet()
            if found is None:
                return
            if monotonic() >= sweep:
                sweep = monotonic() + _SWEEP
                self.sweep()

    def sweep(self) -> int:
        """Remove what is older than it may be, and return how many objects that were."""
        try:
            return self._store.remove(datetime.now(UTC) - timedelta(seconds=self._kept.retain))
        except NotStored as error:
            log("request log not swept", reason=str(error))
        except Exception as error:  # noqa: BLE001 - the thread goes on with what comes
            log("request log not swept", reason=_described(error))
        return 0

    def _add(self, sheet: _Sheet, weight: int, record: tuple[datetime, str, dict[str, Any]]) -> None:
        try:
            line = _line(self._about, *record)
        except Exception as error:  # noqa: BLE001 - as above
            log("request not logged", reason=_described(error))
            line = b""
        with self._lock:
            self._waiting -= weight
        if 0 < len(line) <= _RECORD_BYTES:
            sheet.add(line)
        else:
            self._count(DROPPED, 1)

    def _send(self, sheet: _Sheet) -> None:
        if not sheet.records:
            return
        content, reason = sheet.content(), ""
        name = object_name(datetime.now(UTC), f"{self._own}-{secrets.token_hex(3)}")
        for wait in (*_TRIES, 0.0):
            try:
                self._store.put(name, content)
            except NotStored as error:
                reason = str(error)
            except Exception as error:  # noqa: BLE001 - as above
                reason = _described(error)
            else:
                self._count(WRITTEN, sheet.records)
                return
            if wait and self._stop.wait(wait):
                break
        log("request log not written", records=sheet.records, reason=reason)
        self._count(DROPPED, sheet.records)

    def _count(self, which: int, records: int) -> None:
        with self._lock:
            self._counts[which] += records


class _Sheet:
    """An object that is being written."""

    def __init__(self) -> None:
        self.records, self._size, self.due = 0, 0, float("inf")
        self._text, self._press = bytearray(), zlib.compressobj(6, wbits=31)

    @property
    def full(self) -> bool:
        return self._size >= OBJECT_BYTES

    def add(self, line: bytes) -> None:
        if not self.records:
            self.due = monotonic() + OBJECT_SECONDS
        self.records += 1
        self._size += len(line)
        self._text += self._press.compress(line)

    def content(self) -> bytes:
        return bytes(self._text + self._press.flush())


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _line(about: Mapping[str, str], when: datetime, request_id: str, record: dict[str, Any]) -> bytes:
    said: dict[str, Any] = {"time": when.isoformat(timespec="milliseconds"), "id": request_id[:_ID], **about}
    if "answers" in record:
        answers: Answers = record["answers"]
        said["answers"] = {"labels": _plain(answers.labels)}
        if answers.probabilities is not None:
            said["answers"]["probabilities"] = _plain(answers.probabilities)
        if record["rows"]:
            said["features"] = {name: _plain(values) for name, values in record["rows"].items()}
    else:
        said |= record
    return orjson.dumps(said, default=_text) + b"\n"


def _plain(values: Any) -> list[Any]:
    found: list[Any] = values[:RECORD_ROWS].tolist()
    return found


def _text(found: Any) -> str:
    if isinstance(found, bytes):
        return base64.b64encode(found).decode()
    return str(found)
