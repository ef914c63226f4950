"""Fixtures that several files use: a repository as a user has one, and the command line in it."""

import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest
from diffs import Say, said_by, start
from hypothesis import settings
from repositories import ROOT, Run, git, process


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with the model iris and a platform, in a folder with a space and a letter beyond ASCII."""
    root = tmp_path / "ml modèles"
    shutil.copytree(ROOT / "model/iris", root / "model/iris", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "platform.yaml", root / "platform.yaml")
    git(root, "init", "--quiet", "--initial-branch=main")
    return root


@pytest.fixture
def run(repository: Path) -> Run:
    """Run mlops-charts in the repository as a process."""

    def call(
        *arguments: str, cwd: Path = repository, stdin: str = "", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return process(["-m", "mlops_charts", *arguments], cwd, stdin=stdin, env=env)

    return call


@pytest.fixture(scope="session")
def committed_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with iris, rendered and committed, to be copied."""
    root = tmp_path_factory.mktemp("committed")
    start(root)
    return root


@pytest.fixture
def models(committed_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with iris, rendered and committed, that is the current folder."""
    root = tmp_path / "models"
    shutil.copytree(committed_models, root)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def say(models: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """Return what `diff` prints, line by line."""
    assert models.is_dir()
    return partial(said_by, capsys)


# The same examples in every run, so that a red run is about the change in it; MLOPS_CHARTS_HUNT=1 draws new ones.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
if "MLOPS_CHARTS_HUNT" not in os.environ:
    settings.load_profile("repeatable")
