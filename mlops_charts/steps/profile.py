"""Which share of some rows falls where: the bins of features and predictions.

Numbers have bins between their deciles, so that each holds about as many rows. Texts have the commonest values, or,
where hardly any value comes twice, their lengths: what people wrote is nobody's reference. It knows numpy alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from mlops_charts.saved_model.model import Answers, Rows
from mlops_charts.saved_model.profile import Bins, CategoryBins, NumberBins, label, lengths
from mlops_charts.saved_model.signature import Column, Signature

BINS: Final = 10
CATEGORIES: Final = 50
_LONGEST: Final = 100  # characters of a category; a longer one counts as another
_REPEATED: Final = 0.5  # share of the rows that the categories must hold, else lengths are measured


def feature_bins(column: Column, values: Any) -> Bins:
    """Return the bins of a feature.

    Args:
        column: Its name and type.
        values: (n,) as `Rows` holds them.
    """
    if column.type in {"boolean", "integer", "double"}:
        return number_bins(values)
    if column.type == "bytes":
        return number_bins(lengths(values), measured="length")
    return text_bins(values)


def prediction_bins(signature: Signature, answers: Answers) -> Bins:
    """Return the bins of what a model says: every class, or the values or scores."""
    import numpy as np  # noqa: PLC0415 - the command line names steps without numpy

    if signature.classes:
        return _shares_of(signature.classes, answers.labels)
    found = np.asarray(answers.labels)
    return number_bins(found) if found.dtype.kind in "biuf" else text_bins(found)


def number_bins(values: Any, *, measured: Any = "value") -> NumberBins:
    """Return at most BINS bins between quantiles of numbers; NaN is missing.

    A column of one value has three, so that what lies below and above it is seen later.
    """
    import numpy as np  # noqa: PLC0415

    numbers = np.asarray(values, dtype=np.float64)
    finite = numbers[np.isfinite(numbers)]
    edges: tuple[float, ...] = ()
    if finite.size:
        deciles = [-(-finite.size * rank // BINS) - 1 for rank in range(1, BINS)]
        edges = tuple(np.unique(np.sort(finite)[deciles]).tolist())
        if len(edges) == 1:
            edges = (math.nextafter(edges[0], -math.inf), edges[0])
    empty = NumberBins(measured=measured, edges=edges, shares=(0.0,) * (len(edges) + 1))
    shares = _shares(NumberBins(edges=edges, shares=empty.shares).counts(numbers))
    return empty.model_copy(update={"shares": shares[:-1], "missing": shares[-1]})


def text_bins(values: Iterable[Any]) -> Bins:
    """Return the commonest texts, at most CATEGORIES; of texts that hardly ever repeat, bins of their lengths."""
    found = [None if value is None else label(value) for value in values]
    counted = Counter(text for text in found if text is not None and len(text) <= _LONGEST)
    known = sum(text is not None for text in found)
    common = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:CATEGORIES]
    held = sum(count for _, count in common)
    repeated = held - sum(count == 1 for _, count in common)
    if known and (held < _REPEATED * known or repeated < _REPEATED * held):
        return number_bins(lengths(found), measured="length")
    return _shares_of([text for text, _ in common], found)


def _shares_of(categories: Sequence[str], values: Iterable[Any]) -> CategoryBins:
    empty = CategoryBins(categories=tuple(categories), shares=(0.0,) * len(categories))
    *shares, other, missing = _shares(empty.counts(values))
    return empty.model_copy(update={"shares": tuple(shares), "other": other, "missing": missing})


def _shares(counts: Any) -> tuple[float, ...]:
    """Return counts as shares of their sum; all zero where there is nothing."""
    total = int(counts.sum())
    return tuple((counts / total).tolist()) if total else (0.0,) * len(counts)


def features_of(signature: Signature, watched: Sequence[str] | str, rows: Rows) -> dict[str, Bins]:
    """Return the bins of each feature that is watched, in the signature's order.

    Raises:
        KeyError: The model has no such feature.
    """
    columns = {column.name: column for column in signature.inputs}
    names = list(columns) if watched == "all" else [name for name in columns if name in watched]
    if unknown := [name for name in ([] if watched == "all" else watched) if name not in columns]:
        raise KeyError(unknown[0])
    return {name: feature_bins(columns[name], rows[name]) for name in names}
