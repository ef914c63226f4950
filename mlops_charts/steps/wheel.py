"""The wheel of this package, made from the package that runs: what serves is what judged.

It needs no source tree and no build backend, so that it works from an editable install and from an installed wheel
alike; the same files give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Final

from mlops_charts.steps.call import Unavailable

_PROJECT: Final = "mlops-charts"
_PACKAGE: Final = "mlops_charts"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can hold
_TAGS: Final = "Wheel-Version: 1.0\nGenerator: mlops-charts\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_COPIED: Final = ("METADATA", "entry_points.txt", "licenses/LICENSE")


def wheel() -> tuple[str, bytes]:
    """Return the name of the wheel's file, and its content.

    Raises:
        Unavailable: This package is not installed, so that nobody knows its version.
    """
    installed = _installed()
    folder = f"{_PACKAGE}-{installed.version}.dist-info"
    members = [*_modules(), *_metadata(installed, folder)]
    record = "".join(_recorded(name, content) for name, content in members) + f"{folder}/RECORD,,\n"
    return f"{_PACKAGE}-{installed.version}-py3-none-any.whl", _zip([*members, (f"{folder}/RECORD", record.encode())])


def own_version() -> str:
    """Return the version of this package; Unavailable if it is not installed."""
    return _installed().version


def _installed() -> Distribution:
    try:
        return distribution(_PROJECT)
    except PackageNotFoundError:
        raise Unavailable(f"{_PROJECT} is not installed; pip install it, with -e from its own repository") from None


def _modules() -> Iterator[tuple[str, bytes]]:
    root = Path(str(files(_PACKAGE)))
    for path in sorted(root.rglob("*"), key=lambda path: path.relative_to(root).parts):
        inside = path.relative_to(root)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
        if path.is_file() and not hidden and path.suffix != ".pyc":
            yield f"{_PACKAGE}/{inside.as_posix()}", path.read_bytes()


def _metadata(installed: Distribution, folder: str) -> Iterator[tuple[str, bytes]]:
    for name in _COPIED:
        content = installed.read_text(name)
        if content is not None:
            yield f"{folder}/{name}", content.encode()
    yield f"{folder}/WHEEL", _TAGS.encode()


def _recorded(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def _zip(members: list[tuple[str, bytes]]) -> bytes:
    """Return a zip file without compression, because compressors differ from machine to machine."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return made.getvalue()
