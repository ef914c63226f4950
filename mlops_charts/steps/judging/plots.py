"""Pictures of how a model errs, from its answers to the test rows."""

from __future__ import annotations

from html import escape
from typing import Any, Final

import numpy as np

from mlops_charts.steps.judging.lists import LIST_METRICS, list_values
from mlops_charts.steps.judging.sample import Sample, Undefined
from mlops_charts.steps.judging.svg import Axes, span

_POINTS: Final = 1500  # more are a blot
_CURVES: Final = 8  # classes whose curves can be told apart
_BINS: Final = 10
_UNIT: Final = (0.0, 1.0)
Picture = tuple[str, str, str]
"""A title, what to see in it, and the SVG."""


def pictures(rows: Sample) -> list[Picture]:
    """Return the pictures of a task; none of a custom one."""
    if rows.task == "classification" and rows.probabilities is not None:
        return [_roc(rows), _calibration(rows)]
    if rows.task == "regression":
        return [_against_truth(rows), _residuals(rows)]
    if rows.task == "ranking" and rows.groups is not None:
        return _of_lists(rows)
    return []


def _roc(rows: Sample) -> Picture:
    axes = Axes(_UNIT, _UNIT, "false alarms among the others", "found of the class", "ROC curve")
    known = rows.probabilities.shape[1]
    every = (1,) if known == 2 else range(known)  # noqa: PLR2004 - two classes mirror each other
    shown = [k for k in every if 0 < (rows.truth == k).sum() < len(rows)][:_CURVES]
    lines = [axes.line(_curve(rows.probabilities[:, k], rows.truth == k), f"line hue{i}") for i, k in enumerate(shown)]
    names = " ".join(f'<span class="key hue{i}">{escape(rows.classes[k])}</span>' for i, k in enumerate(shown))
    some = f" ({len(shown)} of {len(every)} classes)" if len(shown) < len(every) else ""
    said = (
        f"The closer to the upper left corner, the better classes are told apart; the diagonal is chance. {names}{some}"
    )
    return "Telling classes apart", said, axes.drawn(axes.line(((0.0, 0.0), (1.0, 1.0)), "chance"), *lines)


def _curve(scores: Any, is_class: Any) -> list[tuple[float, float]]:
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    found, alarms = np.cumsum(is_class[order])[ends], np.cumsum(~is_class[order])[ends]
    across, upward = alarms / (~is_class).sum(), found / is_class.sum()
    return [(0.0, 0.0), *zip(across.tolist(), upward.tolist(), strict=True)]


def _calibration(rows: Sample) -> Picture:
    axes = Axes(_UNIT, _UNIT, "probability that the model gives", "share that is right", "Calibration")
    top = rows.probabilities.max(axis=1)
    right = rows.probabilities.argmax(axis=1) == rows.truth
    bins = np.minimum((top * _BINS).astype(int), _BINS - 1)
    points = [(float(top[bins == b].mean()), float(right[bins == b].mean())) for b in np.unique(bins)]
    said = "When the model says 80 %, is it right in 80 of 100 rows? Points below the diagonal are overconfident."
    diagonal = axes.line(((0.0, 0.0), (1.0, 1.0)), "chance")
    return (
        "Meaning what it says",
        said,
        axes.drawn(diagonal, axes.line(points, "line hue0"), axes.dots(points, "dot", 4)),
    )


def _against_truth(rows: Sample) -> Picture:
    some = np.linspace(0, len(rows) - 1, min(len(rows), _POINTS)).astype(int)
    points = list(zip(rows.truth[some].tolist(), rows.answers[some].tolist(), strict=True))
    ends = span(float(min(rows.truth.min(), rows.answers.min())), float(max(rows.truth.max(), rows.answers.max())))
    axes = Axes(ends, ends, "true", "answered", "Answers against the truth")
    diagonal = axes.line(((ends[0], ends[0]), (ends[1], ends[1])), "chance")
    said = "Each point is a test row; on the diagonal the answer is exactly right."
    return "Answers against the truth", said, axes.drawn(diagonal, axes.dots(points, "dot faint"))


def _residuals(rows: Sample) -> Picture:
    errors = rows.answers - rows.truth
    heights, edges = np.histogram(errors, bins=2 * _BINS)
    axes = Axes(
        (float(edges[0]), float(edges[-1])), (0.0, 1.05 * float(heights.max())), "answer minus truth", "rows", "Errors"
    )
    said = "How large errors are; a heap off 0 means that the model is wrong in one direction."
    return "Size of the errors", said, axes.drawn(axes.bars(edges.tolist(), heights.tolist(), "bar"))


def _of_lists(rows: Sample) -> list[Picture]:
    try:
        values = list_values(LIST_METRICS[0], rows)
    except Undefined:
        return []
    heights, edges = np.histogram(values, bins=_BINS, range=_UNIT)
    axes = Axes(_UNIT, (0.0, 1.05 * float(heights.max())), f"{LIST_METRICS[0]} of a list", "lists", "Lists")
    said = "How well single lists are ordered; 1 is the best order that there is."
    return [("From list to list", said, axes.drawn(axes.bars(edges.tolist(), heights.tolist(), "bar")))]
