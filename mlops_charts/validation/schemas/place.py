"""Putting several files into a folder so that a failure leaves no half of one behind. It knows bytes alone."""

import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write all files aside, then move them into place; if one cannot be written, none is moved."""
    if not files:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as work:
        for name, data in files.items():
            (Path(work) / name).write_bytes(data)
        for name in files:
            (Path(work) / name).replace(folder / name)
