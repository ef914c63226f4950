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


def test_plan_tells_how_long_a_release_takes(run: Run) -> None:
    """Each stage says how long it is, which check takes longest and what all of them need; then what can be seen."""
    environment = json.loads(run("plan", "--format", "json").stdout)[0]["iris in staging"]
    stages = [key for key in environment if key.startswith("canary ")]
    assert stages == ["canary 5 %", "canary 25 %", "canary 50 %"]
    assert environment["canary 5 %"].partition(": ")[0].endswith("m, errorRate takes longest")
    for check in ("errorRate", "latency p95", "predictionDrift"):
        assert f"{check} " in environment["canary 5 %"]
    assert environment["promoted"].endswith("if it is as good; rolled back if undecided after 6h")
    assert environment["settled"].startswith("30m after that")
    assert environment["can be seen"].startswith("errors from 1 % to 2 %; p95 from 45.5 ms to 54.6 ms; ")
