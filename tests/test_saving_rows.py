"""Data frames as rows, and what is wrong with them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mlops_charts.saved_model import Column, Signature
from mlops_charts.steps.call import Refused
from mlops_charts.steps.rows import rows_of

SIGNATURE = Signature(
    task="regression",
    format="onnx",
    inputs=(
        Column(name="size", type="double"),
        Column(name="count", type="integer", nullable=True),
        Column(name="new", type="boolean"),
        Column(name="site", type="string", nullable=True),
    ),
)


def _frame(**other: object) -> pd.DataFrame:
    columns = {"size": [1.5, 2], "count": [1, 2], "new": [True, False], "site": ["a", "b"]}
    return pd.DataFrame(columns | other)


def test_each_column_has_its_type_and_place() -> None:
    """Columns come in the signature's order, whatever the frame's; others are left out."""
    found = rows_of(_frame(extra=[1, 2])[["site", "new", "extra", "count", "size"]], SIGNATURE)
    assert list(found) == ["size", "count", "new", "site"]
    assert [str(column.dtype) for column in found.values()] == ["float64", "int64", "bool", "object"]
    assert found["site"].tolist() == ["a", "b"]


def test_whole_numbers_are_doubles_too() -> None:
    """Integers of every width, and booleans, fit a column of doubles."""
    for given in (np.array([1, 2], "int8"), [True, False]):
        assert rows_of(_frame(size=given), SIGNATURE)["size"].dtype == "float64"


def test_what_is_missing_is_nan_or_none() -> None:
    """Among numbers NaN, in text None; whole numbers then come as doubles."""
    found = rows_of(_frame(count=[1, np.nan], site=["a", None]), SIGNATURE)
    assert [found["count"][0], bool(np.isnan(found["count"][1]))] == [1.0, True]
    assert found["site"].tolist() == ["a", None]
    whole = rows_of(_frame(count=pd.array([1, None], "Int64"), site=pd.Categorical(["b", None])), SIGNATURE)
    assert [str(whole["count"].dtype), whole["site"].tolist()] == ["float64", ["b", None]]
    assert rows_of(_frame(site=[None, None]), SIGNATURE)["site"].tolist() == [None, None]


def test_a_missing_column_is_named_with_its_type() -> None:
    """All that are missing stand in one refusal."""
    with pytest.raises(Refused, match=r'no column "size" \(double\), "new" \(boolean\), which the model takes'):
        rows_of(_frame().drop(columns=["size", "new"]), SIGNATURE)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"size": ["x", "y"]}, "column \"size\" holds string, e.g. 'x'; the model takes double"),
        ({"count": [1.5, 2.0]}, 'column "count" holds double, e.g. 1.5; the model takes integer'),
        ({"site": [1, 2]}, 'column "site" holds integer, e.g. 1; the model takes string'),
        ({"new": [0, 1]}, 'column "new" holds integer, e.g. 0; the model takes boolean'),
        ({"size": [1.0, "x"]}, 'column "size" holds values of type float, str, e.g. 1.0; the model takes double'),
    ],
)
def test_another_type_is_refused_with_an_example(column: dict[str, object], message: str) -> None:
    """The refusal names the column, what it holds and what is expected."""
    with pytest.raises(Refused) as caught:
        rows_of(_frame(**column), SIGNATURE)
    assert message == str(caught.value)


def test_doubles_that_are_whole_fit_integers() -> None:
    """CSV with a missing value elsewhere makes doubles of whole numbers."""
    assert rows_of(_frame(count=[1.0, 2.0]), SIGNATURE)["count"].dtype == "int64"
