"""What something was measured on, and what a process and its children use of it."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Final

from mlops_charts.capacity.measured import Machine

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def machine() -> Machine:
    """Return the facts of this machine that a measurement depends on."""
    memory = os.sysconf("SC_PHYS_PAGES") * _PAGE
    return Machine(
        processor=_processor(),
        cores=_cores(),
        memory_bytes=memory,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )


def family(pid: int) -> list[int]:
    """Return a process and all that came of it, the first one first; only itself where the system does not say."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(member for child in children for member in family(int(child)))]


def workers(pid: int) -> int:
    """Return how many processes a server has started that answer; 1 where the system does not say."""
    started = [member for member in family(pid)[1:] if b"resource_tracker" not in _command(member)]
    return max(1, len(started))


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process and what came of it have used; 0 where the system does not say."""
    return sum(map(_used, family(pid)))


def memory_bytes(pid: int) -> int:
    """Return a process's own share of memory: pages that several processes share count once, divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _used(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
