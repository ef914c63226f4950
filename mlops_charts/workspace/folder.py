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
        unread: Files that could not be read, with the reason.
        links: Links that are not followed, with where they lead: out of the folder, or to another folder.
    """

    files: Mapping[str, bytes]
    sizes: Mapping[str, int]
    unread: Mapping[str, str]
    links: Mapping[str, str]


@dataclass(frozen=True)
class _Found:
    """What stands in a folder under a name; `link` is where it leads if it is a link that is not followed."""

    name: str
    path: str
    size: int
    link: str = ""


def read_folder(folder: Path, exclude: Sequence[str] = ()) -> Folder:
    """Return the source files below a folder: all but model.yaml, documentation, notebooks, caches and `exclude`.

    A link to a file of the same folder stands for that file. No other link is followed, so that nothing from elsewhere
    on the machine gets into a chart.

    Args:
        folder: The model's folder.
        exclude: Further patterns, as a shell writes them; one with a slash is held against the whole path.
    """
    files: dict[str, bytes] = {}
    sizes: dict[str, int] = {}
    unread: dict[str, str] = {}
    found = sorted(_candidates(folder, "", tuple(exclude), os.path.realpath(folder)), key=lambda each: each.name)
    left = READ_LIMIT
    for each in found:
        if each.link:
            continue
        sizes[each.name] = each.size
        if each.size > left:
            continue
        try:
            files[each.name] = Path(each.path).read_bytes()
        except OSError as error:
            unread[each.name] = error.strerror or str(error)
        left -= each.size
    return Folder(files, sizes, unread, {each.name: each.link for each in found if each.link})


def _candidates(folder: Path | str, prefix: str, exclude: tuple[str, ...], home: str) -> Iterator[_Found]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        name = prefix + entry.name
        if _excluded(entry.name, name, exclude) or (entry.name in _CACHES and Path(entry.path).is_dir()):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _candidates(entry.path, f"{name}/", exclude, home)
        elif entry.is_symlink() and not _stays(entry, home):
            yield _Found(name, entry.path, 0, str(Path(entry.path).readlink()))
        elif entry.is_file():
            yield _Found(name, entry.path, entry.stat().st_size)


def _stays(link: os.DirEntry[str], home: str) -> bool:
    target = Path(os.path.realpath(link.path))
    return target.is_file() and target.is_relative_to(home)


def _excluded(base: str, name: str, exclude: tuple[str, ...]) -> bool:
    if any(fnmatchcase(base, pattern) for pattern in _NEVER):
        return True
    return any(fnmatchcase(name if "/" in pattern else base, pattern.rstrip("/")) for pattern in exclude)
