"""A step that is killed at any moment and run again ends as if it had never been disturbed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from killed_steps import Line, consistent
from mlflow_store import resolved, store

from mlops_charts.assemble import seeded

MODEL: dict[str, Any] = {
    "metadata": {"name": "iris"},
    "training": {
        "data": {"uri": "sklearn://iris", "split": {"test": 0.3, "by": "stratified"}},
        "params": {"C": 1.0},
        "search": {"trials": 1, "parallel": 1, "metric": "accuracy", "space": {"C": {"logFloat": [0.1, 10.0]}}},
    },
    "validation": {"minRows": 30, "gates": [{"metric": "accuracy", "min": 0.8}]},
}
TRAIN = b'''"""Trains."""

from sklearn.linear_model import LogisticRegression


def train(X, y, context):
    """Return a classifier."""
    return LogisticRegression(max_iter=500, **context.params).fit(X, y)
'''
ORDER = ("guard", "trial", "search", "train", "validate", "version", "monitor", "build", "deploy")
MOMENTS = 3


@dataclass(frozen=True)
class Undisturbed:
    """A whole run: what stood before each step, and what stood after it."""

    line: Line
    repository: Path
    before: dict[str, tuple[Path, dict[str, str]]]
    after: dict[str, Any]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    """Run every step once, and keep a copy of the world ahead of each."""
    place = tmp_path_factory.mktemp("killed")
    root = place / "world"
    repository = _repository(root / "release.git", place / "seed")
    environ = {"MLFLOW_TRACKING_URI": store(root), "MLOPS_CHARTS_LOCAL": "1"}
    spec = resolved(MODEL, files={"train.py": TRAIN}, git=repository)
    line = Line(root, spec, environ)
    source = root / "guard" / "inputs" / "source"
    source.mkdir(parents=True)
    (source / "train.py").write_bytes(TRAIN)
    before, after = {}, {}
    for step in ORDER:
        shutil.copytree(root, place / f"before-{step}")
        before[step] = (place / f"before-{step}", dict(line.known))
        after[step] = line.finish(step, repository)
    yield Undisturbed(line, repository, before, after)
    shutil.rmtree(place)


def _repository(bare: Path, seed: Path) -> Path:
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True)
    serving = seed / "charts" / "iris" / "serving"
    serving.mkdir(parents=True)
    for name, text in seeded("staging").items():
        (serving / name).write_text(text)
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*author, "commit", "-qm", "Begin"]):
        subprocess.run(["git", "-C", str(seed), *words], check=True)
    subprocess.run(["git", "-C", str(seed), "push", "-q", str(bare), "main"], check=True)
    return bare


def _restore(world: Undisturbed, step: str) -> Line:
    folder, known = world.before[step]
    shutil.rmtree(world.line.root)
    shutil.copytree(folder, world.line.root)
    return Line(world.line.root, world.line.spec, world.line.environ, dict(known))


@pytest.mark.parametrize("step", ORDER)
def test_a_step_that_was_killed_or_runs_twice_leaves_what_it_left_once(undisturbed: Undisturbed, step: str) -> None:
    """After a kill at its first effect, at its last and between: one run, one version, whole artifacts, one commit."""
    line = _restore(undisturbed, step)
    effects = line.run(step)
    assert effects > 0
    assert undisturbed.after[step] == line.finish(step, undisturbed.repository), "run twice"
    for moment in sorted({1 + round(share * (effects - 1) / (MOMENTS - 1)) for share in range(MOMENTS)}):
        line = _restore(undisturbed, step)
        line.kill(step, moment)
        assert consistent(line.root / "mlflow" / "mlflow.db")
        assert undisturbed.after[step] == line.finish(step, undisturbed.repository), f"killed at {moment} of {effects}"
