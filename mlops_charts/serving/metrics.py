"""What is counted of predictions, in Prometheus' text form. Health and metadata are not counted."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from time import perf_counter
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    start_http_server,
)

from mlops_charts import contract
from mlops_charts.saved_model import Answers, Signature
from mlops_charts.saved_model.profile import NumberBins, Profile
from mlops_charts.serving.asked import Identity

_CODES = (200, 400, 413, 500, 504)  # known from the start, so that a rate sees the first of each


class Metrics:
    """Counters of one server.

    Args:
        identity: Labels of every series.
        signature: Whose classes predictions are counted by.
        profile: Whose buckets they are counted by where they are numbers; without it such are not counted.
    """

    def __init__(self, identity: Identity, signature: Signature, profile: Profile | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # twice the series, which nobody asks
        self._registry = CollectorRegistry()
        self._labels = (identity.model, identity.slot, identity.version)
        self._bins = profile.predictions if profile and isinstance(profile.predictions, NumberBins) else None
        names = contract.IDENTITY_LABELS
        self._requests = self._made(Counter, contract.REQUESTS, "Answers by status.", (*names, "code"))
        self._codes = {code: self._requests.labels(*self._labels, str(code)) for code in _CODES}
        buckets = contract.LATENCY_BUCKETS
        self._seconds = self._made(Histogram, contract.REQUEST_DURATION, "Seconds to an answer.", names, buckets)
        self._duration = self._seconds.labels(*self._labels)
        self._in_flight = self._made(Gauge, contract.IN_FLIGHT, "Requests without an answer yet.", names)
        self._open = self._in_flight.labels(*self._labels)
        predictions = self._made(Counter, contract.PREDICTIONS, "Predicted rows by value.", (*names, "value"))
        values = signature.classes or (_bounds(self._bins) if self._bins else ())
        self._predicted = {one: predictions.labels(*self._labels, one) for one in values}
        about = (*names, "code_digest", "data_digest", "run_id")
        self._made(Gauge, contract.MODEL_INFO, "What is served; always 1.", about).labels(*astuple(identity)).set(1)

    @contextmanager
    def request(self) -> Iterator[Callable[[int], None]]:
        """Count one request; what is yielded takes the status of its answer."""
        began = perf_counter()
        statuses: list[int] = []
        self._open.inc()
        try:
            yield statuses.append
        finally:
            self._open.dec()
            self._duration.observe(perf_counter() - began)
            self._counter(statuses[-1] if statuses else 500).inc()

    def answered(self, answers: Answers) -> None:
        """Count predictions by class or by bucket; what is neither is not counted, so that labels stay bounded."""
        if self._bins:
            found = dict(zip(_bounds(self._bins), self._bins.counts(answers.labels).tolist(), strict=False))
        else:
            found = Tally(map(str, answers.labels.tolist())) if self._predicted else {}
        for value, rows in found.items():
            if rows and value in self._predicted:
                self._predicted[value].inc(rows)

    def text(self) -> str:
        """Return all series as Prometheus reads them."""
        return generate_latest(self._registry).decode()

    def listen(self, host: str, port: int) -> None:
        """Answer at /metrics of a port of its own, from a thread; OSError if the port is taken."""
        start_http_server(port, host, self._registry)

    def _counter(self, code: int) -> Any:
        if code not in self._codes:
            self._codes[code] = self._requests.labels(*self._labels, str(code))
        return self._codes[code]

    def _made(self, kind: Any, name: str, text: str, labels: tuple[str, ...], buckets: Any = None) -> Any:
        more = {"buckets": buckets} if buckets else {}
        return kind(name, text, labels, registry=self._registry, **more)


def _bounds(bins: NumberBins) -> tuple[str, ...]:
    """Return the upper bound of each bucket."""
    return (*map(repr, bins.edges), "+Inf")
