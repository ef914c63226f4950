"""Folders that are gone behind a block; those of processes that were killed are swept away by the next one."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"mlops-charts-release-(\d+)-\w+")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield an empty folder that nobody else may read."""
    top = Path(tempfile.gettempdir())
    _sweep(top)
    folder = Path(tempfile.mkdtemp(prefix=f"mlops-charts-release-{os.getpid()}-", dir=top))
    held = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if held is not None:
            os.close(held)


def _sweep(top: Path) -> None:
    """Remove folders whose process is no more: neither here, nor, where processes are numbered apart, elsewhere."""
    with suppress(OSError), os.scandir(top) as entries:
        for entry in entries:
            found = _NAME.fullmatch(entry.name)
            if found is None or _lives(int(found[1])):
                continue
            folder = Path(entry.path)
            with suppress(OSError):
                held = _lock(folder)
                if held is not None:
                    shutil.rmtree(folder, ignore_errors=True)
                    os.close(held)


def _lock(folder: Path) -> int | None:
    """Return the lock of a folder, which ends with its process; None if another process has it, or it is gone."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
