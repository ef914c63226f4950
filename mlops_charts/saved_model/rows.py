"""Rows in the shapes that what computes takes: a matrix of numbers, a matrix of anything, one array a column."""

from __future__ import annotations

from typing import Any

from mlops_charts.saved_model.model import Rows
from mlops_charts.saved_model.signature import Signature


def matrix_of(rows: Rows, signature: Signature, dtype: Any) -> Any:
    """Return (n, columns) of a type, the columns in the signature's order."""
    import numpy as np  # noqa: PLC0415 - the command line reads signatures without numpy

    names = [column.name for column in signature.inputs]
    matrix = np.empty((len(rows[names[0]]) if names else 0, len(names)), dtype)
    with np.errstate(over="ignore"):  # as in `cast`
        for index, name in enumerate(names):
            matrix[:, index] = rows[name]
    return matrix


def cast(values: Any, dtype: Any) -> Any:
    """Return values in a type, where what is beyond its largest number is infinite; a server lets none of that in."""
    import numpy as np  # noqa: PLC0415 - as above

    if values.dtype == dtype:
        return values
    with np.errstate(over="ignore"):
        return values.astype(dtype)


def columns_of(matrix: Any, signature: Signature) -> Rows:
    """Return the columns of a matrix of numbers."""
    return {column.name: matrix[:, index] for index, column in enumerate(signature.inputs)}
