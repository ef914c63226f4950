"""A request with real rows, in the forms in which servers take it, and the answers of the saved model."""

from __future__ import annotations

import base64
import math
from typing import Any, Final

from mlops_charts.saved_model import Answers, Example, ExampleAnswers, Rows, Signature

ROWS: Final = 2
_DATATYPES: Final = {"boolean": "BOOL", "integer": "INT64", "double": "FP64", "string": "BYTES", "bytes": "BYTES"}


def example_rows(X: Any) -> Any:  # noqa: N803 - the field's own name for features
    """Return the rows of an example: the first that lack nothing, or the first."""
    whole = X[~X.isna().any(axis=1)]
    return (whole if len(whole) >= ROWS else X).head(ROWS).reset_index(drop=True)


def example_of(rows: Rows, answers: Answers, signature: Signature) -> Example:
    """Return the example of some rows and what was answered to them."""
    v2, seldon = requests_of(rows, signature)
    return Example(
        v2=v2,
        seldon=seldon,
        answers=ExampleAnswers(
            labels=[plain(label) for label in answers.labels],
            probabilities=None if answers.probabilities is None else answers.probabilities.tolist(),
        ),
    )


def requests_of(rows: Rows, signature: Signature) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the bodies of a request with some rows, in version 2 of the protocol and in Seldon's."""
    columns = {column.name: [plain(value) for value in rows[column.name]] for column in signature.inputs}
    v2 = [
        {
            "name": column.name,
            "shape": [len(columns[column.name]), 1],
            "datatype": "FP64" if rows[column.name].dtype.kind == "f" else _DATATYPES[column.type],
            "data": columns[column.name],
        }
        for column in signature.inputs
    ]
    ndarray = [list(row) for row in zip(*columns.values(), strict=True)]
    return {"inputs": v2}, {"data": {"names": list(columns), "ndarray": ndarray}}


def plain(value: Any) -> Any:
    """Return a value of numpy's as JSON has it: what is no finite number is null, bytes are Base64."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return None if isinstance(value, float) and not math.isfinite(value) else value
