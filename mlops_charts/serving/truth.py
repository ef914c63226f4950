"""What is known of the traffic besides speed: drift, feedback, and the log of requests. It puts together their rooms.

`Truth` is made once, by the process that watches, and holds memory that all processes share; `Observed` is what one of
them observes with.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from multiprocessing import get_context
from time import monotonic
from typing import Any, Final

import orjson

from mlops_charts import contract
from mlops_charts.saved_model import Answers, Rows, Signature
from mlops_charts.saved_model.profile import Profile
from mlops_charts.serving import feedback
from mlops_charts.serving.asked import Asked
from mlops_charts.serving.asks import Ask, Together
from mlops_charts.serving.bodies import parse_json
from mlops_charts.serving.drift import Drift
from mlops_charts.serving.drift_counts import DriftCounts
from mlops_charts.serving.log_stores import store_at
from mlops_charts.serving.metrics import Metrics, head, labels_text
from mlops_charts.serving.request_log import DROPPED, WRITTEN, Kept, RequestLog

FEEDBACK_PATHS: Final = ("/api/v1.0/feedback", "/api/v0.1/feedback", "/send-feedback")
_JSON: Final = "application/json"
_WAIT: Final = 1.0  # seconds until rows that wait are counted

Labels = Mapping[str, str]


class DriftSeries:
    """Drift, in memory of its own: a window is more than a sum.

    Args:
        drift: What is counted.
        labels: Of every series.
        slots: How many processes count at one time.
    """

    size = 0

    def __init__(self, drift: Drift, labels: Labels, slots: int) -> None:
        self.drift, self._labels, self._slots = drift, labels, slots
        self._memory: Any = get_context().RawArray("d", max(1, drift.size * slots))

    def block(self, slot: int) -> Any:
        """Return the numbers of a process."""
        import numpy as np  # noqa: PLC0415 - a server without a profile needs none in the process that watches

        size = self.drift.size
        return np.frombuffer(self._memory)[slot * size : (slot + 1) * size]

    def text(self, _sums: list[float]) -> str:
        """Return the indexes of the window that ends now; what has too few rows is not there."""
        shift = self.drift.psi([self.block(slot) for slot in range(self._slots)], monotonic())
        features = {labels_text({**self._labels, "feature": name}): psi for name, psi in shift.features.items()}
        predictions = {} if shift.predictions is None else {labels_text(self._labels): shift.predictions}
        return _series(contract.FEATURE_DRIFT, "gauge", "Population stability index of a feature.", features) + _series(
            contract.PREDICTION_DRIFT, "gauge", "Population stability index of the predictions.", predictions
        )


class FeedbackSeries:
    """How often there was feedback, and the sum of rewards.

    Args:
        labels: Of every series.
    """

    size = 2

    def __init__(self, labels: Labels) -> None:
        self._own = labels_text(labels)

    def text(self, sums: list[float]) -> str:
        """Return both."""
        return _series(contract.FEEDBACK, "counter", "Feedback that came.", {self._own: sums[0]}) + _series(
            contract.REWARD, "counter", "The sum of rewards.", {self._own: sums[1]}
        )


class LogSeries:
    """What became of requests that were to be kept.

    Args:
        labels: Of every series.
    """

    size = 2

    def __init__(self, labels: Labels) -> None:
        self._labels = labels

    def text(self, sums: list[float]) -> str:
        """Return how many were written and how many dropped."""
        found = {"written": sums[WRITTEN], "dropped": sums[DROPPED]}
        values = {labels_text({**self._labels, "outcome": outcome}): count for outcome, count in found.items()}
        return _series(contract.LOGGED, "counter", "Records for the request log.", values)


class Truth:
    """What all processes share.

    Args:
        asked: What the server is asked to do.
        signature: The model's columns.
        profile: The reference; without it drift is not known.
        slots: How many processes count at one time.

    Raises:
        NotStored: The log of requests has no place.
    """

    def __init__(self, asked: Asked, signature: Signature, profile: Profile | None, slots: int) -> None:
        identity = asked.identity
        labels = {"model": identity.model, "slot": identity.slot, "version": identity.version}
        self.asked, self.signature = asked, signature
        self.store = store_at(asked.request_log, os.environ) if asked.request_log else None
        drift = Drift(profile, signature, asked.drift_window, asked.drift_features) if profile else None
        self.drift = DriftSeries(drift, labels, slots) if drift and drift.parts else None
        self.feedback = FeedbackSeries(labels)
        self.log = LogSeries(labels) if self.store else None

    @property
    def sections(self) -> Sequence[Any]:
        """What is counted besides the metrics' own."""
        return [one for one in (self.drift, self.feedback, self.log) if one is not None]


class Observed:
    """What one process observes.

    Args:
        truth: What all share.
        metrics: In which this process has begun to count.
        slot: Its slot.
    """

    def __init__(self, truth: Truth, metrics: Metrics, slot: int) -> None:
        drift, asked = truth.drift, truth.asked
        self._drift = DriftCounts(drift.drift, truth.signature, drift.block(slot)) if drift else None
        self._timer = False
        self._told = metrics.cells(truth.feedback)
        self._log: RequestLog | None = None
        if truth.store and truth.log and asked.request_log:
            wanted = asked.request_log
            kept = Kept(wanted.sample, wanted.features, wanted.retain)
            self._log = RequestLog(truth.store, asked.identity, kept, metrics.cells(truth.log))

    @property
    def observers(self) -> Sequence[Callable[[Rows | Any, Answers], None]]:
        """Who is told of rows and answers that were computed together."""
        return [self._computed] if self._drift else []

    @property
    def logger(self) -> Callable[[Ask, Together, int, int], None] | None:
        """Who is told of each request that was answered; None where nothing is kept."""
        return partial(_logged, self._log) if self._log else None

    async def feedback(self, body: bytes) -> tuple[int, str, bytes]:
        """Count feedback, and return an answer to it.

        Raises:
            Declined: It is wrong.
        """
        found = feedback.read(parse_json(body))
        self._told[0] += 1.0
        self._told[1] += found.reward
        if self._log:
            self._log.told(found.puid, found.reward, found.truth, len(body))
        return 200, _JSON, feedback.ANSWER

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin nothing: what is observed begins with the first request."""

    def end(self, loop: asyncio.AbstractEventLoop) -> None:  # noqa: ARG002 - what runs beside HTTP is told
        """Write what the log still holds."""
        if self._log:
            self._log.close()

    def _computed(self, rows: Rows | Any, answers: Answers) -> None:
        if self._drift:
            self._drift.count(rows, answers, monotonic())
            if not self._timer:
                self._timer = True
                asyncio.get_running_loop().call_later(_WAIT, self._flush)

    def _flush(self) -> None:
        self._timer = False
        if self._drift:
            self._drift.flush()


def _logged(kept: RequestLog, ask: Ask, together: Together, start: int, stop: int) -> None:
    about = ask.about
    request_id = orjson.loads(about) if type(about) is bytes and about else about or ""
    if not isinstance(request_id, str):
        request_id = getattr(about, "puid", "") or getattr(about, "id", "") or ""
    read = partial(dict, ask.rows) if ask.rows is not None else ask.read
    kept.answered(request_id, read, together.part(start, stop), ask.size)


def _series(name: str, kind: str, text: str, values: Mapping[str, float]) -> str:
    return head(name, kind, text) + "".join(f"{name}{labels} {number!r}\n" for labels, number in values.items())
