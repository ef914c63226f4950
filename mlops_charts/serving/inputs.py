"""Lists of JSON become columns of numpy, as the signature has them; what is wrong names its column and row.

The fast way looks at a column as a whole; only a column that is not as it should be is searched value by value.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from sys import float_info
from typing import Any, Final

import numpy as np

from mlops_charts.saved_model import Column, Rows, Signature
from mlops_charts.serving.declined import Declined, bad, described

_INT64: Final = range(-(2**63), 2**63)
_INTEGERS: Final = frozenset({int})
_NUMBERS: Final = frozenset({int, float})  # and no boolean, which Python counts among integers


@dataclass(frozen=True)
class Inputs:
    """Reads the rows of requests.

    Attributes:
        signature: What the model takes.
        max_rows: The most rows of one request.
        missing: Whether NaN, infinities and null are missing values; else they are errors, but for null in a column
            that had missing values in training.
        largest: The largest number that the model can compute with; one beyond it is as an infinity.
    """

    signature: Signature
    max_rows: int
    missing: bool = False
    largest: float = float_info.max

    def of_columns(self, columns: Mapping[str, list[Any]]) -> Rows:
        """Return rows that came by column, in any order."""
        self._check_names(columns)
        self._check_count(max(map(len, columns.values()), default=0))
        first = len(columns[self.signature.inputs[0].name])
        for name, values in columns.items():
            if len(values) != first:
                raise bad(f'column "{name}" has {len(values)} rows, "{self.signature.inputs[0].name}" has {first}')
        return {column.name: self._array(column, columns[column.name]) for column in self.signature.inputs}

    def of_rows(self, rows: Sequence[Any], names: Sequence[Any] = ()) -> Rows:
        """Return rows that came as lists, one value a column: in the order of `names`, else in that of the model."""
        self._check_count(len(rows))
        width = len(names) or len(self.signature.inputs)
        for number, row in enumerate(rows):
            if not isinstance(row, list):
                raise bad(f"row {number}: a list of {width} values was expected, found {described(row)}")
            if len(row) != width:
                raise bad(f"row {number}: {width} values were expected, found {len(row)}{self._order(names)}")
        return self.of_flat(list(chain.from_iterable(rows)), names)

    def of_flat(self, values: list[Any], names: Sequence[Any] = ()) -> Rows:
        """Return rows that came one after the other; the number of values is a multiple of that of the columns."""
        order = self._ordered(names)
        self._check_count(len(values) // len(order))
        columns = {name: values[place :: len(order)] for place, name in enumerate(order)}
        return {column.name: self._array(column, columns[column.name]) for column in self.signature.inputs}

    def _ordered(self, names: Sequence[Any]) -> tuple[str, ...]:
        if not names:
            return tuple(column.name for column in self.signature.inputs)
        if not all(isinstance(name, str) for name in names):
            raise bad("names: a list of texts was expected")
        if len(set(names)) < len(names):
            raise bad("names: a column stands in it twice")
        self._check_names(dict.fromkeys(names))
        return tuple(names)

    def _check_names(self, given: Mapping[str, Any]) -> None:
        known = [column.name for column in self.signature.inputs]
        missing = [name for name in known if name not in given]
        foreign = [name for name in given if name not in known]
        if foreign:
            raise bad(f'the model has no column "{foreign[0][:100]}"; its columns are {_listed(known)}')
        if missing:
            raise bad(f"missing column{'s' * (len(missing) > 1)} {_listed(missing)}")

    def _check_count(self, rows: int) -> None:
        if rows == 0:
            raise bad("there are no rows")
        if rows > self.max_rows:
            raise Declined(413, f"{rows} rows; at most {self.max_rows} may come in one request")

    def _order(self, names: Sequence[Any]) -> str:
        return "" if names else f" (the columns are {_listed([column.name for column in self.signature.inputs])})"

    def _array(self, column: Column, values: list[Any]) -> Any:
        return _READERS[column.type](column, values, self)


def _doubles(column: Column, values: list[Any], rule: Inputs) -> Any:
    array = _plain(values, _NUMBERS, np.float64)
    if array is None:
        for row, found in enumerate(values):
            _check_number(column, row, found, rule)
        array = np.array([_float(found) for found in values], dtype=np.float64)
    fitting = np.abs(array) <= rule.largest
    if fitting.all():
        return array
    if not rule.missing:
        _check_fitting(column, array, values, rule.largest)
    return np.where(fitting, array, np.nan)


def _integers(column: Column, values: list[Any], rule: Inputs) -> Any:
    array = _plain(values, _INTEGERS, np.int64)
    if array is not None and (rule.largest >= _INT64.stop or (np.abs(array.astype(float)) <= rule.largest).all()):
        return array
    numbers = _doubles(column, values, rule)
    for row, found in enumerate(values):
        lacking = np.isnan(numbers[row]) and not isinstance(found, int)
        if not lacking and (found != int(found) or int(found) not in _INT64):
            raise _unexpected(column, row, found)
    # numpy has no missing integer: a column with one is of doubles, as it is in pandas.
    return numbers if np.isnan(numbers).any() else np.array([int(found) for found in values], dtype=np.int64)


def _booleans(column: Column, values: list[Any], rule: Inputs) -> Any:
    for row, found in enumerate(values):
        if found not in (True, False) and not _lacks(column, found, rule):
            raise _unexpected(column, row, found)
    if any(found is None for found in values):
        return np.array([np.nan if found is None else float(found) for found in values], dtype=np.float64)
    return np.array([bool(found) for found in values], dtype=np.bool_)


def _strings(column: Column, values: list[Any], rule: Inputs) -> Any:
    for row, found in enumerate(values):
        if not isinstance(found, str) and not _lacks(column, found, rule):
            raise _unexpected(column, row, found)
    return _objects(values)


def _bytes(column: Column, values: list[Any], rule: Inputs) -> Any:
    texts = _strings(column, values, rule)
    return _objects([None if found is None else _decoded(column, row, found) for row, found in enumerate(texts)])


def _decoded(column: Column, row: int, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _unexpected(column, row, text) from None


_READERS: Final[dict[str, Callable[[Column, list[Any], Inputs], Any]]] = {
    "double": _doubles,
    "integer": _integers,
    "boolean": _booleans,
    "string": _strings,
    "bytes": _bytes,
}
_WORDS: Final = {
    "double": "a number",
    "integer": "an integer",
    "boolean": "true or false",
    "string": "a text",
    "bytes": "bytes in base64",
}


def _plain(values: list[Any], types: frozenset[type], dtype: Any) -> Any:
    """Return values as an array if all are of some types and fit; else None, and they must be looked at one by one."""
    if not types.issuperset(map(type, values)):
        return None
    try:
        return np.array(values, dtype)
    except OverflowError:
        return None


def _objects(values: list[Any]) -> Any:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _check_number(column: Column, row: int, found: Any, rule: Inputs) -> None:
    number = isinstance(found, int | float) and not isinstance(found, bool)
    if not number and not _lacks(column, found, rule):
        raise _unexpected(column, row, found)


def _check_fitting(column: Column, array: Any, values: list[Any], largest: float) -> None:
    for row in np.flatnonzero(~(np.abs(array) <= largest)).tolist():
        if values[row] is not None:
            expected = f'column "{column.name}", row {row}: {_WORDS[column.type]} was expected, found one that is'
            beyond = "infinite" if np.isinf(array[row]) else f"beyond {largest:.7g}, the largest that the model takes"
            raise bad(f"{expected} {'NaN' if np.isnan(array[row]) else beyond}")


def _lacks(column: Column, found: Any, rule: Inputs) -> bool:
    """Return whether a value is missing, and may be."""
    return found is None and (rule.missing or column.nullable)


def _float(found: Any) -> float:
    try:
        return np.nan if found is None else float(found)
    except OverflowError:
        return float("inf")


def _unexpected(column: Column, row: int, found: Any) -> Declined:
    expected = _WORDS[column.type] + (" or null" if column.nullable else "")
    return bad(f'column "{column.name}", row {row}: {expected} was expected, found {described(found)}')


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:10])
    return f"{shown} and {len(names) - 10} more" if len(names) > 10 else shown  # noqa: PLR2004 - a line that is read
