"""How fast a model is here, measured before the server listens; what may wait, and where, follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Final

import numpy as np

from mlops_charts.saved_model import Rows, SavedModel

_TIMES: Final = 3
_SLOW: Final = 0.05  # seconds of one row from which on a whole batch is not tried
_REQUEST: Final = 80e-6  # seconds that a request costs besides the model: HTTP, JSON and checks
_QUEUE: Final = 0.1  # seconds that whoever is let in may have to wait for those ahead
_FEWEST, _MOST = 64, 4096  # requests


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a model is.

    Attributes:
        call: Seconds of a call, whatever its rows.
        row: Seconds of each row.
    """

    call: float
    row: float

    def seconds(self, rows: int) -> float:
        """Return how long some rows take together."""
        return self.call + rows * self.row

    def requests(self, batch: int) -> int:
        """Return how many requests may wait: so many as are answered in a tenth of a second."""
        return min(max(int(_QUEUE / (_REQUEST + self.seconds(batch) / batch)), _FEWEST), _MOST)

    def rows(self, batch: int) -> int:
        """Return how many rows may wait: so many as are computed in a tenth of a second, and two batches at least."""
        return max(int(_QUEUE / (self.seconds(batch) / batch)), 2 * batch)


def measured(model: SavedModel, rows: Rows, batch: int) -> Pace:
    """Return the pace of a model.

    Args:
        model: The model.
        rows: Some that it answers.
        batch: How many rows are computed together at most.
    """
    one = _seconds(model, rows, 1)
    if one > _SLOW or batch == 1:
        return Pace(0.0, one)
    each = max(_seconds(model, rows, batch) - one, 0.0) / (batch - 1)
    return Pace(max(one - each, 1e-6), max(each, 1e-9))


def _seconds(model: SavedModel, rows: Rows, count: int) -> float:
    asked = {name: np.resize(column, count) for name, column in rows.items()}
    times = []
    for _ in range(_TIMES):
        began = perf_counter()
        model.answer(asked)
        times.append(perf_counter() - began)
        if times[-1] > _SLOW:
            break
    return min(times)
