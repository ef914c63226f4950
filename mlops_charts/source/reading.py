"""Bytes of a file or of standard input, never more than the limit. It does not look into them."""

import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from mlops_charts.problems import Position, Problem
from mlops_charts.source.text import SIZE_LIMIT, too_large


def read(path: str | os.PathLike[str]) -> tuple[bytes | None, list[Problem]]:
    """The bytes of the file, or of standard input for ``-``; None and the problem if they cannot be had.

    Never raises for what the operating system refuses, and never reads more than the limit and one byte.
    """
    name = os.fspath(path)
    try:
        if name == "-":
            return _limited(sys.stdin.buffer, "<stdin>")
        with Path(name).open("rb") as file:
            return _limited(file, name)
    except FileNotFoundError:
        note = _siblings(Path(name))
        return None, [Problem("file-not-found", "no such file", Position(name), note=note)]
    except IsADirectoryError:
        note = f"name a file in it, such as {Path(name) / 'model.yaml'}"
        return None, [Problem("file-unreadable", "this is a folder, expected a file", Position(name), note=note)]
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return None, [Problem("file-unreadable", f"cannot be read: {reason}", Position(name))]


def _limited(file: BinaryIO, name: str) -> tuple[bytes | None, list[Problem]]:
    data = file.read(SIZE_LIMIT + 1)
    return (data, []) if len(data) <= SIZE_LIMIT else (None, [too_large(_full_size(file), name)])


def _full_size(file: BinaryIO) -> int | None:
    try:
        status = os.fstat(file.fileno())
    except (OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _siblings(path: Path) -> str:
    """The nearest existing folder, so that the wrong part of a path is seen at once."""
    existing = next((parent for parent in path.parents if parent.is_dir()), None)
    return f"the folder {existing} exists" if existing and existing != Path() else ""
