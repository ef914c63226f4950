"""Runs of the steps as a Workflow runs them: real MLflow on SQLite, a real repository, a model that learns quickly."""

from __future__ import annotations

import hashlib
import random
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import mlflow_store
from release_remotes import RELEASE, bare, push
from repositories import git

from mlops_charts.release import ReleaseState, nothing_released, release_text, state_of
from mlops_charts.release.state import Identity
from mlops_charts.release_file import state_in
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.call import Call, Result
from mlops_charts.steps.registry import Registry, open_registry
from mlops_charts.steps.table import runner

PROD = RELEASE.replace("staging", "prod")
MODEL: dict[str, Any] = {
    "metadata": {"name": "iris"},
    "training": {"data": {"uri": "file://rows.csv", "target": "kind"}},
    "validation": {"minRows": 20},
    "environments": ["staging", "prod"],
}
PLATFORM: dict[str, Any] = {"environments": {"staging": {}, "prod": {}}}
TRAIN = """from sklearn.linear_model import LogisticRegression


def train(X, y, context):
    return LogisticRegression(C={strength}).fit(X, y)
"""


def rows(seed: int = 1) -> bytes:
    """Return a table of two clouds of points; other seeds, other points."""
    chance = random.Random(seed)  # noqa: S311 - the same points on every machine
    lines = [f"{chance.gauss(kind * 4, 1):.3f},{chance.gauss(0, 1):.3f},k{kind}" for kind in (0, 1) for _ in range(60)]
    return "\n".join(["width,length,kind", *lines, ""]).encode()


@dataclass
class Pipeline:
    """A model in its repository and its registry, and the steps that run for it.

    Attributes:
        root: Where everything is.
        code: What the code is; another number is another train.py.
        data: What the data are; another number is another rows.csv.
        model: Plain data of model.yaml.
        platform: Plain data of platform.yaml.
        environ: Further variables of every step.
        extra: Further source files.
    """

    root: Path
    code: int = 1
    data: int = 1
    model: Mapping[str, Any] = field(default_factory=lambda: MODEL)
    platform: Mapping[str, Any] = field(default_factory=lambda: PLATFORM)
    environ: Mapping[str, str] = field(default_factory=lambda: {"MLOPS_CHARTS_LOCAL": "1"})
    extra: Mapping[str, bytes] = field(default_factory=dict)
    calls: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        """Make the repository, unless this is a copy that has one."""
        if not self.server.exists():
            empty = release_text(nothing_released())
            bare(
                self.root / "git", {RELEASE: empty, PROD: empty, "model/iris/train.py": self.files["train.py"].decode()}
            )

    @property
    def server(self) -> Path:
        """The bare repository."""
        return self.root / "git/server.git"

    @property
    def files(self) -> dict[str, bytes]:
        """The source files."""
        return {"train.py": TRAIN.format(strength=float(self.code)).encode(), "rows.csv": rows(self.data), **self.extra}

    @property
    def code_digest(self) -> str:
        """What stands for the code alone: the rows lie beside it only so that tests need no storage."""
        return hashlib.sha256(self.files["train.py"]).hexdigest()

    @property
    def spec(self) -> RunSpec:
        """The spec as the chart hands it on."""
        return mlflow_store.spec(self.model, self.platform, self.files, git=self.server)

    @property
    def registry(self) -> Registry:
        """What the registry holds."""
        return open_registry(self.call("look"))

    def call(self, name: str, **parameters: str) -> Call:
        """Return a call of a step in folders of its own."""
        folder = f"calls/{next(self.calls)}-{name}"
        return mlflow_store.call(
            self.root, self.spec, files=self.files, name=folder, environ=self.environ, **parameters
        )

    def step(self, name: str, artifacts: Mapping[str, Path] | None = None, /, **parameters: str) -> tuple[Any, Call]:
        """Run one step, and return its result and its call."""
        call = self.call(name, **parameters)
        for artifact, folder in (artifacts or {}).items():
            shutil.copytree(folder, call.inputs / artifact)
        result: Result = runner(name)(call)
        return result, call

    def guard(self, trigger: str = "commit", **parameters: str) -> Any:
        """Return what guard decides."""
        result, _ = self.step("guard", trigger=trigger, code_digest=self.code_digest, **parameters)
        return result

    def run(self, trigger: str = "commit", until: str = "deploy") -> Any:
        """Run the stages that guard decides on, as far as one, and return what guard has found."""
        found = self.guard(trigger)
        known: dict[str, str] = {
            "run_id": found.run_id,
            "data_digest": found.data_digest,
            "code_digest": found.code_digest,
        }
        version, image = "", ""
        artifacts: dict[str, Path] = {}
        for stage in found.stages:
            if stage == "train":
                _, call = self.step("train", **known, git_commit=found.git_commit)
                artifacts["model"] = call.outputs / "model"
            elif stage == "validate":
                self.step("validate", artifacts, **known)
            elif stage == "version":
                made, _ = self.step("version", artifacts, **known, git_commit=found.git_commit)
                version = made.version
            elif stage == "monitor":
                self.registry.advance(found.run_id, "monitored")
            elif stage == "build":
                image = f"ghcr.io/acme/iris:{version}"
            elif stage == "deploy":
                self.step(
                    "deploy", **known, action=found.action, version=version, known_version=found.version, image=image
                )
            if stage == until:
                break
        return found

    def state(self, path: str = RELEASE) -> ReleaseState:
        """Return the state of a release, as git has it."""
        return state_in(git(self.server, "show", f"main:{path}"), path)

    def put(self, state: ReleaseState, path: str = RELEASE) -> None:
        """Let the release commands write a state."""
        push(self.root / "git", {path: release_text(state)})

    def settle(self, path: str = RELEASE) -> None:
        """Let the release that is in flight win."""
        state = self.state(path)
        new = next(slot for slot in (state.blue, state.green) if slot.enabled and not slot.routed)
        identity = Identity.model_validate(new.model_dump(include=set(Identity.model_fields)))
        stable = "blue" if new == state.green else "green"
        self.put(state_of("settled", "gatewayApi", None, identity, stable=stable), path)  # type: ignore[arg-type]


def copied(made: Path, root: Path) -> Pipeline:
    """Return a pipeline that begins where another has ended; addresses in the copy of its store are its own."""
    shutil.copytree(made, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("calls"))
    with sqlite3.connect(root / "mlflow/mlflow.db") as database:
        for table, column in (
            ("experiments", "artifact_location"), ("runs", "artifact_uri"), ("model_versions", "source"),
            ("model_versions", "storage_location"),
        ):  # fmt: skip
            database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (str(made), str(root)))  # noqa: S608
    database.close()
    pipeline = Pipeline(root)
    git(root / "git/work", "remote", "set-url", "origin", str(pipeline.server))
    return pipeline
