"""The command line, killed at its n-th change of the disk: `python killed_at.py N ARGUMENT...`.

A file that is being written is killed half-way. Without enough changes to be killed at, it ends as ever, and says on
stderr how many there were.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlops_charts.cli import status_of

left = int(sys.argv[1])
begun = left


def _counted(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(path: Path, *arguments: Any, **named: Any) -> Any:
        global left  # noqa: PLW0603 - the script counts
        left -= 1
        if left == 0:
            if method.__name__.startswith("write"):
                content = arguments[0] if isinstance(arguments[0], bytes) else arguments[0].encode()
                with suppress(OSError), path.open("wb") as file:
                    file.write(content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return method(path, *arguments, **named)

    return call


for name in ("write_bytes", "write_text", "replace", "unlink", "mkdir", "rmdir"):
    setattr(Path, name, _counted(getattr(Path, name)))

status = status_of(sys.argv[2:])
print(begun - left, file=sys.stderr)  # noqa: T201 - read by the test
sys.exit(status)
