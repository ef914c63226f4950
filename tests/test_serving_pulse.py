"""A process that has ceased to get on is ended, and begun anew."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic, sleep

import pytest
from model_servers import Server, server, wait_for, waiting_folder

from mlops_charts import contract
from mlops_charts.serving.counters import READY, Counters
from mlops_charts.serving.pulse import patience


def test_a_call_of_the_model_that_never_ends_does_not_hold_the_server_for_good(tmp_path: Path) -> None:
    """Whoever asked has long been told 504; the process is begun anew meanwhile, and the others answer."""
    held = tmp_path / "held"
    held.touch()
    log = tmp_path / "log"
    with server(waiting_folder(tmp_path / "model"), log, "--workers=2", "--timeout=0.2s") as found:
        answer = found.post("/predict", {"data": {"ndarray": [[1, str(held)]]}})
        wait_for(tmp_path / "held.seen")
        _told(log, "a process hangs, and is begun anew")
        _ready(found)
        good = found.post("/predict", {"data": {"ndarray": [[4.5, ""]]}})
        assert found.stop() == 0

    assert (answer[0], good[0]) == (504, 200)


def _told(log: Path, words: str) -> None:
    end = monotonic() + 60
    while words not in log.read_text():
        assert monotonic() < end, log.read_text()
        sleep(0.05)


def _ready(found: Server) -> None:
    end = monotonic() + 60
    while monotonic() < end:
        try:
            if found.get(contract.READY_PATH)[0] == 200:
                return
        except OSError:
            pass  # the connection was that of the process that is gone
        sleep(0.05)
    pytest.fail("the server is not ready again")


def test_who_is_silent_is_named_once() -> None:
    """From its readiness on, and until it is begun anew."""
    counters = Counters(1, 2)
    slot = counters.take()
    early = counters.silent(-1)
    counters.tell(slot, READY)

    assert (early, counters.silent(60), counters.silent(-1), counters.silent(-1)) == ([], [], [os.getpid()], [])
    counters.beat(slot)
    assert counters.silent(-1) == [os.getpid()]


def test_patience_is_a_multiple_of_the_timeout() -> None:
    """In seconds; a server that gives up soon is not ended for a moment in which its machine was busy."""
    assert (patience(5), patience(0.1)) == (60, 5)
