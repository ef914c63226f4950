"""Where rows come from: each form of `training.data.uri` as something with a digest and rows.

A digest says whether a run trains, and is taken where no code of the model may run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from mlops_charts.steps.bucket import Bucket
from mlops_charts.steps.bundled import bundled
from mlops_charts.steps.call import Call, Refused
from mlops_charts.steps.tables import read_table
from mlops_charts.steps.user_code import calling, expect_arguments, load_function, seeded


class Source(Protocol):
    """Rows that can be told from others without being read."""

    def digest(self) -> str:
        """Return the SHA-256, in hexadecimal, of what the rows follow from."""

    def read(self) -> Any:
        """Return all rows as a data frame."""


def source_of(call: Call) -> Source:
    """Return where a model's rows come from."""
    data = call.spec.model.training.data
    scheme, _, rest = data.uri.partition("://")
    if scheme == "sklearn":
        return _Bundled(rest, data.target)
    if scheme == "file":
        return _File(call.source, rest)
    if scheme == "s3":
        return Bucket(call, data.uri)
    return _Made(call.source, rest, call.spec.model.training.seed)


@dataclass(frozen=True)
class _Bundled:
    name: str
    target: str

    def digest(self) -> str:
        return hashlib.sha256(self.read().to_csv(index=False, lineterminator="\n").encode()).hexdigest()

    def read(self) -> Any:
        return bundled(self.name, self.target)


@dataclass(frozen=True)
class _File:
    folder: Path
    name: str

    def digest(self) -> str:
        found = hashlib.sha256()
        with self._path().open("rb") as file:
            while chunk := file.read(1024 * 1024):
                found.update(chunk)
        return found.hexdigest()

    def read(self) -> Any:
        return read_table(self._path(), f"file://{self.name}")

    def _path(self) -> Path:
        name = PurePosixPath(self.name)
        if name.is_absolute() or ".." in name.parts:
            raise Refused(f"file://{self.name}: leads out of the model's folder; paths are relative to it")
        path = self.folder / name
        if path.is_dir():
            raise Refused(f"file://{self.name}: is a folder; name one file of it")
        if not path.is_file():
            raise Refused(f"file://{self.name}: there is no such file in the model's folder")
        return path


@dataclass(frozen=True)
class _Made:
    """Rows that a function makes; its digest is that of all it can follow from."""

    folder: Path
    entrypoint: str
    seed: int

    def digest(self) -> str:
        found = hashlib.sha256(f"{self.entrypoint}\0{self.seed}\n".encode())
        for name, path in sorted(_files(self.folder)):
            found.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
        return found.hexdigest()

    def read(self) -> Any:
        import pandas as pd  # noqa: PLC0415 - 0.4 s

        function = load_function(self.folder, self.entrypoint)
        expect_arguments(function, self.entrypoint, ("seed",))
        seeded(self.seed)
        with calling(self.entrypoint):
            made = function(self.seed)
        if not isinstance(made, pd.DataFrame):
            raise Refused(f"{self.entrypoint}: returned {type(made).__name__}, expected a pandas DataFrame")
        return made.reset_index(drop=True)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the source files; a mounted ConfigMap has them behind links to folders that begin with two dots."""
    for where, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith("..") and name != "__pycache__"]
        for name in names:
            path = Path(where, name)
            if not name.startswith(".."):
                yield path.relative_to(folder).as_posix(), path
