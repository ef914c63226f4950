"""A saved model, whatever holds it: rows in, answers out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mlops_charts.errors import MlopsChartsError
from mlops_charts.saved_model.signature import Signature

Rows = Mapping[str, Any]
"""One one-dimensional numpy array of each column of the signature, all of one length."""


class BrokenModel(MlopsChartsError):  # noqa: N818 - what is broken is the model
    """A model's folder cannot be loaded, or was tampered with."""


@dataclass(frozen=True)
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

    def answer(self, rows: Rows) -> Answers:
        """Return what the model says of some rows; threads may ask at the same time."""


def load(folder: Path, *, trusted: Sequence[str] = (), allow_pickle: bool = False) -> SavedModel:
    """Return the model in a folder.

    Args:
        folder: What a training step saved.
        trusted: Types that skops may load besides those of its own list: what model.yaml pins, never what the file
            itself claims.
        allow_pickle: Whether a pickle may be loaded, which runs whatever is in it.

    Raises:
        BrokenModel: It cannot be loaded, or names a type that is not trusted.
    """
    raise NotImplementedError
