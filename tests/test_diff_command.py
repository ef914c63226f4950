"""What `mlops-charts diff` cannot compare, what it returns, and what it leaves alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from diffs import commit, edit, run, said_by, start

Say = Callable[..., list[str]]


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with iris, rendered and committed, to be copied."""
    root = tmp_path_factory.mktemp("committed")
    start(root)
    return root


@pytest.fixture
def repository(committed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with iris, rendered and committed, that is the current folder."""
    root = tmp_path / "models"
    shutil.copytree(committed, root)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def say(repository: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """Return what `diff` prints, line by line."""
    assert repository.is_dir()
    return partial(said_by, capsys)


def test_a_base_that_helm_refuses(repository: Path, say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says which file of which revision; the rest is compared; the exit status is a failed tool's."""
    good = (repository / "charts/iris/serving/release-staging.yaml").read_text()
    edit(repository, 'phase: "none"', 'phase: "nonsense"', "charts/iris/serving/release-staging.yaml")
    commit(repository)
    (repository / "charts/iris/serving/release-staging.yaml").write_text(good)
    edit(repository, "{replicas: 4}", "{replicas: 5}")
    capsys.readouterr()
    assert run("diff") == 3
    said = capsys.readouterr()
    assert "scales green from 4 to 5 pods (serving in prod, once something is released)" in said.out
    assert "phase" not in said.out
    (line,) = said.err.splitlines()
    assert line.startswith("error: charts/iris/serving/release-staging.yaml at HEAD: Helm refuses it: ")
    (found,) = json.loads("\n".join(say("--format", "json", status=3)))
    assert found["refused"] == [line.removeprefix("error: ")]


def test_an_application_that_is_no_yaml(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of the base that cannot be read is one located line, too."""
    edit(repository, "kind: AppProject", "kind: [", "apps/projects/models.yaml")
    commit(repository)
    capsys.readouterr()
    assert run("diff") == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: apps/projects/models.yaml at HEAD: it cannot be read: ")


def test_nothing_differs(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unchanged tree has no difference, and the JSON of that is an empty list."""
    capsys.readouterr()
    assert run("diff", "--exit-code") == 0
    assert "nothing that is rendered differs from HEAD" in "".join(capsys.readouterr())
    assert run("diff", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_the_exit_status_tells_on_demand(repository: Path, say: Say) -> None:
    """A difference is no failure, unless `--exit-code` asks for it."""
    edit(repository, "{replicas: 4}", "{replicas: 5}")
    assert say() == say("--exit-code", status=1)


def test_a_chart_by_hand_is_no_model(repository: Path, say: Say) -> None:
    """A chart in charts/ that was generated from no model is not told as a model that is gone."""
    shutil.copytree(repository / "charts/iris", repository / "charts/other")
    commit(repository)
    assert say() == []


def test_a_revision_that_is_not_there(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown revision is one line, and the exit status of what cannot be done here."""
    capsys.readouterr()
    assert run("diff", "--base", "nowhere") == 3
    assert "nowhere" in capsys.readouterr().err


def test_not_a_git_repository(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without git there is nothing to compare with: one line."""
    shutil.rmtree(repository / ".git")
    capsys.readouterr()
    assert run("diff") == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "not a git repository" in line
