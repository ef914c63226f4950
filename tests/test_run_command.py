"""`mlops-charts run`: which model, which fields, which part, and what it says where it cannot."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from repositories import ROOT, git

from mlops_charts.cli import status_of
from mlops_charts.local.fields import table


@pytest.fixture
def here(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository as the current folder."""
    monkeypatch.chdir(repository)
    return repository


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Return the exit status of `run` and what it says on stderr; stdout is for results alone."""
    status = status_of(["run", *arguments])
    result, talk = capsys.readouterr()
    assert result == ""
    return status, talk


def test_a_repository_without_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user is told how to start one."""
    monkeypatch.chdir(tmp_path)
    expected = f"error: no model in {tmp_path / 'model'}; `mlops-charts init NAME` starts one\n"
    assert said(capsys) == (1, expected)


def test_several_models(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a path it runs the only model; of several one must be named."""
    shutil.copytree(here / "model/iris", here / "model/other")
    assert said(capsys) == (1, "error: there are 2 models; say which: model/iris, model/other\n")


def test_problems_are_told_as_by_other_commands(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An error in model.yaml is located, and nothing runs."""
    file = here / "model/iris/model.yaml"
    file.write_text(file.read_text().replace("replicas: 2", "replcas: 2"))
    status, talk = said(capsys, "model/iris")
    assert status == 1
    assert 'serving.replcas: unknown field; did you mean "replicas"? [unknown-field]' in talk
    assert not (here / ".mlops-charts").exists()


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("training.seed", "error: --set training.seed: expected FIELD=VALUE, such as training.params.max_depth=3"),
        ("=3", "error: --set =3: expected FIELD=VALUE"),
        ("serving.replcas=2", '--set:1:1: serving.replcas: unknown field; did you mean "replicas"? [unknown-field]'),
        ("serving.replicas=many", "--set:1:18: serving.replicas: "),
        ("serving.replicas=[", "error: --set serving.replicas=[: what is behind = is no value"),
        ("training.entrypoint.x=1", "error: --set training.entrypoint.x=1: training.entrypoint.x is not there"),
        ("environments[7].name=x", "error: --set environments[7].name=x: environments[7] is not there"),
        ("training.entrypoint=gone.py:train", "--set:1:21: training.entrypoint: "),
        ("validation.gates[0].min=5", "--set:1:25: validation.gates[0].min: "),
    ],
)
def test_mistakes_in_assignments(here: Path, capsys: pytest.CaptureFixture[str], assignment: str, words: str) -> None:
    """What --set says goes through the parser and all rules; problems are located in it."""
    status, talk = said(capsys, "model/iris", "--set", assignment)
    assert status == 1
    assert words in talk
    assert not (here / ".mlops-charts/runs").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (
            ["--from", "vaildate"],
            1,
            'error: no step "vaildate"; did you mean "validate"? the steps of this model: ',
        ),
        (["--from", "validate"], 1, "error: --from validate: no earlier run has everything of guard, train; run once"),
        (["--from", "train", "--until", "guard"], 1, "error: --until guard ends before --from train begins"),
        (["--trigger", "never"], 2, "Invalid value for '--trigger'"),
        (["nowhere"], 1, 'error: no model "nowhere" in'),
        (["--platform", "gone.yaml"], 1, "gone.yaml: "),
    ],
)
def test_mistakes(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, words: str
) -> None:
    """One clear line, and nothing has run."""
    found, talk = said(capsys, *arguments)
    assert (found, words in talk) == (status, True), talk
    assert not (here / ".mlops-charts/runs").exists()


def test_no_helm(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without Helm nothing can be rendered: a tool is missing."""
    monkeypatch.setenv("HELM", "no-such-helm")
    assert said(capsys) == (3, "error: HELM=no-such-helm is no program that can be run\n")


def test_an_address_without_a_scheme(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An address of S3 that no step could use is told before anything is rendered."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:9000")
    expected = "AWS_ENDPOINT_URL is localhost:9000: expected an address that begins with http:// or https://"
    assert said(capsys) == (1, f"error: {expected}\n")


def test_a_secret_that_is_missing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A variable that training asks for stands for a Secret: all of them are told before anything runs."""
    secrets = 'training.secrets=[{name: "warehouse", key: "password", env: "DB_PASSWORD"}]'
    status, talk = said(capsys, "--set", secrets, "--builder", "none")
    assert status == 1
    assert "needs the key password of the Secret warehouse: export DB_PASSWORD=... before the run\n" in talk


def test_the_table_of_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """--fields prints what becomes of each field of a Workflow."""
    assert status_of(["run", "--fields"]) == 0
    assert capsys.readouterr().out == f"{table()}\n"


def test_a_run_until_its_first_step(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The real guard, called as its pod would: the result on stdout, all that it leaves below .mlops-charts."""
    git(here, "add", "--all")
    git(here, "commit", "--quiet", "-m", "first")
    commit = git(here, "rev-parse", "HEAD").strip()
    arguments = ["run", "--until", "guard", "--set", "training.params.n_estimators=7", "--builder", "none"]
    assert status_of([*arguments, "--format", "json"]) == 0
    result, talk = capsys.readouterr()
    found = json.loads(result)
    assert {name: found[name] for name in ("model", "status", "action", "version", "gitCommit", "exitStatus")} == {
        "model": "iris",
        "status": "Succeeded",
        "action": "train",
        "version": "",
        "gitCommit": commit,
        "exitStatus": 0,
    }
    assert talk.splitlines()[0].startswith("iris: guard -> train -> validate")
    assert talk.splitlines()[1].split()[:2] == ["guard", "done"]
    assert "--until guard" in talk
    assert Path(found["report"]).read_text().startswith("<!doctype html>")
    assert git(here, "status", "--porcelain", "--ignored").splitlines() == ["!! .mlops-charts/"]
    home = here / ".mlops-charts"
    files = git(home / "release.git", "ls-tree", "-r", "--name-only", "main").split()
    assert files == ["charts/iris/serving/release-prod.yaml", "charts/iris/serving/release-staging.yaml"]
    assert not (home / "runs/iris" / found["run"] / "tasks").exists()
    state = json.loads((home / "runs/iris" / found["run"] / "state.json").read_text())
    assert state["parameters"] == {"trigger": "commit", "code-digest": found["codeDigest"], "git-commit": commit}


def test_ctrl_c(here: Path) -> None:
    """The command ends as interrupted, says so in a line, and its processes have ended."""
    arguments = [sys.executable, "-m", "mlops_charts", "run", "--builder", "none"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(arguments, cwd=here, env=environment, stderr=subprocess.PIPE, text=True) as running:
        end = time.monotonic() + 60
        while not list(here.glob(".mlops-charts/runs/iris/*/logs/guard.err")):
            assert time.monotonic() < end
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, talk = running.communicate(timeout=60)
    assert (running.returncode, talk.splitlines()[-1]) == (130, "interrupted")
    (state,) = here.glob(".mlops-charts/runs/iris/*/state.json")
    assert json.loads(state.read_text())["status"] == "Stopped"
    assert "Stopped" in (state.parent / "report.html").read_text()
