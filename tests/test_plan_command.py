"""`plan` says what was decided, and whether committing it trains anything."""

from __future__ import annotations

import json
from pathlib import Path

from repositories import Run


def _training(run: Run) -> str:
    done = run("plan", "--format", "json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)[0]["iris"]["training"])


def test_plan_says_whether_a_commit_trains(run: Run, repository: Path) -> None:
    """A first rendering trains, an unchanged one does not, an edit of the code does, one of replicas does not."""
    assert _training(run).startswith("will train for the first time")
    assert run("render").returncode == 0
    assert _training(run).startswith("trains nothing")
    model = repository / "model/iris/model.yaml"
    model.write_text(model.read_text().replace("replicas: 2", "replicas: 3"))
    assert _training(run).startswith("trains nothing")
    (repository / "model/iris/train.py").write_text("def train(X, y, context):\n    return None\n")
    assert _training(run).startswith("will retrain")


def test_plan_of_a_broken_model_is_its_problems(run: Run, repository: Path) -> None:
    """Nothing is planned from a file with errors."""
    (repository / "model/iris/model.yaml").write_text("metadata: {name: iris}\n")
    done = run("plan")
    assert done.returncode == 1
    assert "missing-field" in done.stdout
    assert "Traceback" not in done.stderr


def test_plan_tells_both_environments(run: Run) -> None:
    """Each environment stands with what is different there."""
    lines = run("plan").stdout
    assert "iris in staging" in lines
    assert "2 a version" in lines
    assert "4 a version" in lines
