"""Classes of a model's own around what is stored."""

# ruff: noqa: N806 - X is the field's own name for features

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saved_folders import iris, mixed, rows, saved
from sklearn.linear_model import LogisticRegression

from mlops_charts.saved_model import BrokenModel, load
from mlops_charts.saved_model.isolated import borrowed, modules_in
from mlops_charts.steps.call import Refused

SERVING = {"entrypoint": "serve.py:Model"}
LABELS = """
import numpy as np


class Model:
    def predict(self, inputs):
        return np.where(inputs[:, 2] < 2.5, "setosa", "virginica")
"""
PROBABILITIES = """
import numpy as np
from pathlib import Path


class Model:
    def __init__(self, folder: Path):
        assert (folder / "model.onnx").is_file()

    def predict(self, inputs):
        small = inputs[:, 2] < 2.5
        return np.stack([small, ~small, np.zeros(len(inputs))], axis=1)
"""


def _saved(tmp_path: Path, text: str, fitted: Any = None, **asking: Any) -> Path:
    X, y = iris()
    fitted = fitted or LogisticRegression(max_iter=1000).fit(X, y)
    return saved(tmp_path, fitted, (X, y), files={"serve.py": text}, serving=SERVING, **asking)[1]


def test_one_dimension_is_labels(tmp_path: Path) -> None:
    """What the class answers is what the model answers, in the data's type."""
    X, y = iris()
    model = load(_saved(tmp_path, LABELS))
    answers = model.answer(rows(X, y))
    assert np.where(X["petal length (cm)"] < 2.5, "setosa", "virginica").tolist() == answers.labels.tolist()
    assert (answers.probabilities, model.signature.probabilities) == (None, False)


def test_two_dimensions_are_probabilities_of_the_sorted_classes(tmp_path: Path) -> None:
    """The likeliest class is the label; a constructor with an argument gets the model's folder."""
    X, y = iris()
    model = load(_saved(tmp_path, PROBABILITIES))
    answers = model.answer(rows(X, y))
    assert np.where(X["petal length (cm)"] < 2.5, "setosa", "versicolor").tolist() == answers.labels.tolist()
    assert (answers.probabilities.shape, model.signature.probabilities) == ((150, 3), True)


def test_what_is_stored_can_be_asked_without_the_class(tmp_path: Path) -> None:
    """An entrypoint itself may ask for it."""
    X, y = iris()
    text = """
from mlops_charts.saved_model import load


class Model:
    def __init__(self, folder):
        self.stored = load(folder, wrapped=False)

    def predict(self, inputs):
        return self.stored.answer_matrix(inputs).probabilities
"""
    fitted = LogisticRegression(max_iter=1000).fit(X, y)
    answers = load(_saved(tmp_path, text, fitted)).answer(rows(X, y))
    assert fitted.predict(X).tolist() == answers.labels.tolist()
    assert np.allclose(fitted.predict_proba(X), answers.probabilities, atol=1e-5)


def test_text_comes_as_objects(tmp_path: Path) -> None:
    """One matrix, whatever the columns are."""
    X, y = mixed()
    text = """
class Model:
    def predict(self, inputs):
        return ["yes" if row[1] == "west" else "no" for row in inputs]
"""
    kept, folder = saved(
        tmp_path, {"weights": np.ones(3)}, (X, y), framework="custom", files={"serve.py": text}, serving=SERVING
    )
    assert (kept.format, kept.rows) == ("skops", 0)
    assert np.where(X["site"] == "west", "yes", "no").tolist() == load(folder).answer(rows(X, y)).labels.tolist()


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (
            "inputs[:1, 0]",
            r"Model: the model answered an array of shape \(1,\) to 150 rows; expected \(150,\)",
        ),
        ("inputs", r"an array of shape \(150, 4\) to 150 rows; expected \(150,\) labels, or \(150, 3\) probabilities"),
        ("1", r"the model answered int, no array, to 150 rows"),
        ("inputs[:, :3]", "answers numbers that are no probabilities"),
        (
            '["rose"] * len(inputs)',
            r"Model answers rose, which is no class of the data \(setosa, versicolor, virginica\)",
        ),
    ],
)
def test_another_shape_is_refused_when_it_is_saved(tmp_path: Path, output: str, message: str) -> None:
    """The refusal says what came and what may."""
    with pytest.raises(Refused, match=message):
        _saved(tmp_path, f"class Model:\n    def predict(self, inputs):\n        return {output}\n")


def test_another_shape_is_a_broken_model_when_it_serves(tmp_path: Path) -> None:
    """A class that answers well at first may do otherwise later."""
    X, y = iris()
    text = """
class Model:
    def predict(self, inputs):
        return ["setosa"] * len(inputs) if len(inputs) != 7 else ["setosa"]
"""
    model = load(_saved(tmp_path, text))
    with pytest.raises(BrokenModel, match=r"to 7 rows; expected \(7,\) labels"):
        model.answer(rows(X.head(7), y.head(7)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Other: ...\n", "serve.py:Model cannot be made: AttributeError: .*has no attribute 'Model'"),
        ("import nowhere.inner\n", 'serve.py:Model needs the package "nowhere", which is not installed; name it in'),
        ("class Model: ...\n", r"serve.py:Model has no predict\(inputs\)"),
        ("class Model:\n    def __init__(self): 1 / 0\n", "cannot be made: ZeroDivisionError"),
    ],
)
def test_a_class_that_cannot_be_made_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """The refusal names the entrypoint and why."""
    with pytest.raises(Refused, match=message):
        _saved(tmp_path, text)


def test_two_models_do_not_mix_modules_of_one_name(tmp_path: Path) -> None:
    """Each has its own `features`, also if it is imported only once rows come; the path of modules stays as it was."""
    path, names = list(sys.path), set(sys.modules)
    text = """
from features import LABEL


class Model:
    def predict(self, inputs):
        import inner.later
        from inner import later as same
        assert inner.later is same
        return [LABEL if inner.later.LABEL == LABEL else "mixed"] * len(inputs)
"""
    loaded = {}
    for label in ("setosa", "virginica"):
        files = {
            "serve.py": text,
            "features.py": f"LABEL = {label!r}\n",
            "inner/__init__.py": "",
            "inner/later.py": "from . import deeper\nLABEL = deeper.LABEL\n",
            "inner/deeper.py": "from features import LABEL\n",
        }
        X, y = iris()
        fitted = LogisticRegression(max_iter=1000).fit(X, y)
        loaded[label] = load(saved(tmp_path, fitted, (X, y), name=label, files=files, serving=SERVING)[1])
    X, y = iris()
    assert [{"setosa"}, {"virginica"}] == [set(one.answer(rows(X, y)).labels.tolist()) for one in loaded.values()]
    assert path == sys.path
    assert not {"features", "serve", "inner"} & (set(sys.modules) - names)
    assert not list(tmp_path.rglob("__pycache__"))


def test_borrowed_names_are_given_back(tmp_path: Path) -> None:
    """Libraries find a type by its module's plain name only while it is lent."""
    (tmp_path / "shapes.py").write_text("class Round: ...\n")
    modules = modules_in(tmp_path)
    with borrowed(modules, {"shapes", "json"}):
        assert sys.modules["shapes"] is modules.load("shapes")
    assert "shapes" not in sys.modules
    assert sys.modules["json"].__name__ == "json"


def test_what_predict_raises_is_shown_with_its_line(tmp_path: Path) -> None:
    """The refusal has the frames of serve.py and none of ours."""
    with pytest.raises(Refused, match=r"serve.py:Model raised AttributeError: .*no attribute 'absent'") as caught:
        _saved(tmp_path, "class Model:\n    def predict(self, inputs):\n        return inputs.absent()\n")
    assert 'serve.py", line 3, in predict' in str(caught.value)
    assert "mlops_charts" not in str(caught.value).partition("Traceback")[2]
