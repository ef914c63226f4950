"""Metrics of rankings: each list has a value, and the metric is their mean."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from mlops_charts.steps.judging.sample import Sample, Undefined

LIST_METRICS: Final = ("ndcg", "map", "mrr", "hitRate")
HIT_PLACES: Final = 10
"""A list is a hit if something relevant stands among this many first places."""


def list_values(metric: str, rows: Sample) -> Any:
    """Return the metric of each list that holds something relevant; a list without tells rankings apart by nothing.

    Raises:
        Undefined: There are no lists, or nothing in them is relevant.
    """
    if rows.groups is None:
        raise Undefined(
            f"{metric} is the mean over lists, and nothing says which rows are one list: "
            "training.data.split: {by: group, column: NAME}"
        )
    order = np.argsort(rows.groups, kind="stable")
    cuts = np.flatnonzero(np.diff(rows.groups[order])) + 1
    lists = [(rows.truth[part], rows.answers[part]) for part in np.split(order, cuts)]
    found = [_value(metric, truth, scores) for truth, scores in lists if (truth > 0).any()]
    if not found:
        raise Undefined(f"{metric} does not exist: nothing is relevant in any of the {len(lists):,} lists")
    return np.array(found)


def _value(metric: str, truth: Any, scores: Any) -> float:
    if metric == "ndcg":
        return _ndcg(truth, scores)
    if metric == "map":
        return _average_precision(truth > 0, scores)
    first = _first(truth > 0, scores)
    return 1 / first if metric == "mrr" else float(first <= HIT_PLACES)


def _first(relevant: Any, scores: Any) -> int:
    """Return the place of the first relevant item, from 1; among equal scores it stands last, so ties earn nothing."""
    return int((scores >= scores[relevant].max()).sum())


def _ndcg(truth: Any, scores: Any) -> float:
    """Return the discounted gain of the order as a share of the best order's; items of equal scores share gains."""
    from sklearn.metrics import ndcg_score  # noqa: PLC0415 - loads scikit-learn

    if (truth < 0).any():
        raise Undefined("ndcg adds up gains, and the target is negative in some rows; 0 stands for not relevant")
    return float(ndcg_score(truth[None], scores[None])) if len(truth) > 1 else 1.0


def _average_precision(relevant: Any, scores: Any) -> float:
    from sklearn.metrics import average_precision_score  # noqa: PLC0415 - loads scikit-learn

    return float(average_precision_score(relevant, scores))
