"""Wheels that a test makes, so that pip has something to install without a network."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path


def wheel(folder: Path, name: str, version: str, files: Mapping[str, str], *, requires: tuple[str, ...] = ()) -> Path:
    """Write a wheel of pure Python and return where it is.

    Args:
        folder: Where it goes.
        name: Of the distribution.
        version: Of the distribution.
        files: Path in site-packages -> text.
        requires: What it needs.
    """
    about = f"{name}-{version}.dist-info"
    needed = "".join(f"Requires-Dist: {one}\n" for one in requires)
    content = {
        **files,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*content, f"{about}/RECORD"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in {**content, f"{about}/RECORD": record}.items():
            archive.writestr(
                zipfile.ZipInfo(inside), text
            )  # without the time, so that the same files give the same wheel
    return path


def pinned(path: Path) -> str:
    """Return the line of a lock file that pins a wheel."""
    name, version, *_ = path.name.split("-")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"
