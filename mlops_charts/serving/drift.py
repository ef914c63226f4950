"""How far features and predictions have moved from the reference profile: the population stability index of a window.

It knows bins, counts and a clock that it is told, and neither requests nor metrics. Counts lie in a block of numbers
whose size is known at the start, so that processes which share memory can have one each; what is measured is measured
on their sum.

A window is a ring of slices. It moves slice by slice, and so holds between eleven twelfths and all of its length.

A small sample has a positive index of itself even where nothing has moved: about (B - 1) (1/n + 1/m) for B bins, n rows
in the window and m in the reference, with a standard deviation of sqrt(2 (B - 1)) (1/n + 1/m); Yurdakul and Naranjo,
"Statistical properties of the population stability index", Journal of Risk Model Validation 14 (2020). The mean is
taken off, and nothing is said while there are fewer than LEAST_ROWS rows or the deviation is above NOISE. At a limit of
0.2, a window from the reference's own distribution is then above it in at most 2.5 % of all cases for each feature,
where the noise is as large as it may be, and in less than one of 10,000 with 1,000 rows in both and ten bins. The part
of the error that the reference has does not average out over time: a reference of a few dozen rows is a poor one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mlops_charts.saved_model import Signature
from mlops_charts.saved_model.profile import Bins, CategoryBins, NumberBins, Profile

SLICES: Final = 12  # of a window
LEAST_ROWS: Final = 200
NOISE: Final = 0.07  # the largest standard deviation of an index that is said
_PSEUDO: Final = 0.5  # rows of the smaller sample in an empty bin, so that its logarithm is finite


@dataclass(frozen=True, slots=True)
class Shift:
    """Population stability indexes of a window.

    Attributes:
        features: Of each feature that has rows enough, at least 0.
        predictions: Of the predictions; None if there are too few.
    """

    features: Mapping[str, float]
    predictions: float | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The bins of one feature, or of the predictions.

    Attributes:
        name: The feature; None of the predictions.
        bins: Its bins.
        rows: How many rows the reference is of.
    """

    name: str | None
    bins: Bins
    rows: int

    @property
    def shares(self) -> tuple[float, ...]:
        """The shares of the reference, those of others and of what is missing last."""
        other = (self.bins.other,) if isinstance(self.bins, CategoryBins) else ()
        return (*self.bins.shares, *other, self.bins.missing)


class Drift:
    """What is counted, where it lies in a block, and what it says.

    Args:
        profile: The reference.
        signature: The model's columns.
        window: Seconds.
        features: Those that are watched; empty for all that the reference has.

    Attributes:
        size: How many numbers a block has, all zero at the start.
        numbers: The parts that are counted as numbers; that of the predictions last.
        texts: The parts that are counted as categories.
        parts: All, in the order of their cells.
        starts: The first cell of each.
        cells: The cells of one slice.
    """

    def __init__(
        self, profile: Profile, signature: Signature, window: float = 3600.0, features: Sequence[str] = ()
    ) -> None:
        parts = list(_parts(profile, signature, features))
        self.numbers = tuple(part for part in parts if isinstance(part.bins, NumberBins))
        self.texts = tuple(part for part in parts if isinstance(part.bins, CategoryBins))
        self.parts = (*self.numbers, *self.texts)
        self._seconds = window / SLICES
        widest = max((len(part.bins.edges) for part in self.numbers if isinstance(part.bins, NumberBins)), default=0)
        self.width = widest + 2  # a bin more than edges, and what is missing
        widths = [self.width if part in self.numbers else len(part.shares) for part in self.parts]
        self.cells = sum(widths)
        self.size = SLICES * (1 + self.cells)
        self.starts = np.cumsum([0, *widths])[:-1].astype(np.intp)
        self._widths = np.asarray(widths)
        shares = [_spread(part.shares, width) for part, width in zip(self.parts, widths, strict=True)]
        self._shares = np.concatenate(shares or [[]])
        self._rows = np.asarray([part.rows for part in self.parts], dtype=np.float64)

    def slice(self, now: float) -> int:
        """Return the number of the slice that a time lies in, from 1."""
        return int(now / self._seconds) + 1

    def end(self, number: int) -> float:
        """Return the time at which a slice ends."""
        return number * self._seconds

    def counts(self, blocks: Sequence[Any], now: float) -> Any:
        """Return (cells,) how many rows of the window fell into each cell, of all blocks together."""
        last, found = self.slice(now), np.zeros(self.cells)
        for block in blocks:
            ring = block.reshape(SLICES, 1 + self.cells)
            found += ring[(ring[:, 0] > last - SLICES) & (ring[:, 0] <= last), 1:].sum(axis=0)
        return found

    def psi(self, blocks: Sequence[Any], now: float) -> Shift:
        """Return how far the window that ends now has moved; what has too few rows is left out.

        Args:
            blocks: (size,) numbers of each process.
            now: Seconds of the clock that was counted with, one for all processes.
        """
        if not self.parts:
            return Shift({})
        moved = self._moved(self.counts(blocks, now)).tolist()
        said = {part.name: index for part, index in zip(self.parts, moved, strict=True) if index == index}  # noqa: PLR0124 - NaN
        return Shift({name: index for name, index in said.items() if name is not None}, said.get(None))

    def _moved(self, counts: Any) -> Any:
        """Return the index of each part, its mean under no drift taken off; NaN where it would be noise."""
        rows = np.add.reduceat(counts, self.starts).astype(np.float64)
        safe = np.maximum(rows, 1.0)
        pseudo = self._each(_PSEUDO / np.minimum(safe, self._rows))
        found, reference = counts / self._each(safe), self._shares
        index = self._sum((found - reference) * np.log((found + pseudo) / (reference + pseudo)))
        pooled = (counts + reference * self._each(self._rows)) / self._each(safe + self._rows)
        free = self._sum(pooled * (1 - pooled) / (pooled + pseudo))  # the degrees of freedom, less those of empty bins
        small = 1 / safe + 1 / self._rows
        silent = (rows < LEAST_ROWS) | (np.sqrt(2 * free) * small > NOISE)
        return np.where(silent, np.nan, np.maximum(index - free * small, 0.0))

    def _each(self, values: Any) -> Any:
        return np.repeat(values, self._widths)

    def _sum(self, cells: Any) -> Any:
        return np.add.reduceat(cells, self.starts)


def _parts(profile: Profile, signature: Signature, features: Sequence[str]) -> Iterator[Part]:
    known = {column.name for column in signature.inputs}
    for name, bins in profile.features.items():
        if profile.rows and name in known and (not features or name in features):
            yield Part(name, bins, profile.rows)
    if profile.prediction_rows:
        yield Part(None, profile.predictions, profile.prediction_rows)


def _spread(shares: Sequence[float], width: int) -> Any:
    """Return shares over some cells: what is missing in the last one, whatever lies between empty."""
    found = np.zeros(width)
    found[: len(shares) - 1], found[-1] = shares[:-1], shares[-1]
    return found
