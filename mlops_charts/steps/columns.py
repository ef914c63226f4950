"""The types of columns: one form of each kind, and all that is wrong with the rows before anything is learnt from them.

Problems are collected, so that one run tells all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mlops_charts.problems.suggest import nearest
from mlops_charts.spec.model import ModelSpec

_MOSTLY: Final = 0.9  # a column of text with more numbers than this is a column of numbers with slips in it
_SHOWN: Final = 12  # columns named in a message
_KINDS: Final = {
    "decimal": "decimal numbers; write them as floating point",
    "datetime64": "times; exclude it, or turn it into numbers",
    "datetime": "times; exclude it, or turn it into numbers",
    "date": "dates; exclude it, or turn it into numbers",
    "time": "times of day; exclude it, or turn it into numbers",
    "timedelta64": "durations; turn it into numbers",
    "timedelta": "durations; turn it into numbers",
    "complex": "complex numbers; split them into two columns",
}


def normal(frame: Any) -> Any:
    """Return the rows with numpy's booleans, integers and floats, and pandas' text; what fits none stays as it is.

    A boolean or an integer that is missing somewhere makes its column one of floats.
    """
    import pandas as pd  # noqa: PLC0415 - 0.4 s

    columns = [_normal(frame.iloc[:, i]) for i in range(frame.shape[1])]
    if not columns:
        return frame
    made = pd.concat(columns, axis=1).reset_index(drop=True)
    made.columns = frame.columns
    return made


def _normal(column: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - 0.1 s
    import pandas as pd  # noqa: PLC0415 - 0.4 s
    from pandas.api import types  # noqa: PLC0415

    if isinstance(column.dtype, types.CategoricalDtype):
        column = column.astype(object)
    kind = types.infer_dtype(column, skipna=True)
    if kind == "empty":
        return column.astype("float64")
    if kind == "string":
        return column.astype(pd.StringDtype(na_value=np.nan))  # what pandas 3 calls str
    missing = bool(column.isna().any())
    if kind == "boolean":
        return column.astype("float64" if missing else "bool")
    if kind in {"integer", "floating", "mixed-integer-float", "integer-na"}:
        return _number(column, missing=missing or kind != "integer")
    return column


def _number(column: Any, *, missing: bool) -> Any:
    import numpy as np  # noqa: PLC0415 - 0.1 s

    if isinstance(column.dtype, np.dtype) and column.dtype != object:
        return column
    try:
        return column.astype("float64" if missing else "int64")
    except OverflowError:
        return column


def problems(frame: Any, spec: ModelSpec) -> Iterator[str]:
    """Yield, a line each, what is wrong with rows that went through `normal`."""
    data = spec.training.data
    odd = [name for name in frame.columns if not isinstance(name, str)]
    if odd:
        yield f"the column {odd[0]!r} has no text for a name"
        return
    twice = frame.columns[frame.columns.duplicated()].unique()
    yield from (f'the column "{name}" stands there twice' for name in twice)
    if len(frame) == 0:
        yield "there is no row"
    yield from _absent(frame, spec)
    if len(twice) or len(frame) == 0:
        return
    names = features(frame, spec)
    if not names:
        yield "no column is left to learn from, without target, split column and training.data.exclude"
    for name in names:
        yield from (f'column "{name}": {line}' for line in _feature(frame[name]))
    if data.target in frame.columns:
        yield from (f'target "{data.target}": {line}' for line in _target(frame[data.target], spec.training.task))


def features(frame: Any, spec: ModelSpec) -> list[str]:
    """Return the columns to learn from: neither the target, nor the split's column, nor what is excluded."""
    data = spec.training.data
    others = {data.target, data.split.column, *data.exclude}
    return [name for name in frame.columns if name not in others]


def _absent(frame: Any, spec: ModelSpec) -> Iterator[str]:
    data = spec.training.data
    wanted = [(data.target, "training.data.target"), (data.split.column, "training.data.split.column")]
    wanted += [(name, "training.data.exclude") for name in data.exclude]
    wanted += [
        (gate.slice.column, f"validation.gates[{i}].slice")
        for i, gate in enumerate(spec.validation.gates)
        if gate.slice
    ]
    for name, place in wanted:
        if name is not None and name not in frame.columns:
            near = nearest(name, frame.columns)
            hint = f'did you mean "{near}"?' if near else f"there are {_some(frame.columns)}"
            yield f'{place}: there is no column "{name}"; {hint}'


def _some(names: Any) -> str:
    more = len(names) - _SHOWN
    return (", ".join(names[:_SHOWN]) or "none") + (f" and {more} more" if more > 0 else "")


def _feature(column: Any) -> Iterator[str]:
    from pandas.api import types  # noqa: PLC0415 - 0.4 s

    kind = types.infer_dtype(column, skipna=True)
    if column.isna().all():
        yield "has no value in any row; exclude it"
    elif kind in _KINDS:
        yield f"holds {_KINDS[kind]}"
    elif types.is_numeric_dtype(column):
        yield from _infinite(column)
    elif kind == "string":
        yield from _slips(column, most=_MOSTLY)
    elif kind != "bytes":
        yield f"holds values of several types: {_types(column)}; give it one"


def _target(column: Any, task: str) -> Iterator[str]:
    import numpy as np  # noqa: PLC0415 - 0.1 s
    from pandas.api import types  # noqa: PLC0415 - 0.4 s

    lacking = np.flatnonzero(column.isna())
    if len(lacking):
        yield f"has no value in {len(lacking)} of {len(column)} rows, first in row {lacking[0] + 1}"
    if len(lacking) == len(column) or task == "custom":
        return
    kind = types.infer_dtype(column, skipna=True)
    if kind == "mixed" or kind.startswith("mixed-integer"):
        yield f"holds values of several types: {_types(column)}; give it one"
    elif task == "classification":
        yield from _classes(column, kind)
    elif kind == "string":
        yield from list(_slips(column, most=0)) or ["holds numbers written as text; store them as numbers"]
    elif not types.is_numeric_dtype(column) or types.is_bool_dtype(column):
        yield f"holds {_types(column)}, and the task {task} needs numbers"
    else:
        yield from _infinite(column)


def _classes(column: Any, kind: str) -> Iterator[str]:
    known = column.dropna()
    if len(set(known)) == 1:
        yield f"has one class in all rows, {known.iloc[0]!r}; there is nothing to tell apart"
    if kind == "floating" and (known % 1 != 0).any():
        odd = known[known % 1 != 0].iloc[0]
        yield f"holds {odd}, and classes are names or whole numbers; the task regression takes any number"
    if kind not in {"string", "integer", "boolean", "floating"}:
        yield f"holds {_types(column)}, and classes are names or whole numbers"


def _infinite(column: Any) -> Iterator[str]:
    import numpy as np  # noqa: PLC0415 - 0.1 s

    found = np.flatnonzero(np.isinf(column.to_numpy(dtype="float64", na_value=np.nan)))
    if len(found):
        yield f"is infinite in {len(found)} of {len(column)} rows, first in row {found[0] + 1}"


def _slips(column: Any, *, most: float) -> Iterator[str]:
    """Yield what stands between numbers in a column of text, if more than a share of it are numbers."""
    import numpy as np  # noqa: PLC0415 - 0.1 s
    import pandas as pd  # noqa: PLC0415 - 0.4 s

    known = column.notna().to_numpy()
    numbers = pd.to_numeric(column, errors="coerce").notna().to_numpy()
    odd = np.flatnonzero(known & ~numbers)
    if len(odd) and numbers.sum() >= most * known.sum():
        yield (
            f"is no number in {len(odd)} of {len(column)} rows: {column.iloc[odd[0]]!r} in row {odd[0] + 1}; "
            "correct it, or leave the field empty"
        )


def _types(column: Any) -> str:
    return ", ".join(sorted({type(value).__name__ for value in column.dropna()}))
