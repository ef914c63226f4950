"""`mlops-charts diff` against real git: each kind of change is said in the right words, and only code retrains."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mlops_charts.cli import main

ROOT = Path(__file__).parents[1]


def git(root: Path, *words: str) -> None:
    """Run git as somebody."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *who, *words], check=True, capture_output=True)


def run(*words: str) -> int:
    """Run a command and return its exit status."""
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(main(list(words)))
    return int(ended.value.code or 0)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with iris, rendered and committed."""
    shutil.copytree(ROOT / "model/iris", tmp_path / "model/iris", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "platform.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "-q", "-b", "main")
    assert run("render") == 0
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "Render")
    return tmp_path


CHANGES = {
    "replicas": ("model/iris/model.yaml", "replicas: 2", "replicas: 3", "scales"),
    "code": ("model/iris/train.py", "def train", "# another\ndef train", "will retrain: the code digest changes"),
    "override": ("model/iris/model.yaml", "{replicas: 4}", "{replicas: 5}", "serving in prod"),
    "schedule": ("model/iris/model.yaml", "0 3 * * 1", "0 4 * * 1", "retrains at 0 4 * * 1 instead of 0 3 * * 1"),
    "runtime": ("platform.yaml", "runtime:1.0.0", "runtime:1.1.0", "changes the pipeline from its next run on"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_said(change: str, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The words name what will happen; the Workflow has another name after a change of code, and of nothing else."""
    file, before, after, words = CHANGES[change]
    text = (repository / file).read_text()
    assert before in text
    (repository / file).write_text(text.replace(before, after, 1))
    assert run("diff", "--base", "main") == 0
    said = capsys.readouterr().out
    assert words in said
    assert ("will retrain" in said) == (change == "code")


def test_nothing_differs(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unchanged tree has no difference, and the JSON of that is an empty list."""
    capsys.readouterr()
    assert run("diff") == 0
    assert "nothing that is rendered differs from HEAD" in "".join(capsys.readouterr())
    assert run("diff", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_revision_that_is_not_there(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown revision is one line, and the exit status of what cannot be done here."""
    capsys.readouterr()
    assert run("diff", "--base", "nowhere") == 3
    assert "nowhere" in capsys.readouterr().err
