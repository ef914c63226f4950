"""The model's own metrics: FILE.py:FUNCTION of validation.metrics, called as `compute(truth, answers, context)`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, Final

import numpy as np

from mlops_charts.contract import TASK_METRICS
from mlops_charts.problems import nearest
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.call import Refused
from mlops_charts.steps.judging.sample import Undefined
from mlops_charts.steps.user_code import calling, context_of, expect_arguments, load_function

_SHOWN: Final = 40  # characters of a number


@dataclass(frozen=True, eq=False)
class OwnMetrics:
    """The model's own metrics on some rows.

    Attributes:
        entrypoint: FILE.py:FUNCTION.
        function: What it names.
        context: What it is told of the run.
        task: The task, whose metrics it may not name again.
        truth: (n,) the target as it stands in the data.
        answers: (n,) the model's answers, of the same type.
    """

    entrypoint: str
    function: Any
    context: Any
    task: str
    truth: Any
    answers: Any

    def figures(self, index: Any = None) -> dict[str, float]:
        """Return the metrics of all rows, or of some.

        Raises:
            Refused: The function raised, or what it returned is no dict of finite numbers.
        """
        chosen = slice(None) if index is None else index
        truth, answers = self.truth[chosen].copy(), self.answers[chosen].copy()  # it may change them
        with calling(self.entrypoint):
            found = self.function(truth, answers, self.context)
        return _checked(found, self.entrypoint, self.task)

    def value(self, metric: str, index: Any = None) -> float:
        """Return one metric.

        Raises:
            Refused: As above.
            Undefined: The function returns no metric of this name.
        """
        found = self.figures(index)
        if metric in found:
            return found[metric]
        near = nearest(metric, found)
        meant = f'; did you mean "{near}"?' if near else ""
        raise Undefined(f'{self.entrypoint} returned {", ".join(found) or "nothing"}; there is no "{metric}"{meant}')

    def value_of_some(self, metric: str, index: Any) -> float:
        """Return one metric of some rows, such as a slice or a resample; that it fails there is no fault of the whole.

        Raises:
            Undefined: The function raised on these rows, or returned what is no metric.
        """
        try:
            return self.value(metric, index)
        except Undefined:
            raise
        except Refused as reason:
            raise Undefined(str(reason).partition("\n")[0]) from None


def own_metrics(spec: RunSpec, source: Any, truth: Any, answers: Any) -> OwnMetrics | None:
    """Return the model's own metrics; None if it has none.

    Raises:
        Refused: There is no such file or function, or it takes other arguments.
    """
    entrypoint = spec.model.validation.metrics
    if entrypoint is None:
        return None
    function = load_function(source, entrypoint)
    expect_arguments(function, entrypoint, ("truth", "answers", "context"))
    task = spec.model.training.task
    return OwnMetrics(entrypoint, function, context_of(spec), task, np.asarray(truth), np.asarray(answers))


def own_name(metric: str, cls: str | None) -> str:
    """Return the name under which a function gives a metric of one class: `cost[virginica]`."""
    return metric if cls is None else f"{metric}[{cls}]"


def _checked(found: Any, entrypoint: str, task: str) -> dict[str, float]:
    if not isinstance(found, Mapping):
        kind = type(found).__name__
        raise Refused(f"{entrypoint} returned {kind}; expected a number for each metric, by name: {{'cost': 0.2}}")
    for name, value in found.items():
        if not isinstance(name, str):
            raise Refused(f"{entrypoint} returned the name {name!r}; names of metrics are text")
        if name in TASK_METRICS[task]:
            raise Refused(f"{entrypoint} returned {name}, which the task {task} has already; give it another name")
        if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
            raise Refused(f"{entrypoint} returned {name} = {value!r}; expected a number")
        if not _is_finite(value):
            raise Refused(f"{entrypoint} returned {name} = {str(value)[:_SHOWN]}; a metric is a finite number")
    return {name: float(value) for name, value in found.items()}


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False
