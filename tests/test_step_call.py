"""What every step is told of its run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow_store import call, resolved
from repositories import ROOT

from mlops_charts import contract
from mlops_charts.cli import main
from mlops_charts.steps.call import Refused, check_code


def test_every_step_knows_the_code_of_its_run() -> None:
    """So that each can be held against the spec that it finds."""
    assert [name for name, step in contract.STEPS.items() if "code-digest" not in step.parameters_in] == []


def test_a_spec_that_was_replaced_is_refused(tmp_path: Path) -> None:
    """A run of older code would leave its model under the wrong digest; the spec's own, or none, is fine."""
    asked = call(tmp_path).spec
    check_code(call(tmp_path, asked, name="none"))
    check_code(call(tmp_path, asked, name="own", code_digest=asked.plan.code_digest))
    with pytest.raises(Refused, match=r"this run is of the code cccccccccccc, and the spec by now of [0-9a-f]{12}: "):
        check_code(call(tmp_path, asked, name="old", code_digest="c" * 64))


@pytest.mark.parametrize("step", contract.STEPS)
def test_a_step_asks_before_it_does_anything(step: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with exit status 1, which is not tried again, and leaves nothing."""
    spec = tmp_path / "model.json"
    spec.write_text(json.dumps(resolved()))
    folders = [f"--inputs={tmp_path / 'in'}", f"--outputs={tmp_path / 'out'}"]
    with pytest.raises(SystemExit) as ended:
        main(["step", step, f"--spec={spec}", *folders, f"--code-digest={'c' * 64}"])
    assert ended.value.code == contract.REFUSED
    assert "a commit changed the model meanwhile" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "is no spec of this version: model: Field required; render the charts"),
        ("[]", "is no spec of this version: Input should be"),
        ("[" * 100_000, "is no spec of this version: maximum recursion depth exceeded"),
    ],
)
def test_a_spec_that_is_none_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    """Whatever stands in the file."""
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(SystemExit) as ended:
        main(["step", "train", f"--spec={tmp_path / 'model.json'}", "--inputs=in", "--outputs=out"])
    assert ended.value.code == contract.REFUSED
    said = capsys.readouterr().err
    assert said.startswith(f"error: {tmp_path / 'model.json'} {words}")
    assert said.count("\n") == 1


def test_a_package_that_is_missing_is_one_line(tmp_path: Path) -> None:
    """Steps were called where only what renders is installed."""
    files = {"train.py": b"def train(X, y, context): ...\n", "rows.csv": b"a,target\n1,x\n2,y\n"}
    model = {"metadata": {"name": "iris"}, "training": {"data": {"uri": "file://rows.csv"}}}
    asked = call(tmp_path, files=files)
    spec = tmp_path / "model.json"
    spec.write_text(json.dumps(resolved(model, files=files)))
    folders = [f"--spec={spec}", f"--inputs={asked.inputs}", f"--outputs={asked.outputs}"]
    command = [sys.executable, str(ROOT / "tests/without.py"), "pandas", "step", "train", *folders]
    environment = {**os.environ, **asked.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    expected = "error: pandas is not installed; pip install 'mlops-charts[steps]' brings what steps need"
    assert (ended.returncode, ended.stderr.splitlines()[-1]) == (contract.FAILED, expected)
