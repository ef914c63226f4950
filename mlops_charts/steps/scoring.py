"""One figure of a model on rows that it has not seen, by which a search compares its trials."""

from __future__ import annotations

from dataclasses import replace

from mlops_charts.contract import TASK_METRICS
from mlops_charts.saved_model import SavedModel
from mlops_charts.steps.call import Call, Refused
from mlops_charts.steps.data import Part
from mlops_charts.steps.fitting import answers_of, lists_of
from mlops_charts.steps.judging.latency import measure
from mlops_charts.steps.judging.metrics import LATENCY, metric_value
from mlops_charts.steps.judging.own import own_metrics
from mlops_charts.steps.rows import rows_of
from mlops_charts.steps.user_code import Context


def score(call: Call, metric: str, model: SavedModel, part: Part, context: Context) -> float:
    """Return a metric of a model, computed as validation computes it.

    Args:
        call: The call of the step.
        metric: One of the task's, or one of the model's own.
        model: What was trained, as it was saved.
        part: Rows that it has not seen.
        context: What it was trained with.

    Raises:
        Refused: The metric does not exist on these rows, or is no finite number.
    """
    task = call.spec.model.training.task
    if metric == LATENCY:
        return measure(model, rows_of(part.X, model.signature), len(part.X)).p99
    answers = answers_of(model, part)
    if metric in TASK_METRICS[task]:
        lists = lists_of(call.spec, part)
        return metric_value(metric, task, part.y, answers, model.signature.classes, groups=lists)
    own = own_metrics(call.spec, call.source, part.y, answers.labels)
    if own is None:
        raise Refused(f"training.search.metric: nothing produces the metric {metric}")
    return replace(own, context=context).value(metric)
