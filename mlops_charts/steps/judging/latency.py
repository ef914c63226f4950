"""How long a saved model takes for one row, measured on this machine by calling it."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mlops_charts.saved_model import Rows, SavedModel
from mlops_charts.steps.call import Refused
from mlops_charts.steps.judging.intervals import Interval, quantile_bounds
from mlops_charts.steps.judging.report import LatencyFigures

LEVEL: Final = 0.99
_WARM_UP: Final = 20
_FEWEST: Final = 300  # of fewer values not even the largest bounds their 0.99 quantile with 95 %
_MOST: Final = 2000
_BUDGET: Final = 2.0  # seconds; after these it is the fewest calls that count
_ROUNDS: Final = 5
_PATIENCE: Final = 60.0  # seconds; a model so slow is judged by the calls that it managed


@dataclass(frozen=True, eq=False)
class Latency:
    """Seconds of calls with one row each.

    Attributes:
        seconds: (calls,) in their order.
    """

    seconds: Any

    @property
    def p99(self) -> float:
        """The 0.99 quantile, in seconds."""
        return float(np.quantile(self.seconds, LEVEL))

    def interval(self, confidence: float) -> Interval:
        """Return bounds of the 0.99 quantile.

        Raises:
            Undefined: There were too few calls.
        """
        low, high = quantile_bounds(self.seconds, LEVEL, confidence)
        return Interval(min(low, self.p99), max(high, self.p99), "order statistics", len(self.seconds))

    def figures(self) -> LatencyFigures:
        """Return what the report says of it."""
        half = float(np.median(self.seconds))
        return LatencyFigures(p50_seconds=half, p99_seconds=self.p99, calls=len(self.seconds), machine=machine())


def measure(model: SavedModel, rows: Rows, size: int) -> Latency:
    """Call a model with one row at a time, the rows in turn, and return how long calls took in the quietest round.

    What else a machine does only ever adds to a call, so of up to five rounds the one with the least 0.99 quantile says
    most of the model.

    Args:
        model: What is measured.
        rows: Rows to ask about.
        size: How many there are.

    Raises:
        Refused: There are no rows.
    """
    if not size:
        raise Refused("the latency needs test rows to ask about, and there are none")
    single = [{name: column[at : at + 1] for name, column in rows.items()} for at in range(min(size, _MOST))]
    for row in single[:_WARM_UP]:
        model.answer(row)
    found: list[float] = []
    begin = time.perf_counter()
    while _goes_on(len(found), time.perf_counter() - begin):
        row = single[len(found) % len(single)]
        start = time.perf_counter()
        model.answer(row)
        found.append(time.perf_counter() - start)
    rounds = np.array_split(np.array(found), max(1, min(_ROUNDS, len(found) // _FEWEST)))
    return min(map(Latency, rounds), key=lambda one: one.p99)


def machine() -> str:
    """Return what machine this is, as far as it decides how fast a model answers."""
    return f"{os.cpu_count()} processors {platform.machine()}, Python {platform.python_version()}"


def _goes_on(calls: int, seconds: float) -> bool:
    if calls >= _MOST or (calls and seconds > _PATIENCE):
        return False
    return calls < _FEWEST or seconds < _BUDGET
