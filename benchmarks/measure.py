"""Measuring whole processes: wall clock and memory, the processes that they start included."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

COMMAND = (sys.executable, "-m", "mlops_charts")
_PAGE = resource.getpagesize()


@dataclass(frozen=True)
class Run:
    """One run of a process: seconds, and the most memory of it and its children at one time, in bytes."""

    seconds: float
    memory: int


def run(command: Sequence[str], folder: Path) -> Run:
    """Run a process to its end, with compiled modules as an installation has them."""
    environment = {name: found for name, found in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    peak = [0]
    watch = threading.Thread(target=_watch, args=(process, peak), daemon=True)
    watch.start()
    _, said = process.communicate()
    seconds = time.perf_counter() - start
    watch.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed in {folder}:\n{said.decode()}")
    return Run(seconds, peak[0])


def median(command: Sequence[str], folder: Path, times: int, before: Callable[[], None] = lambda: None) -> Run:
    """Run a process several times, each after `before`, and return the medians; a first run warms the caches."""
    before()
    run(command, folder)
    runs = []
    for _ in range(times):
        before()
        runs.append(run(command, folder))
    return Run(statistics.median(one.seconds for one in runs), max(one.memory for one in runs))


def _watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], sum(_resident(pid) for pid in _family(process.pid)))
        time.sleep(0.1)  # looking at memory costs the processes that are looked at


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(member for child in children for member in _family(int(child)))]


def _resident(pid: int) -> int:
    """Return a process's own share of memory: pages that several processes share count once, divided among them."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0
