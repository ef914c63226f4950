"""The files of a model's folder that are its source."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

READ_LIMIT = 2 * 1024 * 1024  # bytes; twice what a ConfigMap can hold, so that a message can still name the sizes
_NEVER = ("model.yaml", "capacity.json", "*.md", "*.ipynb", "*.pyc", "*~", "*.swp", ".*")
_CACHES = frozenset({"__pycache__", "node_modules", "mlruns", "venv"})


@dataclass(frozen=True)
class Folder:
    """The source files of a model.

    Attributes:
        files: Contents by path in the folder, with slashes; sorted. Empty of what exceeds the limit.
        sizes: Bytes of every source file, those left unread included.
        unreadable: Files that could not be read, with the reason.
    """

    files: Mapping[str, bytes]
    sizes: Mapping[str, int]
    unreadable: Mapping[str, str]


def read_folder(folder: Path, exclude: Sequence[str] = ()) -> Folder:
    """Return the source files below a folder: all but model.yaml, documentation, notebooks, caches and `exclude`.

    Args:
        folder: The model's folder.
        exclude: Further patterns, as a shell writes them; one with a slash is held against the whole path.
    """
    files: dict[str, bytes] = {}
    sizes: dict[str, int] = {}
    unreadable: dict[str, str] = {}
    left = READ_LIMIT
    for name, path, size in sorted(_candidates(folder, "", tuple(exclude))):
        sizes[name] = size
        if size > left:
            continue
        try:
            files[name] = Path(path).read_bytes()
        except OSError as error:
            unreadable[name] = error.strerror or str(error)
        left -= size
    return Folder(files, sizes, unreadable)


def _candidates(folder: Path | str, prefix: str, exclude: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        name = prefix + entry.name
        if _excluded(entry.name, name, exclude):
            continue
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _CACHES:
                yield from _candidates(entry.path, f"{name}/", exclude)
        elif entry.is_file():
            yield name, entry.path, entry.stat().st_size


def _excluded(base: str, name: str, exclude: tuple[str, ...]) -> bool:
    if any(fnmatchcase(base, pattern) for pattern in _NEVER):
        return True
    return any(fnmatchcase(name if "/" in pattern else base, pattern.rstrip("/")) for pattern in exclude)
