"""Writing a skops file so that the same estimator gives the same bytes.

skops names arrays by their address in memory, and its zip archive carries the time. Both say nothing of the estimator.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_SCHEMA = "schema.json"
_NO_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip archive can tell


def write_skops(fitted: Any, path: Path) -> None:
    """Write an estimator; whatever skops raises if it cannot hold it."""
    import skops.io as sio  # noqa: PLC0415 - 0.5 s

    path.write_bytes(settled(sio.dumps(fitted)))


def settled(data: bytes) -> bytes:
    """Return a skops file with addresses numbered in their order, and without times."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        files = [name for name in old.namelist() if name != _SCHEMA]
        names = {name: f"{index}{Path(name).suffix}" for index, name in enumerate(files)}
        schema = _settled(json.loads(old.read(_SCHEMA)), names, {})
        for name in files:
            _write(new, names[name], old.read(name))
        _write(new, _SCHEMA, json.dumps(schema, indent=1).encode())
    return out.getvalue()


def _write(archive: ZipFile, name: str, content: bytes) -> None:
    info = ZipInfo(name, _NO_TIME)
    info.compress_type = ZIP_DEFLATED
    archive.writestr(info, content)


def _settled(item: Any, names: dict[str, str], numbers: dict[int, int]) -> Any:
    if isinstance(item, list):
        return [_settled(below, names, numbers) for below in item]
    if not isinstance(item, dict):
        return item
    settled = dict(item)
    if isinstance(item.get("__id__"), int):
        settled["__id__"] = numbers.setdefault(item["__id__"], len(numbers) + 1)  # 0 counts as none
    if "__loader__" in item and item.get("file") in names:
        settled["file"] = names[item["file"]]
    return {
        key: value if key in {"__id__", "file"} and "__loader__" in item else _settled(value, names, numbers)
        for key, value in settled.items()
    }
