"""What a saved model is to those who ask it: rows in, answers out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mlops_charts.errors import MlopsChartsError
from mlops_charts.saved_model.signature import Signature

Rows = Mapping[str, Any]
"""One one-dimensional numpy array of each column of the signature, all of one length.

Booleans are bool, integers int64, doubles float64, text and bytes object. What is missing is NaN among numbers, whose
column is then float64, and None among text and bytes.
"""


class BrokenModel(MlopsChartsError):  # noqa: N818 - what is broken is the model
    """A model's folder cannot be loaded, was tampered with, or answers what its signature does not say."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model says of some rows.

    Attributes:
        labels: (n,) the label of each row, of the type that the data had; of a regression the value, of a ranking the
            score.
        probabilities: (n, classes) in the order of the signature's classes; None if the model gives none.
    """

    labels: Any
    probabilities: Any = None


class SavedModel(Protocol):
    """A model that was loaded."""

    @property
    def signature(self) -> Signature:
        """What it takes and gives."""

    @property
    def largest(self) -> float:
        """The largest finite number that it can compute with; one beyond is infinite to it."""

    def answer(self, rows: Rows) -> Answers:
        """Return what the model says of some rows; threads may ask at the same time."""

    def answer_matrix(self, matrix: Any) -> Answers:
        """Return what a model of numbers alone says of rows.

        Args:
            matrix: (n, columns) numbers, the columns in the signature's order; it is not copied if it is already of
                the type that the model computes with.
        """
