"""A model's folder as MLflow reads it."""

# ruff: noqa: N806 - X is the field's own name for features

from __future__ import annotations

import warnings
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.models import Model
from saved_folders import diabetes, iris, mixed, saved
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder


def _by_name() -> BaseEstimator:
    encoded = make_column_transformer((OneHotEncoder(), ["site"]), remainder="passthrough")
    return make_pipeline(encoded, RandomForestClassifier(5, random_state=0))


@pytest.mark.parametrize(
    ("fitted", "data", "task", "form"),
    [
        (RandomForestClassifier(5, random_state=0), iris(), "classification", "onnx"),
        (KNeighborsClassifier(algorithm="brute", metric="canberra"), iris(), "classification", "skops"),
        (LogisticRegression(max_iter=1000), (iris()[0], iris()[1] == "setosa"), "classification", "onnx"),
        (_by_name(), mixed(), "classification", "onnx"),
        (LinearRegression(), diabetes(), "regression", "onnx"),
    ],
    ids=["forest", "neighbours", "booleans", "text", "regression"],
)
def test_mlflow_loads_the_folder_and_answers_alike(
    tmp_path: Path, fitted: BaseEstimator, data: tuple[pd.DataFrame, pd.Series], task: str, form: str
) -> None:
    """`mlflow.pyfunc.load_model` takes a data frame and gives the labels or values of the original."""
    X, y = data
    kept, folder = saved(tmp_path, fitted.fit(X, y), (X, y), task)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns of its own types when it is imported
        function = mlflow.pyfunc.load_model(str(folder))
    answers = function.predict(X)
    assert form == kept.format
    if task == "regression":
        assert np.allclose(fitted.predict(X), answers, rtol=1e-5)
    else:
        assert fitted.predict(X).tolist() == answers.tolist()


def test_signature_and_example_are_there(tmp_path: Path) -> None:
    """MLflow knows the columns, what is answered, and two rows."""
    X, y = mixed()
    _, folder = saved(tmp_path, _by_name().fit(X, y), (X, y))
    model = Model.load(str(folder))
    assert [(column.name, column.type.name) for column in model.signature.inputs] == [
        ("size", "double"),
        ("site", "string"),
        ("count", "long"),
        ("new", "boolean"),
    ]
    assert [column.type.name for column in model.signature.outputs] == ["string"]
    example = model.load_input_example(str(folder))
    assert X[np.arange(90) % 3 == 0].head(2).to_numpy().tolist() == example.to_numpy().tolist()


def test_seldon_s_server_finds_the_packages(tmp_path: Path) -> None:
    """It joins the folder and what MLmodel says of the environment, so that must be the name of a file."""
    _, folder = saved(tmp_path, LogisticRegression(max_iter=1000).fit(*iris()), iris())
    named = Model.load(str(folder)).flavors["python_function"]["env"]
    assert (folder / named).read_text().startswith("name: mlflow-env\n")


def test_packages_are_pinned(tmp_path: Path) -> None:
    """What loading needs, each at the version that it was saved with."""
    X, y = iris()
    _, folder = saved(tmp_path, RandomForestClassifier(2, random_state=0).fit(X, y), (X, y))
    lines = (folder / "requirements.txt").read_text().split()
    assert [line.partition("==")[0] for line in lines] == ["mlflow", "numpy", "onnxruntime"]
