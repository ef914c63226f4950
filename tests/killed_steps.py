"""Runs the steps of a pipeline one by one, as the Workflow wires them, and kills one at its n-th effect."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_charts import contract
from mlops_charts.steps.asked import spec_of
from mlops_charts.steps.call import Call
from mlops_charts.steps.mlflow_client import Connection
from mlops_charts.steps.table import runner

PRELOADED = [
    "mlflow", "mlflow.onnx", "mlflow.sklearn", "sklearn.ensemble", "skl2onnx", "onnxruntime", "matplotlib.pyplot",
    "mlops_charts.steps.train", "mlops_charts.steps.validate", "mlops_charts.steps.build",
]  # fmt: skip
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(PRELOADED)
_STABLE = (".onnx", ".skops", "signature.json", "example.json", "profile.json", "Dockerfile", "params.json", ".whl")
_SECONDS = re.compile(r'"seconds": ?[0-9.e-]+')
_VOLATILE_TAGS = ("mlflow.",)
_TIMES = ("seconds", "Seconds", "latency", "Latency", "duration")


@dataclass
class Line:
    """A pipeline at work in a folder.

    Attributes:
        root: Where MLflow, the release repository and the folders of the steps are.
        spec: Content of model.json.
        environ: Variables of the steps.
        known: Output parameters so far, by their name.
    """

    root: Path
    spec: dict[str, Any]
    environ: Mapping[str, str]
    known: dict[str, str] = field(default_factory=dict)

    def call(self, step: str) -> Call:
        """Return the call of a step, its artifacts in place."""
        inputs, outputs = self.root / step / "inputs", self.root / step / "outputs"
        inputs.mkdir(parents=True, exist_ok=True)
        for name in contract.STEPS[step].artifacts_in:
            makers = [maker for maker, made in contract.STEPS.items() if name in made.artifacts_out]
            for folder in (self.root / maker / "outputs" / name for maker in makers):
                if folder.is_dir():
                    shutil.rmtree(inputs / name, ignore_errors=True)
                    shutil.copytree(folder, inputs / name)
        given = {"trigger": "commit", "code-digest": self.spec["plan"]["codeDigest"], "index": "0", **self.known}
        parameters = {name: given.get(name, "") for name in contract.STEPS[step].parameters_in}
        return Call(spec_of(self.spec), inputs, outputs, parameters, {**os.environ, **self.environ})

    def learn(self, step: str) -> None:
        """Read what a step has handed on."""
        for name in contract.STEPS[step].parameters_out:
            self.known[name] = (self.root / step / "outputs" / name).read_text()

    def run(self, step: str) -> int:
        """Run a step to its end, and return how many effects it had."""
        effects = int(_apart(_counted_run, self, step, 0))
        self.learn(step)
        return effects

    def kill(self, step: str, moment: int) -> None:
        """Run a step that is killed at an effect."""
        assert _apart(_counted_run, self, step, moment) == ""

    def finish(self, step: str, repository: Path) -> dict[str, Any]:
        """Run a step to its end; return all that outlives it, without times and without what MLflow makes up."""
        found: dict[str, Any] = json.loads(_apart(_finished, self, step, repository))
        self.learn(step)
        return found


def _apart(target: Callable[..., str], line: Line, *arguments: Any) -> str:
    """Call in a process of its own, which knows no database of before; return nothing if it was killed."""
    told = line.root.with_name("told")
    told.unlink(missing_ok=True)
    child = _CONTEXT.Process(target=_tell, args=(target, (line, *arguments), str(told)))
    child.start()
    child.join(300)
    assert child.exitcode in {0, -signal.SIGKILL}
    return told.read_text() if child.exitcode == 0 else ""


def _tell(target: Callable[..., str], arguments: tuple[Any, ...], told: str) -> None:
    text = target(*arguments)
    with open(told, "w", encoding="utf-8") as file:  # noqa: PTH123 - methods of Path are counted here
        file.write(text)


def _counted_run(line: Line, step: str, moment: int) -> str:
    call, count = line.call(step), 0

    def counted(effect: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return effect(*arguments, **named)

        return made

    for owner, name in ((Connection, "ask"), (Path, "rename"), (Path, "replace"), (Call, "write")):
        setattr(owner, name, counted(getattr(owner, name)))
    runner(step)(call)
    return str(count)


def _finished(line: Line, step: str, repository: Path) -> str:
    runner(step)(line.call(step))
    return _state(line, repository)


def _state(line: Line, repository: Path) -> str:
    from mlops_charts.steps.registry import open_registry  # noqa: PLC0415 - MLflow takes seconds

    registry = open_registry(line.call("guard"))
    runs = registry.find(line.spec["plan"]["codeDigest"])
    artifacts = line.root / "mlflow" / "artifacts"
    found = {
        "runs": [_run(run) for one in runs for run in (one, *registry.children(one.id))],
        "versions": [_version(one) for one in registry.versions()],
        "artifacts": dict(_files(artifacts)),
        "releases": _releases(repository),
        "outputs": {step: sorted(_outputs(line.root / step / "outputs")) for step in contract.STEPS},
    }
    return json.dumps(found, sort_keys=True, default=str)


def _run(run: Any) -> dict[str, Any]:
    tags = {name: _SECONDS.sub("", text) for name, text in run.tags.items() if not name.startswith(_VOLATILE_TAGS)}
    metrics = {name: one for name, one in run.metrics.items() if not any(word in name for word in _TIMES)}
    return {"stage": run.stage, "tags": tags, "params": dict(run.params), "metrics": metrics}


def _version(version: Any) -> tuple[Any, ...]:
    return version.number, version.version, version.code, version.data, version.image, sorted(version.aliases)


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.name.endswith(_STABLE) else ""
            yield path.relative_to(folder).as_posix(), content


def _outputs(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _releases(repository: Path) -> list[str]:
    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(repository), *words], check=True, capture_output=True, text=True)
        return done.stdout

    names = git("ls-tree", "-r", "--name-only", "main").split()
    text = [git("show", f"main:{name}") for name in names if "/release-" in name]
    lines = [one for every in text for one in every.splitlines() if "At:" not in one and "at:" not in one]
    return [*git("log", "--format=%s", "main").splitlines(), *lines]


def consistent(database: Path) -> bool:
    """Return whether a database of SQLite is whole."""
    with sqlite3.connect(database) as connection:
        return bool(connection.execute("pragma integrity_check").fetchone() == ("ok",))
