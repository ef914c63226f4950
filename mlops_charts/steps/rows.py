"""A data frame as the rows that a saved model takes."""

from __future__ import annotations

from typing import Any

from mlops_charts.saved_model import Column, Rows, Signature
from mlops_charts.saved_model.signature import Type
from mlops_charts.steps.call import Refused

_KINDS: dict[str, Type] = {
    "boolean": "boolean",
    "integer": "integer",
    "floating": "double",
    "mixed-integer-float": "double",
    "integer-na": "integer",
    "string": "string",
    "bytes": "bytes",
    "empty": "double",
}
_FITS: dict[Type, set[Type]] = {
    "boolean": {"boolean"},
    "integer": {"integer", "boolean"},
    "double": {"double", "integer", "boolean"},
    "string": {"string"},
    "bytes": {"bytes"},
}


def rows_of(X: Any, signature: Signature) -> Rows:  # noqa: N803 - the field's own name for features
    """Return the columns of a data frame that a model takes; others are left out.

    Raises:
        Refused: A column is missing, or holds what the model does not take.
    """
    absent = [column for column in signature.inputs if column.name not in X.columns]
    if absent:
        wanted = ", ".join(f'"{column.name}" ({column.type})' for column in absent)
        raise Refused(f"the rows have no column {wanted}, which the model takes")
    return {column.name: _array(X[column.name], column) for column in signature.inputs}


def type_of(column: Any) -> Type | None:
    """Return the type of a Series as a signature has it; None if no model can take it."""
    import pandas as pd  # noqa: PLC0415 - 0.4 s

    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    return _KINDS.get(pd.api.types.infer_dtype(column, skipna=True))


def _array(column: Any, wanted: Column) -> Any:
    found = type_of(column)
    missing = column.isna()
    if missing.all() and len(column):
        found = wanted.type
    if wanted.type == "integer" and found == "double" and _whole(column[~missing]):
        found = "integer"
    if found is None or (len(column) and found not in _FITS[wanted.type]):
        what = found or f"values of type {_types(column)}"
        raise Refused(f'column "{wanted.name}" holds {what}, e.g. {_sample(column)!r}; the model takes {wanted.type}')
    if wanted.type in {"string", "bytes"}:
        return column.astype(object).where(~missing, None).to_numpy(object)
    if missing.any():
        return column.to_numpy("float64", na_value=float("nan"))
    return column.to_numpy({"boolean": "bool", "integer": "int64", "double": "float64"}[wanted.type])


def _whole(column: Any) -> bool:
    return bool((column % 1 == 0).all())


def _sample(column: Any) -> Any:
    known = column.dropna()
    return known.tolist()[0] if len(known) else None


def _types(column: Any) -> str:
    return ", ".join(sorted({type(value).__name__ for value in column.dropna()}))
