"""Processes that end with the one that started them, even where that is killed and can do nothing more.

The kernel could tell a child that its parent is gone, but on Linux alone, and then counts a thread as the parent. So a
small process of its own watches: it reads which processes there are, and its input ends with ours.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, Final, Self, cast

from mlops_charts.local import watcher
from mlops_charts.local.processes import GRACE

# The program begins only once the watcher knows of it: whoever is killed ahead of that closes its input.
_GATE: Final = ("/bin/sh", "-c", 'read go && exec "$@" </dev/null', "sh")
_DEAD: Final = 10.0  # seconds that the kernel may take to end a process


class Family:
    """Processes that end with the block, or with this process."""

    def __init__(self) -> None:
        self._lock, self._closed = Lock(), False
        self._there: dict[int, subprocess.Popen[bytes]] = {}
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", watcher.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End all of them."""
        self.close()

    def start(
        self, command: Sequence[str], *, environment: Mapping[str, str], folder: Path, output: Path, log: Path
    ) -> subprocess.Popen[bytes]:
        """Start a process at the head of a group of its own.

        Args:
            command: The program and its arguments.
            environment: All of its variables.
            folder: Where it starts.
            output: File that its stdout is appended to.
            log: File that its stderr is appended to.

        Raises:
            OSError: It cannot be started.
        """
        with output.open("ab") as said, log.open("ab") as logged:
            process = subprocess.Popen(
                [*_GATE, *command],
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=logged,
                start_new_session=True,
            )
        try:
            self._tell(process.pid)
            self._there[process.pid] = process
            _write(process, b"go\n")
        except BaseException:
            _close(process)
            process.wait()  # its input has ended ahead of the program
            raise
        _close(process)
        return process

    def end(self, process: subprocess.Popen[bytes], grace: float = GRACE) -> int:
        """End a process and all that it started, and return its exit status.

        Args:
            process: One of ours; it may have ended already.
            grace: Seconds between asking it to end and killing it.
        """
        with suppress(ProcessLookupError):
            process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait(_DEAD)
        if self._there.pop(process.pid, None) is not None:
            self._tell(-process.pid)
        return status

    def keep(self, heads: Collection[int], grace: float = GRACE) -> None:
        """End all but some, at once.

        Args:
            heads: The numbers of the processes that stay.
            grace: Seconds between asking the others to end and killing them.
        """
        left = [process for head, process in tuple(self._there.items()) if head not in heads]
        for process in left:
            with suppress(ProcessLookupError):
                process.terminate()
        patience = time.monotonic() + grace
        for process in left:
            self.end(process, max(0.0, patience - time.monotonic()))

    def close(self, grace: float = GRACE) -> None:
        """End all of them; nothing begins any more."""
        self.keep((), grace)
        with self._lock:
            self._closed = True
            _input(self._watcher).close()
        self._watcher.wait(_DEAD)

    def _tell(self, number: int) -> None:
        with self._lock:
            if not self._closed:
                _write(self._watcher, b"%d\n" % number)
            elif number > 0:
                raise OSError(errno.ESRCH, "all of the family has ended")


def _write(process: subprocess.Popen[bytes], text: bytes) -> None:
    _input(process).write(text)
    _input(process).flush()


def _input(process: subprocess.Popen[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", process.stdin)  # a pipe, as asked


def _close(process: subprocess.Popen[bytes]) -> None:
    with suppress(BrokenPipeError):  # it has ended already
        _input(process).close()
