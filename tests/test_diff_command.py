"""What `mlops-charts diff` cannot compare, what it returns, and what it leaves alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from diffs import Say, commit, edit, run


def test_a_base_that_helm_refuses(models: Path, say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says which file of which revision; the rest is compared; the exit status is a failed tool's."""
    good = (models / "charts/iris/serving/release-staging.yaml").read_text()
    edit(models, 'phase: "none"', 'phase: "nonsense"', "charts/iris/serving/release-staging.yaml")
    commit(models)
    (models / "charts/iris/serving/release-staging.yaml").write_text(good)
    edit(models, "{replicas: 4}", "{replicas: 5}")
    capsys.readouterr()
    assert run("diff") == 3
    said = capsys.readouterr()
    assert "scales green from 4 to 5 pods (serving in prod, once something is released)" in said.out
    assert "phase" not in said.out
    (line,) = said.err.splitlines()
    assert line.startswith("error: charts/iris/serving/release-staging.yaml at HEAD: Helm refuses it: ")
    (found,) = json.loads("\n".join(say("--format", "json", status=3)))
    assert found["refused"] == [line.removeprefix("error: ")]


def test_an_application_that_is_no_yaml(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of the base that cannot be read is one located line, too."""
    edit(models, "kind: AppProject", "kind: [", "apps/projects/models.yaml")
    commit(models)
    capsys.readouterr()
    assert run("diff") == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: apps/projects/models.yaml at HEAD: it cannot be read: ")


def test_nothing_differs(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unchanged tree has no difference, and the JSON of that is an empty list."""
    capsys.readouterr()
    assert run("diff", "--exit-code") == 0
    assert "nothing that is rendered differs from HEAD" in "".join(capsys.readouterr())
    assert run("diff", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_the_exit_status_tells_on_demand(models: Path, say: Say) -> None:
    """A difference is no failure, unless `--exit-code` asks for it."""
    edit(models, "{replicas: 4}", "{replicas: 5}")
    assert say() == say("--exit-code", status=1)


def test_a_chart_by_hand_is_no_model(models: Path, say: Say) -> None:
    """A chart in charts/ that was generated from no model is not told as a model that is gone."""
    shutil.copytree(models / "charts/iris", models / "charts/other")
    commit(models)
    assert say() == []


def test_a_revision_that_is_not_there(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown revision is one line, and the exit status of what cannot be done here."""
    capsys.readouterr()
    assert run("diff", "--base", "nowhere") == 3
    assert "nowhere" in capsys.readouterr().err


def test_not_a_git_repository(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without git there is nothing to compare with: one line."""
    shutil.rmtree(models / ".git")
    capsys.readouterr()
    assert run("diff") == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "not a git repository" in line
