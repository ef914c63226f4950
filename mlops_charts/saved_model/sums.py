"""The checksums of a model's folder, in the form that `sha256sum -c` reads: what was saved is what is loaded.

They find damage and careless edits. Who can write the folder can write them too: what keeps a model from running code
is the list of trusted types, which never comes from the folder.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from mlops_charts.contract import PROFILE
from mlops_charts.saved_model.model import BrokenModel

SUMS: Final = "SHA256SUMS"


def sums_text(folder: Path) -> str:
    """Return the checksums of all files of a folder but those that come later."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return "".join(f"{file_digest(folder / file)}  {file}\n" for file in files if file not in {SUMS, PROFILE})


def check_sums(folder: Path) -> None:
    """Hold the files against their checksums; a folder without them is not checked.

    Raises:
        BrokenModel: A file is missing, or is not what was saved.
    """
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        digest, _, file = line.partition("  ")
        _check(folder / file, file, digest)


def _check(path: Path, file: str, digest: str) -> None:
    try:
        found = file_digest(path)
    except OSError as error:
        raise BrokenModel(f"{path.parent}: {file} cannot be read: {error.strerror}; {SUMS} names it") from None
    if found != digest:
        raise BrokenModel(f"{path.parent}: {file} is not the file that was saved: its SHA-256 is not that of {SUMS}")


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
