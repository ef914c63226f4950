"""Counts the rows of one process into its block, at a cost that requests do not feel.

Rows wait in a small matrix and are counted together: the cost of a batch is that of copying it. They are counted once
the matrix is full, a second has passed, or somebody asks. Of a batch with very many values a part is counted, rows at
even distances: at most ROWS rows, and at most VALUES values.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, Final

import numpy as np

from mlops_charts.saved_model import Answers, Rows, Signature
from mlops_charts.saved_model.profile import CategoryBins, NumberBins, lengths
from mlops_charts.serving.drift import SLICES, Drift, Part

ROWS: Final = 512
VALUES: Final = 8192  # 16 rows of 500 features
_WAIT: Final = 1.0  # seconds that rows wait to be counted


class DriftCounts:
    """Counts for one process.

    Args:
        drift: What is counted.
        signature: The order of the columns in a matrix.
        block: (drift.size,) numbers, zero at the start or gone on from, that nobody else writes to.
    """

    def __init__(self, drift: Drift, signature: Signature, block: Any) -> None:
        self._drift, self._ring = drift, block.reshape(SLICES, 1 + drift.cells)
        self._lock = Lock()
        self._numbers = [part for part in drift.numbers if part.name is not None]
        self._scores = len(self._numbers) < len(drift.numbers)
        places = [[column.name for column in signature.inputs].index(part.name or "") for part in self._numbers]
        self._places: Any = slice(None) if places == list(range(len(signature.inputs))) else places
        self._texts = [_Categories(part, start) for part, start in _starts(drift)]
        self._most = max(1, min(ROWS, VALUES // max(1, len(drift.numbers) + len(drift.texts))))
        self._use(np.float64)
        self._waiting, self._slice, self._due, self._cells = 0, 0, 0.0, list[int]()

    def count(self, rows: Rows | Any, answers: Answers, now: float) -> None:
        """Count the rows of a request or of a batch.

        Args:
            rows: By column; or one (n, columns) matrix of a model of numbers alone, in the signature's order.
            answers: What the model said of them.
            now: Seconds.
        """
        labels, every = answers.labels, 1
        if len(labels) > self._most:
            every = -(-len(labels) // self._most)
            labels = labels[::every]
        with self._lock:
            until = self._waiting + len(labels)
            if until > self._most or now >= self._due:
                self._flush()
                until = len(labels)
            if until == len(labels):
                self._begin(now)
            self._take(rows, labels, every, slice(self._waiting, until))
            self._waiting = until

    def flush(self) -> None:
        """Count what waits."""
        with self._lock:
            self._flush()

    def _begin(self, now: float) -> None:
        """Begin to wait, until the slice ends at the latest: rows fall into the slice in which they came."""
        self._slice = self._drift.slice(now)
        self._due = min(now + _WAIT, self._drift.end(self._slice))

    def _take(self, rows: Rows | Any, labels: Any, every: int, where: slice) -> None:
        if isinstance(rows, np.ndarray):
            if rows.dtype == np.float32 and self._matrix.dtype != np.float32:
                self._use(np.float32)
            self._features[:, where] = (rows.T if every == 1 else rows[::every].T)[self._places]
        else:
            for place, part in enumerate(self._numbers):
                self._features[place, where] = _measured(part, rows[part.name or ""][::every])
        if self._scores:
            self._matrix[-1, where] = _measured(self._drift.numbers[-1], labels)
        for one in self._texts:
            self._cells += one.cells(labels if one.name is None else rows[one.name][::every])

    def _flush(self) -> None:
        if not self._waiting:
            return
        found = np.bincount(np.asarray(self._cells, dtype=np.intp), minlength=self._drift.cells)
        if self._drift.numbers:
            values = self._matrix[:, : self._waiting]
            below = (values <= self._edges).view(np.uint8).sum(axis=0, dtype=self._small)
            found += np.bincount((self._ends - below).ravel(), minlength=self._drift.cells)
        row = self._ring[self._slice % SLICES]
        if row[0] != self._slice:
            row[1:] = 0
            row[0] = self._slice
        row[1:] += found
        self._waiting = 0
        self._cells.clear()

    def _use(self, dtype: Any) -> None:
        """Compare numbers in some type; rows that wait are taken over.

        Edges are values of the training rows: rows of single precision are held against edges of the same precision,
        else 5.8 would lie above 5.8.
        """
        numbers, before = self._drift.numbers, getattr(self, "_matrix", None)
        self._matrix = np.zeros((len(numbers), self._most), dtype)
        self._features = self._matrix[: len(self._numbers)]
        if before is not None:
            with np.errstate(over="ignore"):
                self._matrix[:] = before
        # One edge more than any part has, at infinity: what is above all edges is at most that, but NaN is not.
        edges = np.full((self._drift.width - 1, len(numbers), 1), np.inf, dtype)
        for place, part in enumerate(numbers):
            if isinstance(part.bins, NumberBins):
                edges[: len(part.bins.edges), place, 0] = _rounded(part.bins.edges, dtype)
        self._edges = edges
        self._small = np.uint8 if self._drift.width <= np.iinfo(np.uint8).max else np.intp
        self._ends = (self._drift.starts[: len(numbers)] + self._drift.width - 1)[:, None]


class _Categories:
    """Finds the cell of a text or label."""

    def __init__(self, part: Part, start: int) -> None:
        self.name = part.name
        categories = part.bins.categories if isinstance(part.bins, CategoryBins) else ()
        self._found = {category: start + place for place, category in enumerate(categories)}
        self._other = start + len(categories)

    def cells(self, values: Any) -> list[int]:
        """Return the cell of each value of an array; None is missing."""
        found, other = self._found.get, self._other
        texts = [one if type(one) is str else None if one is None else str(one) for one in values.tolist()]
        return [other + 1 if one is None else found(one, other) for one in texts]


def _starts(drift: Drift) -> list[tuple[Part, int]]:
    return list(zip(drift.texts, drift.starts[len(drift.numbers) :].tolist(), strict=True))


def _measured(part: Part, values: Any) -> Any:
    length = isinstance(part.bins, NumberBins) and part.bins.measured == "length"
    return lengths(values) if length else values


def _rounded(edges: tuple[float, ...], dtype: Any) -> Any:
    """Return edges in a type; those that fall together there are kept apart by as little as possible."""
    found = np.asarray(edges, dtype)
    for place in range(len(found) - 1, 0, -1):
        if found[place - 1] >= found[place]:
            found[place - 1] = np.nextafter(found[place], dtype(-np.inf))
    return found
