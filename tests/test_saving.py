"""In which form a model is stored, and that it answers as the original does."""

# ruff: noqa: N803, N806 - X is the field's own name for features

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path

import joblib
import numpy as np
import onnxruntime
import pandas as pd
import pytest
from saved_folders import diabetes, iris, mixed, rows, saved
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from mlops_charts.saved_model import load, read_example, read_signature
from mlops_charts.steps.call import Refused
from mlops_charts.steps.user_code import load_function

CLASSIFIERS = {
    "logistic": LogisticRegression(max_iter=1000),
    "forest": RandomForestClassifier(20, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=10, random_state=0),
    "scaled": make_pipeline(StandardScaler(), LogisticRegression()),
    "margins": LinearSVC(random_state=0),
    "by name": make_pipeline(
        make_column_transformer((StandardScaler(), ["petal width (cm)"]), remainder="passthrough"),
        LogisticRegression(max_iter=1000),
    ),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_what_converts_is_onnx_and_answers_as_the_original(tmp_path: Path, name: str) -> None:
    """Labels are identical, and probabilities within 1e-5, on every row."""
    X, y = iris()
    fitted = CLASSIFIERS[name].fit(X, y)
    kept, folder = saved(tmp_path, fitted, (X, y))
    answers = load(folder).answer(rows(X, y))
    assert (kept.format, kept.rows, kept.differing, kept.note) == ("onnx", 150, 0, "")
    assert kept.difference <= 1e-5
    assert fitted.predict(X).tolist() == answers.labels.tolist()
    if name == "margins":
        assert answers.probabilities is None
    else:
        assert np.abs(fitted.predict_proba(X) - answers.probabilities).max() <= 1e-5


def test_a_matrix_is_answered_as_its_columns_are(tmp_path: Path) -> None:
    """The two ways to ask give the same answers, in single and in double precision."""
    X, y = iris()
    _, folder = saved(tmp_path, CLASSIFIERS["logistic"].fit(X, y), (X, y))
    model = load(folder)
    by_columns = model.answer(rows(X, y))
    for dtype in (np.float32, np.float64):
        by_matrix = model.answer_matrix(X.to_numpy(dtype))
        assert by_columns.labels.tolist() == by_matrix.labels.tolist()
        assert np.array_equal(by_columns.probabilities, by_matrix.probabilities)


def test_columns_of_text_convert(tmp_path: Path) -> None:
    """Each column is an input of its own, text among them."""
    X, y = mixed()
    encoded = make_column_transformer((OneHotEncoder(), ["site"]), remainder="passthrough")
    fitted = make_pipeline(encoded, RandomForestClassifier(10, random_state=0)).fit(X, y)
    kept, folder = saved(tmp_path, fitted, (X, y))
    assert kept.format == "onnx"
    assert fitted.predict(X).tolist() == load(folder).answer(rows(X, y)).labels.tolist()
    assert [column.type for column in kept.signature.inputs] == ["double", "string", "integer", "boolean"]


@pytest.mark.parametrize("fitted", [LinearRegression(), RandomForestRegressor(10, random_state=0)])
def test_a_regression_agrees_to_five_digits(tmp_path: Path, fitted: BaseEstimator) -> None:
    """Values are within 1e-5 of their size."""
    X, y = diabetes()
    kept, folder = saved(tmp_path, fitted.fit(X, y), (X, y), "regression")
    answers = load(folder).answer(rows(X, y, "regression"))
    assert kept.format == "onnx"
    assert np.allclose(fitted.predict(X), answers.labels, rtol=1e-5)
    assert answers.probabilities is None


def test_what_single_precision_cannot_tell_is_computed_in_doubles(tmp_path: Path) -> None:
    """Numbers that float32 does not tell apart make other labels, so that doubles are tried."""
    x = 2.0**25 + np.repeat([0.0, 1.0], 30)
    X, y = pd.DataFrame({"x": x, "other": np.zeros(60)}), pd.Series(np.repeat([0, 1], 30), name="target")
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    kept, folder = saved(tmp_path, fitted, (X, y))
    assert y.tolist() == load(folder).answer(rows(X, y)).labels.tolist()
    assert _input_types(folder) == ["tensor(double)"] if kept.format == "onnx" else "float32" in kept.note


def test_a_model_that_does_not_agree_is_stored_by_skops(tmp_path: Path) -> None:
    """Of neighbours at the same distance the converted model takes others, and so gives other probabilities."""
    X, y = iris()
    fitted = KNeighborsClassifier(5).fit(X, y)
    kept, folder = saved(tmp_path, fitted, (X, y))
    assert kept.format == "skops"
    assert "float32 matrix: differs in" in kept.note
    assert not (folder / "model.onnx").exists()
    assert fitted.predict(X).tolist() == load(folder).answer(rows(X, y)).labels.tolist()


def test_a_tree_with_thresholds_between_neighbours_is_never_stored_wrong(tmp_path: Path) -> None:
    """Whatever form is chosen, rows on both sides of a threshold that float32 cannot hold get their labels."""
    low = np.float32(4.0)
    high = np.nextafter(low, np.float32(5))
    X = pd.DataFrame({"x": np.tile([low, high], 30).astype("float64")})
    y = pd.Series(np.tile([0, 1], 30), name="target")
    fitted = DecisionTreeClassifier().fit(X, y)
    _, folder = saved(tmp_path, fitted, (X, y))
    assert y.tolist() == load(folder).answer(rows(X, y)).labels.tolist()


def test_a_metric_of_ones_own_does_not_convert(tmp_path: Path) -> None:
    """What the converter cannot do is stored by skops, and the note says why."""
    X, y = iris()
    kept, folder = saved(tmp_path, KNeighborsClassifier(3, metric="canberra").fit(X, y), (X, y))
    assert kept.format == "skops"
    assert kept.note.startswith("not ONNX (float32 matrix: ")
    assert y.tolist()[:3] == load(folder).answer(rows(X, y)).labels.tolist()[:3]


OWN = """
from sklearn.base import BaseEstimator, ClassifierMixin
from limits import LIMIT


class Threshold(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = sorted(set(y))
        return self

    def predict(self, X):
        import limits
        import numpy as np
        return np.where(np.asarray(X)[:, 2] > limits.LIMIT, "virginica", "setosa")
"""


def _threshold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[BaseEstimator, dict[str, str]]:
    folder = tmp_path / "trained"
    folder.mkdir()
    files = {"own.py": OWN, "limits.py": "LIMIT = 4.0\n"}
    for name, text in files.items():
        (folder / name).write_text(text)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
    for module in ("own", "limits"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    made = load_function(folder, "own.py:Threshold")
    return made(), files


OTHERS = {
    "search": GridSearchCV(KNeighborsClassifier(algorithm="brute", metric="canberra"), {"n_neighbors": [3, 5]}, cv=3),
    "vote": VotingClassifier([("near", KNeighborsClassifier(metric="canberra")), ("wide", LinearSVC())]),
    "ball": KNeighborsClassifier(algorithm="ball_tree", metric="canberra"),
    "calibrated": CalibratedClassifierCV(KNeighborsClassifier(3, metric="canberra"), method="isotonic", cv=2),
}


@pytest.mark.parametrize("name", OTHERS)
def test_estimators_of_scikit_learn_need_no_trust(tmp_path: Path, name: str) -> None:
    """What skops does not trust by itself, but scikit-learn's own estimators are made of, stands in our list."""
    X, y = iris()
    fitted = OTHERS[name].fit(X, y)
    kept, folder = saved(tmp_path, fitted, (X, y))
    assert kept.format == "skops"
    assert fitted.predict(X).tolist() == load(folder).answer(rows(X, y)).labels.tolist()


def test_histogram_trees_convert(tmp_path: Path) -> None:
    """With missing values among the rows, of which each tree knows the way."""
    X, y = iris()
    X = X.mask(np.arange(600).reshape(150, 4) % 17 == 0)
    fitted = HistGradientBoostingClassifier(max_iter=3, random_state=0).fit(X, y)
    kept, folder = saved(tmp_path, fitted, (X, y))
    assert kept.format == "onnx"
    assert fitted.predict(X).tolist() == load(folder).answer(rows(X, y)).labels.tolist()


def test_types_of_ones_own_must_be_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal names the type and says what to write in model.yaml; written there, it is stored with its code."""
    X, y = iris()
    y = y.replace("versicolor", "setosa")
    made, files = _threshold(tmp_path, monkeypatch)
    fitted = made.fit(X, y)
    with pytest.raises(Refused, match=r"training: \{trustedTypes: \[own.Threshold\]\}"):
        saved(tmp_path, fitted, (X, y), name="refused", files=files)
    kept, folder = saved(tmp_path, fitted, (X, y), files=files, trustedTypes=["own.Threshold"])
    answers = load(folder, trusted=["own.Threshold"]).answer(rows(X, y))
    assert (kept.format, kept.signature.trusted_types) == ("skops", ("own.Threshold",))
    assert fitted.predict(X).tolist() == answers.labels.tolist()


class _Shouting(ClassifierMixin, BaseEstimator):
    """It asks its frame for a column by name."""

    def fit(self, X: pd.DataFrame, y: pd.Series) -> _Shouting:
        self.rows_, self.classes_ = len(X), np.unique(y)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return np.where(X["site"] == "west", "yes", "no")


def test_what_asks_for_columns_by_name_gets_a_frame(tmp_path: Path) -> None:
    """The signature says that pandas is needed, and rows come as a data frame."""
    X, y = mixed()
    name = f"{_Shouting.__module__}._Shouting"
    kept, folder = saved(tmp_path, _Shouting().fit(X, y), (X, y), trustedTypes=[name])
    assert (kept.signature.frame, kept.signature.distributions) == (True, ("numpy", "scikit-learn", "skops", "pandas"))
    assert _Shouting().fit(X, y).predict(X).tolist() == load(folder, trusted=[name]).answer(rows(X, y)).labels.tolist()


def test_what_has_no_name_is_not_to_be_trusted(tmp_path: Path) -> None:
    """A lambda cannot be loaded again, so nobody is asked to trust it."""
    X, y = iris()
    fitted = make_pipeline(FunctionTransformer(lambda X: X), LogisticRegression(max_iter=1000)).fit(X, y)
    with pytest.raises(
        Refused, match=r"it holds \S+\.<lambda>, which cannot be found by that name: define it at the top"
    ):
        saved(tmp_path, fitted, (X, y))


def test_only_a_waiver_admits_a_pickle(tmp_path: Path) -> None:
    """A function of one's own within a pipeline can only be pickled: refused without allowPickle, warned of with it."""
    X, y = iris()
    fitted = make_pipeline(FunctionTransformer(_doubled), LogisticRegression(max_iter=1000)).fit(X, y)
    with pytest.raises(Refused, match="cannot be stored safely: not ONNX"):
        saved(tmp_path, fitted, (X, y), name="refused")
    kept, folder = saved(tmp_path, fitted, (X, y), allowPickle=True)
    assert kept.format == "pickle"
    assert fitted.predict(X).tolist() == load(folder, allow_pickle=True).answer(rows(X, y)).labels.tolist()


def _doubled(X: object) -> object:
    return np.asarray(X) * 2


def test_a_waiver_is_told_in_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads the log of the step learns that a pickle was written."""
    X, y = iris()
    serving = {"runtime": "sklearn", "protocol": "seldon"}
    saved(tmp_path, CLASSIFIERS["logistic"].fit(X, y), (X, y), allowPickle=True, serving=serving)
    events = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert any("model.joblib, a pickle" in event for event in events)


def test_the_prepackaged_server_needs_the_waiver(tmp_path: Path) -> None:
    """Seldon's scikit-learn server loads joblib alone; with the waiver it stands beside the safe form."""
    X, y = iris()
    serving = {"runtime": "sklearn", "protocol": "seldon"}
    fitted = CLASSIFIERS["by name"].fit(X, y)
    with pytest.raises(Refused, match="allowPickle: true"):
        saved(tmp_path, fitted, (X, y), name="refused", serving=serving)
    kept, folder = saved(tmp_path, fitted, (X, y), serving=serving, allowPickle=True)
    assert kept.format == "onnx"
    assert fitted.predict(X).tolist() == joblib.load(folder / "model.joblib").predict(X.to_numpy()).tolist()


@pytest.mark.parametrize(
    ("y", "kind", "classes"),
    [
        (pd.Series(np.repeat([7, 10, 9], 50), name="target"), int, ("7", "9", "10")),
        (pd.Series(np.repeat([True, False, True], 50), name="target"), bool, ("False", "True")),
        (iris()[1], str, ("setosa", "versicolor", "virginica")),
    ],
    ids=["integer", "boolean", "string"],
)
@pytest.mark.parametrize("fitted", [LogisticRegression(max_iter=1000), KNeighborsClassifier(4, metric="canberra")])
def test_labels_keep_their_type(
    tmp_path: Path, fitted: BaseEstimator, y: pd.Series, kind: type, classes: tuple[str, ...]
) -> None:
    """What the data had is answered, stored as ONNX or by skops; classes are in the order of the probabilities."""
    X, _ = iris()
    kept, folder = saved(tmp_path, fitted.fit(X, y), (X, y))
    answers = load(folder).answer(rows(X, y))
    assert classes == kept.signature.classes
    assert {kind} == {type(label) for label in answers.labels.tolist()}
    assert fitted.predict(X).tolist() == answers.labels.tolist()


def test_the_example_is_of_test_rows_and_their_answers(tmp_path: Path) -> None:
    """Both forms of the request hold the same rows, and the answers are what the saved model says of them."""
    X, y = iris()
    fitted = CLASSIFIERS["forest"].fit(X, y)
    _, folder = saved(tmp_path, fitted, (X, y))
    example = read_example(folder)
    test = X[np.arange(150) % 3 == 0].head(2)
    assert test.to_numpy().tolist() == example.seldon["data"]["ndarray"]
    assert test.to_numpy().T.tolist() == [tensor["data"] for tensor in example.v2["inputs"]]
    assert {("FP64", (2, 1))} == {(tensor["datatype"], tuple(tensor["shape"])) for tensor in example.v2["inputs"]}
    assert fitted.predict(test).tolist() == example.answers.labels


@pytest.mark.parametrize(
    "fitted", [RandomForestClassifier(5, random_state=0), KNeighborsClassifier(algorithm="brute", metric="canberra")]
)
def test_the_same_model_gives_the_same_bytes(tmp_path: Path, fitted: BaseEstimator) -> None:
    """Neither times, nor addresses in memory, nor chance are in any file."""
    X, y = iris()
    fitted.fit(X, y)
    folders = [saved(tmp_path, fitted, (X, y), name=name)[1] for name in ("one", "two")]
    files = [{path.name: path.read_bytes() for path in sorted(folder.rglob("*.*"))} for folder in folders]
    assert files[0] == files[1]


def test_a_column_of_dates_is_refused(tmp_path: Path) -> None:
    """The refusal names the column."""
    X, y = iris()
    X = X.assign(day=pd.Timestamp("2026-01-01"))
    with pytest.raises(Refused, match='column "day" holds datetime64'):
        saved(tmp_path, LogisticRegression(), (X, y))


def test_labels_that_the_data_do_not_have_are_refused(tmp_path: Path) -> None:
    """An estimator that was fitted on numbers in place of the labels cannot be judged by them."""
    X, y = iris()
    coded = LogisticRegression(max_iter=1000).fit(X, y.map({"setosa": 0, "versicolor": 1, "virginica": 2}))
    with pytest.raises(Refused, match="it must answer with the labels of the data"):
        saved(tmp_path, coded, (X, y))


def test_what_cannot_predict_is_refused(tmp_path: Path) -> None:
    """The refusal names the entrypoint and what it returned."""
    with pytest.raises(Refused, match=r"train.py:train returned builtins.dict, which has no predict"):
        saved(tmp_path, {"weights": 1}, iris())


def test_missing_values_make_a_column_nullable(tmp_path: Path) -> None:
    """The signature says so, and the model answers rows that lack them."""
    X, y = iris()
    X = X.mask(np.arange(600).reshape(150, 4) % 17 == 0)
    fitted = RandomForestClassifier(5, random_state=0).fit(X, y)
    _, folder = saved(tmp_path, fitted, (X, y))
    assert {True} == {column.nullable for column in read_signature(folder).inputs}
    assert fitted.predict(X).tolist() == load(folder).answer(rows(X, y)).labels.tolist()


def _input_types(folder: Path) -> list[str]:
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    return [one.type for one in session.get_inputs()]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), MemoryError()])
def test_a_full_disk_says_nothing_of_a_model(tmp_path: Path, error: Exception) -> None:
    """Another form is no answer to a disk or a memory that did not take the first: the step is tried again."""
    X, y = iris()
    fitted = KNeighborsClassifier().fit(X, y)
    fitted.weights = _Full(error)
    with pytest.raises(type(error)) as caught:
        saved(tmp_path, fitted, (X, y))
    assert caught.value is error


class _Full:
    """Something whose storing fails; it asks the distances of an estimator."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self, distances: np.ndarray) -> np.ndarray:
        return np.ones_like(distances)

    def __deepcopy__(self, memo: object) -> _Full:
        return self

    def __getstate__(self) -> object:
        raise self.error
