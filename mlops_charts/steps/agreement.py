"""How far two sets of answers to the same rows agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mlops_charts.saved_model import Answers, Signature

TOLERANCE: Final = 1e-5


@dataclass(frozen=True)
class Agreement:
    """How far the answers of a stored model are those of the original.

    Attributes:
        rows: How many rows both answered.
        differing: Of how many the label is another one, or the value beyond the tolerance.
        difference: The largest difference of a probability, absolute; of a value, relative (see `agreement`). 0 where
            there is nothing to compare but labels.
    """

    rows: int
    differing: int
    difference: float

    @property
    def agreed(self) -> bool:
        """Whether no label differs and no number is further off than 1e-5."""
        return not self.differing and self.difference <= TOLERANCE

    @property
    def words(self) -> str:
        """The disagreement in words."""
        return f"differs in {self.differing} of {self.rows} rows, numbers by up to {self.difference:.2g}"


def agreement(original: Answers, stored: Answers, signature: Signature) -> Agreement:
    """Return how far two answers to the same rows agree.

    Of a classification labels must be identical, and probabilities within 1e-5. Values of a regression or a ranking may
    differ by 1e-5 of their size, where a value near zero counts as large as the values' standard deviation: what is
    computed in float32 carries seven digits. Values that are no numbers must be identical. Missing equals missing.
    """
    import numpy as np  # noqa: PLC0415 - 0.1 s

    rows = len(original.labels)
    if signature.task != "classification" and np.asarray(original.labels).dtype.kind in "fiu":
        off = _relative(np.asarray(original.labels, float), np.asarray(stored.labels, float))
        return Agreement(rows, int((off > TOLERANCE).sum()), float(off.max(initial=0)))
    differing = int((np.asarray(original.labels) != np.asarray(stored.labels)).sum())
    if original.probabilities is None or stored.probabilities is None:
        return Agreement(rows, differing, 0.0)
    return Agreement(rows, differing, float(_absolute(original.probabilities, stored.probabilities).max(initial=0)))


def _relative(original: Any, stored: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - as above

    finite = original[np.isfinite(original)]
    spread = float(finite.std()) if len(finite) else 0.0
    size = np.nan_to_num(np.maximum(np.abs(original), spread), nan=1.0, posinf=1.0)
    return _absolute(original, stored) / np.maximum(size, np.finfo(float).tiny)


def _absolute(original: Any, stored: Any) -> Any:
    """Return differences: 0 where both are missing or the same infinity, infinite where only one is."""
    import numpy as np  # noqa: PLC0415 - as above

    same = (original == stored) | (np.isnan(original) & np.isnan(stored))
    with np.errstate(invalid="ignore"):
        off = np.where(same, 0.0, np.abs(original - stored))
    return np.where(np.isnan(off), np.inf, off)
