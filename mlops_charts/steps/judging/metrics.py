"""The metrics of `contract.TASK_METRICS`, each a number from rows with truth and answers.

They are written in numpy, because intervals ask them thousands of times, and are held against scikit-learn in tests;
what each means, with two classes and with more, stands in docs/validation.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from mlops_charts.contract import CLASS_METRICS, TASK_METRICS
from mlops_charts.saved_model import Answers
from mlops_charts.steps.judging.lists import LIST_METRICS, list_values
from mlops_charts.steps.judging.sample import Sample, Undefined, sample

LATENCY: Final = "latencyP99Seconds"
LESS_IS_BETTER: Final = frozenset({
    "logLoss", "brier", "mae", "rmse", "mape", "medianAbsoluteError", "maxError", LATENCY,
})  # fmt: skip
_SMALLEST: Final = float(np.finfo(float).eps)  # as scikit-learn clips probabilities of a logarithm


def compute_metrics(
    task: str, truth: Any, answers: Answers, classes: Sequence[str] = (), groups: Any = None
) -> dict[str, float]:
    """Return every metric of a task that exists on these rows; all but the latency, which needs the model itself.

    Args:
        task: classification, regression, ranking or custom.
        truth: (n,) the target of each row.
        answers: What the model says of them, in the same order.
        classes: Of a classification, the labels in the order of the probabilities.
        groups: (n,) of a ranking, what the rows of one list share.

    Raises:
        Refused: The answers do not fit the rows.
    """
    return defined_metrics(sample(task, truth, answers, classes, groups))[0]


def metric_value(
    metric: str,
    task: str,
    truth: Any,
    answers: Answers,
    classes: Sequence[str] = (),
    *,
    groups: Any = None,
    cls: str | None = None,
) -> float:
    """Return one metric, of one class if `cls` names it; the other arguments are those of `compute_metrics`.

    Raises:
        Refused: The answers do not fit the rows, or the metric does not exist on them (`Undefined`).
    """
    return value(metric, sample(task, truth, answers, classes, groups), cls)


def defined_metrics(rows: Sample) -> tuple[dict[str, float], dict[str, str]]:
    """Return the task's metrics that exist on these rows, and of the others why they do not."""
    found: dict[str, float] = {}
    missing: dict[str, str] = {}
    for metric in TASK_METRICS[rows.task]:
        if metric == LATENCY:
            continue
        try:
            found[metric] = value(metric, rows)
        except Undefined as reason:
            missing[metric] = str(reason)
    return found, missing


def value(metric: str, rows: Sample, cls: str | None = None) -> float:
    """Return a metric on some rows, of one class if `cls` names it.

    Raises:
        Undefined: It does not exist on these rows.
    """
    if metric not in TASK_METRICS[rows.task] or metric == LATENCY:
        raise Undefined(f"{metric} is no metric that answers alone give for the task {rows.task}")
    if not len(rows):
        raise Undefined(f"{metric} needs rows, and there are none")
    if metric in CLASS_METRICS:
        return _of_classes(metric, rows, cls)
    found = float(_WHOLE[metric](rows))
    if not np.isfinite(found):
        raise Undefined(f"{metric} is no finite number on these {len(rows):,} rows")
    return found


# --- metrics of one class, and their mean ---
def positive(rows: Sample, cls: str | None) -> int | None:
    """Return the index of the class that a metric is taken of: of two, without a name, the second; None: all."""
    if cls is not None:
        return rows.position(cls)
    return 1 if len(rows.classes) == 2 else None  # noqa: PLR2004 - yes and no


def confusion(rows: Sample) -> Any:
    """Return the counts (classes, classes) of rows by what is true, down, and what was answered, across."""
    size = len(rows.classes)
    return np.bincount(rows.truth * size + rows.answers, minlength=size * size).reshape(size, size)


def ratio(metric: str, matrix: Any, k: int) -> tuple[Any, Any]:
    """Return numerator and denominator of precision, recall, specificity or f1 of class `k`.

    Args:
        metric: One of the four.
        matrix: (..., classes, classes) counts or shares as `confusion` has them.
        k: Index of the class.
    """
    hits = matrix[..., k, k]
    missed = matrix[..., k, :].sum(axis=-1) - hits
    alarms = matrix[..., :, k].sum(axis=-1) - hits
    rest = matrix.sum(axis=(-2, -1)) - hits - missed - alarms
    return {
        "precision": (hits, hits + alarms),
        "recall": (hits, hits + missed),
        "specificity": (rest, rest + alarms),
        "f1": (2 * hits, 2 * hits + missed + alarms),
    }[metric]


def check_class(metric: str, rows: Sample, k: int) -> None:
    """Refuse a metric of a class that these rows say nothing about.

    Raises:
        Undefined: No row is of the class, or, where the others count, every row is.
    """
    of_class = int((rows.truth == k).sum())
    name = rows.classes[k]
    if metric != "specificity" and not of_class:
        raise Undefined(f'{metric} of "{name}" does not exist: none of these {len(rows):,} rows is "{name}"')
    if metric in {"specificity", "rocAuc"} and of_class == len(rows):
        raise Undefined(f'{metric} of "{name}" does not exist: each of these {len(rows):,} rows is "{name}"')


def _of_classes(metric: str, rows: Sample, cls: str | None) -> float:
    one = positive(rows, cls)
    chosen = range(len(rows.classes)) if one is None else (one,)
    for k in chosen:
        check_class(metric, rows, k)
    if metric == "rocAuc":
        return float(np.mean([_area(rows, k) for k in chosen]))
    matrix = confusion(rows)
    pairs = [ratio(metric, matrix, k) for k in chosen]
    return float(np.mean([above / below if below else 0.0 for above, below in pairs]))


def _area(rows: Sample, k: int) -> float:
    """Return the area under the ROC curve of class `k` against the rest: P(score of one > of the other), ties half."""
    from scipy.stats import rankdata  # noqa: PLC0415 - scipy.stats takes a second to load

    is_k = rows.truth == k
    ranks = rankdata(_probabilities(rows, "rocAuc")[:, k])
    count = int(is_k.sum())
    return float((ranks[is_k].sum() - count * (count + 1) / 2) / (count * (len(rows) - count)))


def _probabilities(rows: Sample, metric: str) -> Any:
    """Return (n, classes) with a column of zeros for each class that only the rows have."""
    if rows.probabilities is None:
        raise Undefined(f"{metric} needs probabilities, and the model gives none: its estimator lacks predict_proba")
    missing = len(rows.classes) - rows.probabilities.shape[1]
    return np.pad(rows.probabilities, ((0, 0), (0, missing))) if missing else rows.probabilities


# --- metrics of all rows ---
def _accuracy(rows: Sample) -> Any:
    return (rows.truth == rows.answers).mean()


def _balanced_accuracy(rows: Sample) -> Any:
    for k in range(len(rows.classes)):
        check_class("recall", rows, k)
    matrix = confusion(rows)
    return np.mean(np.diag(matrix) / matrix.sum(axis=1))


def losses(metric: str, rows: Sample) -> Any:
    """Return (n,) numbers whose mean is logLoss, brier, mae or mape.

    Raises:
        Undefined: There are none.
    """
    return {"logLoss": _log_losses, "brier": _briers, "mae": _errors, "mape": _relative_errors}[metric](rows)


def _log_losses(rows: Sample) -> Any:
    said = _probabilities(rows, "logLoss")
    of_truth = said[np.arange(len(rows)), rows.truth] / said.sum(axis=1)
    return -np.log(np.clip(of_truth, _SMALLEST, 1 - _SMALLEST))


def _briers(rows: Sample) -> Any:
    said = _probabilities(rows, "brier")
    of_truth = said[np.arange(len(rows)), rows.truth]
    squares = (said**2).sum(axis=1) - 2 * of_truth + 1
    return squares / (2 if len(rows.classes) == 2 else 1)  # noqa: PLR2004 - of two classes the mean is in [0, 1]


def _errors(rows: Sample) -> Any:
    return np.abs(rows.truth - rows.answers)


def _relative_errors(rows: Sample) -> Any:
    zeros = int((rows.truth == 0).sum())
    if zeros:
        raise Undefined(f"mape divides by the target, and it is 0 in {zeros:,} of {len(rows):,} rows; use mae or rmse")
    return _errors(rows) / np.abs(rows.truth)


def _mean(of: Callable[[str, Sample], Any], metric: str) -> Callable[[Sample], Any]:
    return lambda rows: of(metric, rows).mean()


def _r2(rows: Sample) -> Any:
    around = ((rows.truth - rows.truth.mean()) ** 2).sum()
    if not around:
        raise Undefined(f"r2 compares with the mean, and the target is the same in all {len(rows):,} rows")
    return 1 - ((rows.truth - rows.answers) ** 2).sum() / around


_WHOLE: Final[dict[str, Callable[[Sample], Any]]] = {
    "accuracy": _accuracy,
    "balancedAccuracy": _balanced_accuracy,
    "rmse": lambda rows: np.sqrt((_errors(rows) ** 2).mean()),
    "r2": _r2,
    "medianAbsoluteError": lambda rows: np.median(_errors(rows)),
    "maxError": lambda rows: _errors(rows).max(),
    **{name: _mean(losses, name) for name in ("logLoss", "brier", "mae", "mape")},
    **{name: _mean(list_values, name) for name in LIST_METRICS},
}
