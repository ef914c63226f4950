"""The job of the judge on this machine: the command of the rendered CronJob, as a process.

It is what the pod would run, with the spec that the chart mounts. What opens doors in a cluster is left out, and where
things are is said by a file of the machine that stands for the cluster.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from mlops_charts.judge.verdict import Compared
from mlops_charts.local.family import Family
from mlops_charts.running.serving import Manifest, config_map
from mlops_charts.workspace.write import read_text, replace_text

_TIMEOUT: Final = 120.0  # seconds that a tick may take
_DROPPED: Final = frozenset({"--credentials", "--signing-key"})
_SPEC: Final = "release.json"


@dataclass(frozen=True)
class Ticked:
    """What a tick said.

    Attributes:
        status: Its exit status.
        outcome: What it did; empty if it failed.
        message: The same in words, or why it failed.
        decision: Of the verdict; empty where nothing was judged.
        reason: Of the verdict.
        checks: What each check found.
    """

    status: int
    outcome: str = ""
    message: str = ""
    decision: str = ""
    reason: str = ""
    checks: tuple[Compared, ...] = ()


@dataclass(frozen=True)
class Job:
    """The judge's job.

    Attributes:
        command: The program and its arguments.
        environment: All of its variables.
        folder: Where it runs, and where its log is.
        spec: Its release.json.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    spec: Path

    def start(self, family: Family) -> Running:
        """Start it; it ends with the family."""
        output, log = self.folder / "judge.out", self.folder / "judge.log"
        output.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        process = family.start(self.command, environment=self.environment, folder=self.folder, output=output, log=log)
        return Running(family, process, time.monotonic(), output, log)


@dataclass(frozen=True)
class Running:
    """A tick that is under way.

    Attributes:
        family: Whom it belongs to.
        process: The process.
        began: When, in seconds of a clock that never goes back.
        output: File of its stdout.
        log: File of its stderr.
    """

    family: Family
    process: subprocess.Popen[bytes]
    began: float
    output: Path
    log: Path

    def result(self) -> Ticked | None:
        """Return what it said; None while it is under way."""
        status = self.process.poll()
        if status is None and time.monotonic() - self.began < _TIMEOUT:
            return None
        if status is None:
            self.family.end(self.process)
            return Ticked(-1, message=f"the judge did not end within {_TIMEOUT:g} s")
        self.family.end(self.process)
        return _read(status, read_text(self.output) or "", read_text(self.log) or "")


def job_of(cron_job: Manifest, objects: Sequence[Manifest], here: Path, base: Mapping[str, str], folder: Path) -> Job:
    """Return the job of a rendered CronJob.

    Args:
        cron_job: The CronJob.
        objects: All objects of the chart, for its ConfigMap.
        here: The file that says where things are on this machine.
        base: Variables that every process gets.
        folder: A folder of its own.
    """
    container = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    spec = folder / _SPEC
    replace_text(spec, config_map(objects, _SPEC))
    command = _without_doors([*container["command"], *(container.get("args") or ())])
    if command[0] != "mlops-charts":
        raise AssertionError(f"the judge's command is {command[0]}")
    command = [str(spec) if word.endswith(f"/{_SPEC}") else word for word in command[1:]]
    literal = {one["name"]: str(one["value"]) for one in container.get("env") or () if "value" in one}
    literal.pop("HOME", None)
    whole = [sys.executable, "-m", "mlops_charts", *command, "--here", str(here), "--format", "json"]
    return Job(tuple(whole), {**base, **literal}, folder, spec)


def _without_doors(words: Sequence[str]) -> list[str]:
    """Return a command without the options that name credentials."""
    kept: list[str] = []
    skip = False
    for word in words:
        if not skip and word not in _DROPPED and word.partition("=")[0] not in _DROPPED:
            kept.append(str(word))
        skip = word in _DROPPED
    return kept


def _read(status: int, printed: str, said: str) -> Ticked:
    try:
        data: dict[str, Any] = json.loads(printed)
        verdict = data.get("verdict") or {}
        checks = TypeAdapter(tuple[Compared, ...]).validate_python(_snake(verdict.get("checks") or ()))
        return Ticked(
            status,
            str(data.get("outcome", "")),
            str(data.get("message", "")),
            str(verdict.get("decision", "")),
            str(verdict.get("reason", "")),
            checks,
        )
    except (ValueError, AttributeError, ValidationError):
        lines = [line for line in said.splitlines() if line.strip() and not line.startswith("{")]
        last = lines[-1].removeprefix("error: ") if lines else f"the judge ended with status {status}"
        return Ticked(status or -1, message=last)


def _snake(found: Any) -> Any:
    """Return data with the names of our fields, however they were written."""
    if isinstance(found, Mapping):
        return {
            "".join(f"_{one.lower()}" if one.isupper() else one for one in key): _snake(one)
            for key, one in found.items()
        }
    return [_snake(one) for one in found] if isinstance(found, list | tuple) else found
