"""Files of rows, CSV and Parquet, as data frames. It knows files alone, neither where they come from nor what is asked.

A type of a column is decided by all its rows and never by the part of a file that is read at a time.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from mlops_charts.steps.call import Refused

ENDINGS: Final = (".csv", ".csv.gz", ".parquet")
_MISSING: Final = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")  # fewer than pandas': a class may be called None
_INDEX: Final = "__index_level_0__"  # what pandas writes of an index without a name


def is_table(name: str) -> bool:
    """Return whether a file's name is that of rows."""
    return name.lower().endswith(ENDINGS)


def read_table(path: Path, name: str) -> Any:
    """Return the rows of a file.

    Args:
        path: The file.
        name: What it is called in messages; its end says the format.

    Raises:
        Refused: It is empty, not what its name says, or has a column twice.
    """
    if not is_table(name):
        raise Refused(f"{name}: rows are read from files that end in {', '.join(ENDINGS)}")
    if path.stat().st_size == 0:
        raise Refused(f"{name}: the file is empty")
    return _parquet(path, name) if name.lower().endswith(".parquet") else _csv(path, name)


def concatenated(tables: Iterable[tuple[str, Any]]) -> Any:
    """Return the rows of several files as one frame.

    Args:
        tables: Name and rows of each, in the order that the rows are to have.

    Raises:
        Refused: They do not have the same columns.
    """
    import pandas as pd  # noqa: PLC0415 - 0.4 s

    first, *others = tables
    problems = [line for name, frame in others for line in _unlike(first, (name, frame))]
    if problems:
        raise Refused("\n".join(problems))
    columns = list(first[1].columns)
    return pd.concat([frame[columns] for _, frame in (first, *others)], ignore_index=True)


def _unlike(first: tuple[str, Any], other: tuple[str, Any]) -> list[str]:
    wanted, found = list(first[1].columns), list(other[1].columns)
    lacking = [f'{other[0]}: has no column "{name}", which {first[0]} has' for name in wanted if name not in found]
    return lacking + [
        f'{other[0]}: has a column "{name}", which {first[0]} lacks' for name in found if name not in wanted
    ]


def _once(names: Iterable[Any], file: str) -> None:
    seen: set[Any] = set()
    twice = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    if twice:
        raise Refused("\n".join(f'{file}: the column "{name}" stands there twice' for name in dict.fromkeys(twice)))


def _csv(path: Path, name: str) -> Any:
    import pandas as pd  # noqa: PLC0415 - 0.4 s

    compression = "gzip" if name.lower().endswith(".gz") else None
    try:
        header = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False, compression=compression)
        _once(header.iloc[0], name)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                path,
                low_memory=False,
                index_col=False,
                compression=compression,
                keep_default_na=False,
                na_values=list(_MISSING),
            )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning) as error:
        raise Refused(f"{name}: is no CSV: {_sentence(error)}") from None
    except UnicodeDecodeError as error:
        raise Refused(f"{name}: is no text in UTF-8: byte {error.start} is not") from None
    except (EOFError, OSError, zlib.error) as error:
        raise Refused(f"{name}: cannot be read: {_sentence(error)}") from None


def _parquet(path: Path, name: str) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - 0.2 s
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise Refused(f"{name}: is no Parquet: {_sentence(error)}") from None
    _once(table.schema.names, name)
    frame = table.to_pandas(ignore_metadata=True)
    return frame.drop(columns=_INDEX, errors="ignore")


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
