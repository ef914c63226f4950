"""Mutexes as lock files: the second run waits, and whoever dies lets go."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import IO, Any, Final

from mlops_charts.local.filling import plain
from mlops_charts.local.flow import Manifest

_LOOK: Final = 0.2  # seconds between two tries to get a lock


@asynccontextmanager
async def held(owner: Manifest, folder: Path, waiting: Callable[[str], None]) -> AsyncIterator[None]:
    """Hold the mutexes of a Workflow or a template.

    Args:
        owner: Whose synchronization it is.
        folder: Of the lock files.
        waiting: Told the name of a mutex that somebody else holds.
    """
    names = [plain(each["name"]) for each in (owner.get("synchronization") or {}).get("mutexes") or ()]
    with ExitStack() as stack:
        for name in _ordered(names):
            file = stack.enter_context(_opened(folder, name))
            if not _locked(file):
                waiting(name)
                await _until_locked(file)
        yield


def _ordered(names: Iterable[str]) -> list[str]:
    """Return names in one order, so that no two wait for each other."""
    return sorted(set(names))


async def _until_locked(file: IO[Any]) -> None:
    while not _locked(file):  # noqa: ASYNC110 - another process holds it, which sends no event
        await asyncio.sleep(_LOOK)


def _opened(folder: Path, name: str) -> IO[Any]:
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / f"{name}.lock").open("a")


def _locked(file: IO[Any]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
