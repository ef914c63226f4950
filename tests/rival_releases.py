"""Releases that are driven to their ends by a process each, however often it is killed: git says what is next.

As a program: `python rival_releases.py SERVER SCRATCH KILLS MODEL=PHASE...`; it prints how many were killed.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Mapping

from serving_samples import identity

from mlops_charts.release import ReleaseState, nothing_released
from mlops_charts.release.events import Event, Ready, Settle, Start
from mlops_charts.release.git import Access
from mlops_charts.release.machine import transition
from mlops_charts.release.policy import Policy
from mlops_charts.release.repository import Commit, Remote, write
from mlops_charts.release_file import state_in
from mlops_charts.releasing.commits import commit_of

AT = "2026-11-23T10:00:00Z"
POLICY = Policy(strategy="canary", steps=(5,), interval_seconds=0, bake_seconds=0, max_duration_seconds=60)
_CONTEXT = multiprocessing.get_context("fork")  # of a process of its own, which has no threads


def path_of(model: str) -> str:
    """Return the release file of a model."""
    return f"charts/{model}/serving/release-staging.yaml"


def drive(server: str, model: str, until: str, scratch: str) -> None:
    """Release a model's first version, from wherever git says that it stands to a phase."""
    tempfile.tempdir = scratch
    remote = Remote(server, "main", Access(environ={**os.environ, "TMPDIR": scratch}))
    while step(remote, model, until):
        pass


def step(remote: Remote, model: str, until: str = "settled") -> bool:
    """Take the next step of a release; return whether there is another one."""
    left: list[bool] = []

    def change(text: str | None) -> Commit | None:
        state = state_in(text or "", path_of(model))
        event = _next(state) if state.phase != until else None
        if event is None:
            left.append(False)
            return None
        after = transition(state, event, ingress="gatewayApi", at=AT).state
        left.append(after.phase != until)
        return commit_of(model, "staging", event, state, after)

    write(remote, path_of(model), change)
    return left[-1]


def _next(state: ReleaseState) -> Event | None:
    if state == nothing_released():
        return Start(identity(1), POLICY)
    if state.phase == "warming":
        return Ready()
    return Settle() if state.phase == "promoting" else None


def drive_all(server: str, models: Mapping[str, str], scratch: str, kills: int, seed: int) -> int:
    """Drive releases at once, each in a process of its own, and kill some of them; return how many were killed.

    Args:
        server: The repository.
        models: The phase to which each model is released.
        scratch: The folder for whatever is temporary.
        kills: How many are killed at most.
        seed: Decides who is killed, and when.
    """
    chance, killed = random.Random(seed), 0  # noqa: S311 - who is killed

    def begin(model: str) -> multiprocessing.process.BaseProcess:
        process = _CONTEXT.Process(target=drive, args=(server, model, models[model], scratch))
        process.start()
        return process

    living = {model: begin(model) for model in models}
    while living:
        time.sleep(chance.uniform(0, 0.1))
        for model, process in list(living.items()):
            if process.exitcode is not None:
                assert process.exitcode == 0, (model, process.exitcode)
                del living[model]
        if living and killed < kills:
            model = chance.choice(sorted(living))
            living[model].kill()
            living[model].join()
            killed += living[model].exitcode != 0
            living[model] = begin(model)
    return killed


if __name__ == "__main__":
    asked = dict(word.split("=") for word in sys.argv[4:])
    print(drive_all(sys.argv[1], asked, sys.argv[2], int(sys.argv[3]), seed=1))  # noqa: T201 - read by the test
