"""train: what it makes, what it writes down, and what it leaves behind where it fails."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlflow_store
import pytest

from mlops_charts import contract
from mlops_charts.saved_model import load
from mlops_charts.steps import train
from mlops_charts.steps.call import Call, Refused, Unavailable
from mlops_charts.steps.data import divided
from mlops_charts.steps.registry import open_registry

TREE = """
import json
from pathlib import Path
from sklearn.tree import DecisionTreeClassifier


def train(X, y, context):
    Path(__file__).with_name("seen.json").write_text(json.dumps(X.iloc[:, 0].tolist()))
    return DecisionTreeClassifier(random_state=context.seed, **context.params).fit(X, y)
"""


def make_call(tmp_path: Path, code: str = TREE, name: str = "step", **more: Any) -> Call:
    """Return a call that trains a tree on iris, with a run of its own."""
    training = {"data": {"uri": "sklearn://iris", "split": {"by": "stratified"}}, "params": {"max_depth": 3}}
    model = {"metadata": {"name": "iris"}, "training": training | more.pop("training", {}), **more.pop("model", {})}
    files = {"train.py": code.encode()}
    asked = mlflow_store.spec(model, files={"train.py": b"def train(X, y, context): ...\n"})
    return mlflow_store.call(tmp_path, asked, files=files, name=name, **more)


def opened(tmp_path: Path, code: str = TREE, name: str = "step", **more: Any) -> Call:
    """Return a call below a run that guard has opened."""
    call = make_call(tmp_path, code, name, **more)
    data = divided(call).digest
    run = open_registry(call).open("c0de", data, "abc123", "commit")
    given = {"run-id": run.id, "code-digest": "c0de", "data-digest": data, "git-commit": "abc123"}
    return Call(call.spec, call.inputs, call.outputs, given, call.environ)


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of every file in a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_what_training_writes_down(tmp_path: Path) -> None:
    """The run has parameters, figures, digests, the commit, the environment and the model's folder."""
    call = opened(tmp_path)
    result = train.run(call)
    registry = open_registry(call)
    run = registry.run(call.parameters["run-id"])
    assert run.id == result.run_id
    assert run.stage == "trained"
    assert run.params == {"max_depth": "3", "seed": "0"}
    assert (run.metrics["train_rows"], run.metrics["test_rows"], run.metrics["columns"]) == (120, 30, 4)
    assert run.metrics["train_accuracy"] == result.metrics["train_accuracy"]
    expected = {
        contract.TAG_MODEL: "iris",
        contract.TAG_CODE: "c0de",
        contract.TAG_DATA: call.parameters["data-digest"],
        contract.TAG_COMMIT: "abc123",
    }
    assert expected.items() <= run.tags.items()
    kept = registry.get(run.id, contract.MODEL_ARTIFACTS, tmp_path / "kept")
    assert kept is not None
    assert digests(kept) == digests(call.outputs / "model")
    assert {contract.SIGNATURE, contract.EXAMPLE} <= set(digests(kept))
    versions = registry.get(run.id, train.ENVIRONMENT, tmp_path / "versions")
    assert versions is not None
    packages = json.loads((versions / "environment.json").read_text())["packages"]
    assert {"scikit-learn", "numpy", "mlflow"} <= set(packages)


def test_what_is_saved_answers(tmp_path: Path) -> None:
    """The artifact is a model that loads and knows the names of its classes; it agrees with what was returned."""
    call = opened(tmp_path)
    result = train.run(call)
    assert load(call.outputs / "model").signature.classes == ("setosa", "versicolor", "virginica")
    assert (result.format, result.agreement.rows, result.agreement.differing) == ("onnx", 150, 0)


def test_training_twice_gives_the_same(tmp_path: Path) -> None:
    """The same code, data and seed give the same bytes and figures; a run may be trained again."""
    first, second = opened(tmp_path), opened(tmp_path, name="again")
    one, two = train.run(first), train.run(second)
    assert one.run_id == two.run_id
    assert one.model_copy(update={"seconds": 0.0}) == two.model_copy(update={"seconds": 0.0})
    assert digests(first.outputs / "model") == digests(second.outputs / "model")


def test_training_sees_training_rows_alone(tmp_path: Path) -> None:
    """The entrypoint gets the features of the training rows, in their order, and no other."""
    call = opened(tmp_path)
    train.run(call)
    seen = json.loads((call.source / "seen.json").read_text())
    assert seen == divided(call).train.X.iloc[:, 0].tolist()


def test_what_a_search_has_chosen(tmp_path: Path) -> None:
    """Parameters of the artifact params stand over those of the spec; without it nothing changes."""
    call = opened(tmp_path)
    folder = call.inputs / "params"
    folder.mkdir()
    (folder / "params.json").write_text('{"params": {"max_depth": 1, "criterion": "entropy"}}')
    assert train.run(call).params == {"max_depth": 1, "criterion": "entropy"}
    (folder / "params.json").write_text("{")
    with pytest.raises(Unavailable, match="it is the artifact of search"):
        train.run(call)


def test_alone_it_opens_a_run(tmp_path: Path) -> None:
    """Without a guard ahead of it the step finds or opens the run of its digests."""
    call = make_call(tmp_path)
    assert train.run(call).run_id == train.run(call).run_id
    assert open_registry(call).find(call.spec.plan.code_digest)[0].stage == "trained"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("def train(X, y, context): ...", "returned nothing; it must return an estimator with predict, or an onnx."),
        ("def train(X, y, context): return 5", "returned int, which has no predict; it must return an estimator"),
        ("def train(X, y, context): return DecisionTreeClassifier", "returned the class DecisionTreeClassifier itself"),
        ("def train(X, y, context): return DecisionTreeClassifier()", "returned a DecisionTreeClassifier that is not"),
        ("def train(X, y): ...", "defined as train(X, y), but is called as train(X, y, context)"),
        ("train = 5", "train is no function, it is of type int"),
    ],
)
def test_what_train_may_not_be(tmp_path: Path, body: str, expected: str) -> None:
    """Each slip around the entrypoint is told in one line, and leaves neither an artifact nor a stage."""
    call = opened(tmp_path, "from sklearn.tree import DecisionTreeClassifier\n" + body + "\n")
    with pytest.raises(Refused) as caught:
        train.run(call)
    assert str(caught.value).startswith(f"train.py:train: {expected}")
    assert "\n" not in str(caught.value)
    assert list(call.outputs.iterdir()) == []
    assert open_registry(call).run(call.parameters["run-id"]).stage == "opened"


def test_what_training_returned_is_the_users_too(tmp_path: Path) -> None:
    """An attribute that raises when we look for it is told as theirs."""
    odd = "class Odd:\n    @property\n    def predict(self): raise ValueError('odd')\n"
    code = odd + "def train(X, y, context): return Odd()\n"
    with pytest.raises(Refused, match=r"^what train\.py:train returned raised ValueError: odd\n"):
        train.run(opened(tmp_path, code))


def test_an_exception_is_the_users(tmp_path: Path) -> None:
    """What train.py raises is shown with its own line; the run stays where it was."""
    call = opened(tmp_path, "def train(X, y, context):\n    return X['colour']\n")
    with pytest.raises(Refused) as caught:
        train.run(call)
    lines = str(caught.value).splitlines()
    assert lines[0] == "train.py:train raised KeyError: 'colour'"
    assert f'File "{call.source}/train.py", line 2, in train' in str(caught.value)
    assert not any("mlops_charts" in line or "site-packages" in line for line in lines)
    assert list(call.outputs.iterdir()) == []


def test_running_out_of_memory_passes(tmp_path: Path) -> None:
    """A step that ran out of memory is tried with more, so this is no refusal."""
    call = opened(tmp_path, "def train(X, y, context):\n    raise MemoryError\n")
    with pytest.raises(MemoryError):
        train.run(call)
    assert list(call.outputs.iterdir()) == []


def test_other_data_are_not_trained_on(tmp_path: Path) -> None:
    """Data that changed behind guard end the run before any code runs."""
    call = opened(tmp_path)
    other = Call(call.spec, call.inputs, call.outputs, {**call.parameters, "data-digest": "0" * 64}, call.environ)
    with pytest.raises(Refused, match="sklearn://iris: the data changed since guard looked at them"):
        train.run(other)
    assert not (call.source / "seen.json").exists()


def test_a_killed_training_is_done_again(tmp_path: Path) -> None:
    """A process that dies while it trains leaves no artifact; the next one ends as if nothing had been."""
    call = opened(tmp_path, "import os\ndef train(X, y, context): os._exit(9)\n")
    spec = tmp_path / "model.json"
    asked = call.spec.model_dump(mode="json", by_alias=True)
    asked["plan"]["codeDigest"] = call.parameters["code-digest"]
    spec.write_text(json.dumps(asked))
    command = [sys.executable, "-m", "mlops_charts", "step", "train", f"--spec={spec}"]
    command += [f"--inputs={call.inputs}", f"--outputs={call.outputs}"]
    command += [f"--{name}={value}" for name, value in call.parameters.items()]
    died = subprocess.run(command, env={**os.environ, **call.environ}, capture_output=True, text=True, check=False)
    assert (died.returncode, died.stdout) == (9, "")
    assert not (call.outputs / "model").exists()
    assert open_registry(call).run(call.parameters["run-id"]).stage == "opened"
    (call.source / "train.py").write_text(TREE)
    undisturbed = opened(tmp_path / "other")
    assert train.run(call).metrics == train.run(undisturbed).metrics
    assert digests(call.outputs / "model") == digests(undisturbed.outputs / "model")
    assert [path.name for path in call.outputs.iterdir()] == ["model"]
