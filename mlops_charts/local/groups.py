"""Processes that never outlive who started them: each is the head of a group, and the group ends with the block."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def group(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a process in a group of its own, and kill what is left of the group when the block ends, however it does.

    Args:
        command: The program and its arguments.
        options: Of subprocess.Popen.
    """
    with subprocess.Popen(command, text=True, start_new_session=True, **options) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError, PermissionError):  # the latter is what macOS says of one that has ended
                os.killpg(process.pid, signal.SIGKILL)
