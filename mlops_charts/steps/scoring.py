"""One figure of a model on rows that it has not seen, by which a search compares its trials."""

from __future__ import annotations

import math
import time
from typing import Any, Final

from mlops_charts.contract import TASK_METRICS
from mlops_charts.saved_model import SavedModel
from mlops_charts.steps.call import Call, Refused
from mlops_charts.steps.data import Part
from mlops_charts.steps.fitting import answers_of, lists_of
from mlops_charts.steps.user_code import Context, calling, expect_arguments, load_function

_LATENCY: Final = "latencyP99Seconds"
_ASKED: Final = 200  # single rows
_ARGUMENTS: Final = ("truth", "answers", "context")


def score(call: Call, model: SavedModel, part: Part, context: Context) -> float:
    """Return the metric of the search.

    Args:
        call: The call of the step.
        model: What was trained, as it was saved.
        part: Rows that it has not seen.
        context: What it was trained with.

    Raises:
        Refused: The metric does not exist on these rows, or is no finite number.
    """
    search = call.spec.model.training.search
    metric = search.metric if search else ""
    task = call.spec.model.training.task
    if metric == _LATENCY:
        return _latency(model, part)
    if metric in TASK_METRICS[task]:
        from mlops_charts.steps.judging.metrics import metric_value  # noqa: PLC0415 - it loads numpy

        classes, lists = model.signature.classes, lists_of(call.spec, part)
        return metric_value(metric, task, part.y, answers_of(model, part), classes, groups=lists)
    return _own(call, metric, part.y, answers_of(model, part).labels, context)


def _own(call: Call, metric: str, truth: Any, labels: Any, context: Context) -> float:
    entrypoint = call.spec.model.validation.metrics
    if entrypoint is None:
        raise Refused(f"training.search.metric: nothing produces the metric {metric}")
    function = load_function(call.source, entrypoint)
    expect_arguments(function, entrypoint, _ARGUMENTS)
    with calling(entrypoint):
        found = dict(function(truth.to_numpy(), labels, context))
    if metric not in found:
        raise Refused(f"{entrypoint}: gives no {metric}; it gives {', '.join(sorted(map(str, found))) or 'nothing'}")
    with calling(entrypoint):
        value = float(found[metric])
    if not math.isfinite(value):
        raise Refused(f"{entrypoint}: {metric} is {value}, and a search needs a finite number")
    return value


def _latency(model: SavedModel, part: Part) -> float:
    """Return the 99th percentile of the seconds that one row takes."""
    taken: list[float] = []
    for i in range(_ASKED + 1):
        row = part.take([i % len(part.X)])
        started = time.perf_counter()
        answers_of(model, row)
        taken.append(time.perf_counter() - started)
    return sorted(taken[1:])[math.ceil(0.99 * _ASKED) - 1]  # the first one warms up
