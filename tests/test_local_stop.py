"""Stopping a run stops all that it started, whatever that is doing, and the record says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import ROOT

_RUN = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {root!r}]
from local_flows import dag, python, run, task, workflow
folder = Path({folder!r})
code = '''
import os, signal, subprocess, sys, time
{deaf}
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({folder!r} + "/pids", "a").write(f"{{os.getpid()}} {{child.pid}}\\\\n")
time.sleep(60)
'''
try:
    run(folder, workflow(dag(task("one", withSequence={{"count": "2"}}), task("two", after="one")),
        python("one", code), python("two", ""), onExit="two"))
except KeyboardInterrupt:
    sys.exit(130)
"""


def alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "this took too long"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("deaf", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"])
def test_nothing_is_left(tmp_path: Path, number: signal.Signals, deaf: str) -> None:
    """Every process of every step ends, also those that will not hear; the run exits as interrupted."""
    program = _RUN.format(tests=str(ROOT / "tests"), root=str(ROOT), folder=str(tmp_path), deaf=deaf)
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) as running:
        pids = tmp_path / "pids"
        until(lambda: pids.exists() and len(pids.read_text().split()) == 4)
        os.kill(running.pid, number)
        _, said = running.communicate(timeout=60)
    assert (running.returncode, said) == (130, "")
    assert [pid for pid in map(int, pids.read_text().split()) if alive(pid)] == []
    (state,) = tmp_path.glob("state/runs/*/state.json")
    content = json.loads(state.read_text())
    assert content["status"] == "Stopped"
    assert {node["name"]: node["status"] for node in content["nodes"]} == {
        "one": "Stopped",
        "one(0)": "Stopped",
        "one(1)": "Stopped",
    }
    assert list(tmp_path.glob("state/artifacts/**/*")) == []
