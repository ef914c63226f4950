"""A run from its beginning to its end: the mutexes of the Workflow, the graph, the record, and what stops it."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlops_charts.local import scopes, volumes
from mlops_charts.local.engine import Engine, Part
from mlops_charts.local.flow import Flow, Manifest
from mlops_charts.local.locks import held
from mlops_charts.local.pods import Pods
from mlops_charts.local.programs import Programs, kind_of
from mlops_charts.local.records import Past, Record, Told
from mlops_charts.local.setting import Setting
from mlops_charts.local.variables import check_secrets


@dataclass(frozen=True)
class Ears:
    """Who hears what happens.

    Attributes:
        told: Of every change of a node.
        say: Of all else, a line.
    """

    told: Told
    say: Callable[[str], None]


def new_uid(now: datetime | None = None) -> str:
    """Return a name for a run: the time, so that names sort, and something that no two share."""
    return f"{(now or datetime.now(UTC)):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def run_flow(flow: Flow, setting: Setting, part: Part, ears: Ears) -> Past:
    """Run a Workflow.

    Args:
        flow: The Workflow.
        setting: Where, and with what, it runs.
        part: Which of its tasks run, and what is taken over for the others.
        ears: Who is told what happens.

    Raises:
        MissingSecret: A variable that stands for a Secret is not set; nothing has run.
        BrokenFlow: The graph cannot be run.
        KeyboardInterrupt: Somebody stopped it; whatever it had started has ended, and the record says so.
    """
    check_secrets(flow, _runs_here(setting), setting.environ, setting.free_secret)
    with asyncio.Runner() as runner:
        return runner.run(_run(flow, setting, part, ears))


def _runs_here(setting: Setting) -> Callable[[Manifest], bool]:
    """Return whether a template's container gets its variables here: tools may well be skipped."""
    kinds = {"step", *(("foreign",) if setting.containers.runs else ())}
    return lambda template: kind_of(template) in kinds


async def _run(flow: Flow, setting: Setting, part: Part, ears: Ears) -> Past:
    began = datetime.now(UTC).isoformat(timespec="milliseconds")
    stopped: list[int] = []
    with _signals(stopped):
        try:
            async with held(flow.spec, setting.home / "locks", lambda name: ears.say(_waiting(name))):
                start = time.monotonic()
                record = Record(setting.folder, setting.uid, began, flow.parameters, ears.told)
                return await _recorded(flow, setting, part, record, start)
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


def _waiting(mutex: str) -> str:
    return f"waiting: another run holds the mutex {mutex}"


async def _recorded(flow: Flow, setting: Setting, part: Part, record: Record, start: float) -> Past:
    at_a_time = min(int(flow.spec.get("parallelism") or os.cpu_count() or 1), max(2, os.cpu_count() or 1))
    pods = Pods(flow, setting, Programs(setting))
    engine = Engine(flow, setting, record, pods, asyncio.Semaphore(at_a_time), part, start)
    try:
        status = await engine.run(scopes.of_run(flow, setting.uid, record.began))
    except BaseException as error:  # noqa: BLE001 - it is raised again
        with suppress(OSError):  # the disk is full, or whoever was told has gone; that may be what ended the run
            record.stop("the run was stopped", time.monotonic() - start)
        with suppress(OSError):
            record.end("Stopped", time.monotonic() - start)
        _tidy(setting.tasks, wanted=not setting.keep)
        raise _alone(error) from None
    _tidy(setting.tasks, wanted=status == "Succeeded" and not setting.keep)
    return record.end(status, time.monotonic() - start)


def _alone(error: BaseException) -> BaseException:
    """Return the first of what went wrong at once in tasks of the graph."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _tidy(folder: Path, *, wanted: bool) -> None:
    if wanted:
        volumes.discard(folder)


class _signals:  # noqa: N801 - used as a function is
    """Lets Ctrl-C and the request to end stop the run while the block lasts."""

    def __init__(self, stopped: list[int]) -> None:
        self._stopped = stopped

    def __enter__(self) -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()

        def stop(number: int) -> None:
            self._stopped.append(number)
            if task is not None and len(self._stopped) == 1:
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(RuntimeError, ValueError, NotImplementedError):  # not in the main thread
                loop.add_signal_handler(number, stop, number)

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(RuntimeError, ValueError, NotImplementedError):
                asyncio.get_running_loop().remove_signal_handler(number)
