"""One process and all that it starts: its output goes to files, and it ends when its time is up or we are stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

GRACE: Final = 5.0  # seconds between asking a process to end and making it
_LOOK: Final = 0.05  # seconds between two looks at what is left of a group
BY_SIGNAL: Final = 128  # what shells and pods add to the number of the signal that ended a process


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        status: Its exit status, 128 more than the number of a signal that ended it.
        seconds: How long it took.
        late: Whether it was stopped because its time was up.
    """

    status: int
    seconds: float
    late: bool = False


@dataclass(frozen=True)
class Command:
    """A process to be.

    Attributes:
        arguments: The program and its arguments; no shell reads them.
        environment: All of its variables.
        folder: Where it starts.
        output: File of its stdout.
        log: File of its stderr.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    output: Path
    log: Path


async def execute(command: Command, deadline: float | None = None, grace: float = GRACE) -> Ended:
    """Run a process in a group of its own, which has ended when this returns, however it returns.

    Args:
        command: What to run.
        deadline: Seconds after which it is stopped.
        grace: Seconds between asking it to end and killing it.

    Raises:
        OSError: It cannot be started.
    """
    began = time.monotonic()
    with command.output.open("ab") as output, command.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command.arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            env=dict(command.environment),
            cwd=command.folder,
            start_new_session=True,
        )
        late = False
        try:
            async with asyncio.timeout(deadline):
                await process.wait()
        except TimeoutError:
            late = True
        finally:
            await _through(_stop(process, grace))
    status = process.returncode or 0
    return Ended(BY_SIGNAL - status if status < 0 else status, time.monotonic() - began, late)


async def _through(ending: Coroutine[Any, Any, None]) -> None:
    """Wait for an ending even if we are cancelled once more meanwhile."""
    task = asyncio.ensure_future(ending)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    task.result()


async def _stop(process: asyncio.subprocess.Process, grace: float) -> None:
    """End what is left of the group: politely, then not; as in a pod, nothing outlives the program itself."""
    if process.returncode is None and _signalled(process.pid, signal.SIGTERM):
        await _patient(process.pid, grace)
    _signalled(process.pid, signal.SIGKILL)
    await process.wait()


async def _patient(group: int, grace: float) -> None:
    """Wait until nobody is left in a group, for a while."""
    patience = time.monotonic() + grace
    while time.monotonic() < patience and _signalled(group, 0):  # noqa: ASYNC110 - a group sends no event when it ends
        await asyncio.sleep(_LOOK)


def _signalled(group: int, number: int) -> bool:
    """Return whether there is still somebody in the group to signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
