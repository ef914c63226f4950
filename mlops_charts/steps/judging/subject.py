"""What is judged: test rows with answers, the model's own metrics on them, their slices, and the latency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mlops_charts.contract import TASK_METRICS
from mlops_charts.problems import nearest
from mlops_charts.steps.call import Refused
from mlops_charts.steps.judging import metrics
from mlops_charts.steps.judging.intervals import CONFIDENCE, Interval, interval
from mlops_charts.steps.judging.latency import Latency
from mlops_charts.steps.judging.own import OwnMetrics, own_name
from mlops_charts.steps.judging.resampling import bootstrap
from mlops_charts.steps.judging.sample import Sample, Undefined

_OWN_RESAMPLES: Final = 400
_MOST_SLICES: Final = 100
MISSING: Final = "(missing)"


@dataclass(frozen=True, eq=False)
class Subject:
    """A model on its test rows.

    Attributes:
        rows: The test rows with truth and answers.
        slices: By the name of a column, its value in each row as text.
        own: The model's own metrics.
        latency: How long single rows took; None if no gate asks.
        seed: Seed of what intervals draw.
    """

    rows: Sample
    slices: Mapping[str, Any]
    own: OwnMetrics | None = None
    latency: Latency | None = None
    seed: int = 0

    def is_own(self, metric: str) -> bool:
        """Return whether a metric is one of the model's own."""
        return metric not in TASK_METRICS[self.rows.task]

    def value(self, metric: str, cls: str | None = None, index: Any = None) -> float:
        """Return a metric of all rows, or of those at some places.

        Raises:
            Undefined: It does not exist on these rows.
            Refused: The model's own function raised.
        """
        if metric == metrics.LATENCY:
            return self._latency(index).p99
        if self.is_own(metric):
            own, name = self._own(metric), own_name(metric, cls)
            return own.value(name) if index is None else own.value_of_some(name, index)
        return metrics.value(metric, self._rows(index), cls)

    def interval(self, metric: str, cls: str | None = None, index: Any = None) -> Interval:
        """Return the bounds of a metric; raises as `value` does, and where nothing bounds it."""
        if metric == metrics.LATENCY:
            return self._latency(index).interval(CONFIDENCE)
        if not self.is_own(metric):
            return interval(metric, self._rows(index), cls, seed=self.seed)
        own, name = self._own(metric), own_name(metric, cls)
        at = np.arange(len(self.rows)) if index is None else np.flatnonzero(index)
        low, high = bootstrap(
            lambda drawn: own.value_of_some(name, at[drawn]),
            len(at),
            confidence=CONFIDENCE,
            seed=self.seed,
            strata=self.rows.truth[at] if self.rows.task == "classification" else None,
            resamples=_OWN_RESAMPLES,
        )
        return Interval(low, high, "bootstrap (BCa)", len(at))

    def units(self, metric: str) -> int:
        """Return what a metric of all rows rests on: rows, or calls of a latency."""
        return len(self._latency(None).seconds) if metric == metrics.LATENCY else len(self.rows)

    def _rows(self, index: Any) -> Sample:
        return self.rows if index is None else self.rows.take(index)

    def _own(self, metric: str) -> OwnMetrics:
        if self.own is None:
            raise Undefined(f'nothing produces the metric "{metric}"')
        return self.own

    def _latency(self, index: Any) -> Latency:
        if self.latency is None or index is not None:
            raise Undefined(f"{metrics.LATENCY} is measured over all rows, not in slices")
        return self.latency


def slice_values(frame: Any, column: str) -> Any:
    """Return the value of a column in each row as text, for slices.

    Raises:
        Refused: There is no such column, or it has too many values to be slices.
    """
    if column not in frame.columns:
        near = nearest(column, map(str, frame.columns))
        meant = f'; did you mean "{near}"?' if near else f"; columns are {', '.join(map(str, frame.columns))}"
        raise Refused(f'validation.gates: slice: the data have no column "{column}"{meant}')
    found = frame[column]
    texts = found.astype(object).where(found.notna(), MISSING).map(str).to_numpy(object)
    kinds = len(set(texts))
    if kinds > _MOST_SLICES:
        raise Refused(
            f'validation.gates: slice: column "{column}" has {kinds:,} values in the test rows, and slices of at most '
            f"{_MOST_SLICES} can be judged; give a column of few values, such as ranges of this one"
        )
    return texts
