"""The models of the serving benchmark as saved folders, with all that the server checks, counts and compares with."""

# ruff: noqa: N803, N806 - X is the field's own name for features

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlops_charts.saved_model import Column, Signature, example_text, load, signature_text
from mlops_charts.saved_model.example import Example, ExampleAnswers
from mlops_charts.saved_model.profile import Profile, profile_text

KINDS = ("logistic", "forest")
SLOW = "slow"
ROW = [5.1, 3.5, 1.4, 0.2]
_EXAMPLE = (0, 75, 149)


def saved(folder: Path, kind: str) -> Path:
    """Write a logistic regression or a forest of 100 trees on iris, as a training and a monitoring step do."""
    import numpy as np  # noqa: PLC0415 - slow to import, and --help needs none of it
    from skl2onnx import to_onnx  # noqa: PLC0415 - the same
    from sklearn.datasets import load_iris  # noqa: PLC0415 - the same

    bunch = load_iris()
    X, y = bunch.data, bunch.target_names[bunch.target]
    folder.mkdir(parents=True, exist_ok=True)
    fitted = _estimator(kind).fit(X, y)
    converted = to_onnx(fitted, X[:1].astype(np.float32), options={"zipmap": False})
    (folder / "model.onnx").write_bytes(converted.SerializeToString())
    signature = Signature(
        task="classification",
        format="onnx",
        inputs=tuple(Column(name=name, type="double") for name in bunch.feature_names),
        classes=tuple(map(str, fitted.classes_)),
        probabilities=True,
    )
    (folder / "signature.json").write_text(signature_text(signature))
    model = load(folder)
    (folder / "example.json").write_text(example_text(_example(signature, X[list(_EXAMPLE)], model)))
    (folder / "profile.json").write_text(profile_text(_profile(signature, X, model)))
    return folder


_BURNS = '''"""Computes for two milliseconds a row, as a model does that is worth an overload."""

from time import perf_counter


class Model:
    """Answers with the sum of a row."""

    def predict(self, inputs):
        """Return one value for each row."""
        end = perf_counter() + 0.002 * len(inputs)
        while perf_counter() < end:
            pass
        return inputs.sum(axis=1)
'''


def slow(folder: Path) -> Path:
    """Write a model of code alone that computes for two milliseconds a row: much to do, little to send."""
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "serve.py").write_text(_BURNS)
    inputs = tuple(Column(name=name, type="double") for name in "abcd")
    signature = Signature(task="regression", format="code", entrypoint="serve.py:Model", inputs=inputs)
    (folder / "signature.json").write_text(signature_text(signature))
    tensors = [
        {"name": one, "shape": [1], "datatype": "FP64", "data": [value]} for one, value in zip("abcd", ROW, strict=True)
    ]
    example = Example(
        v2={"inputs": tensors}, seldon={"data": {"ndarray": [ROW]}}, answers=ExampleAnswers(labels=[sum(ROW)])
    )
    (folder / "example.json").write_text(example_text(example))
    return folder


def _estimator(kind: str) -> Any:
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - as above
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above

    return LogisticRegression(max_iter=1000) if kind == "logistic" else RandomForestClassifier(100, random_state=0)


def _example(signature: Signature, X: Any, model: Any) -> Example:
    answers = model.answer_matrix(X)
    names = [column.name for column in signature.inputs]
    tensors = [
        {"name": name, "shape": [len(X)], "datatype": "FP64", "data": X[:, place].tolist()}
        for place, name in enumerate(names)
    ]
    return Example(
        v2={"inputs": tensors},
        seldon={"data": {"names": names, "ndarray": X.tolist()}},
        answers=ExampleAnswers(labels=answers.labels.tolist(), probabilities=answers.probabilities.tolist()),
    )


def _profile(signature: Signature, X: Any, model: Any) -> Profile:
    from mlops_charts.steps.profile import feature_bins, prediction_bins  # noqa: PLC0415 - as above

    features = {one.name: feature_bins(one, X[:, place]) for place, one in enumerate(signature.inputs)}
    predictions = prediction_bins(signature, model.answer_matrix(X))
    return Profile(rows=len(X), features=features, prediction_rows=len(X), predictions=predictions)
