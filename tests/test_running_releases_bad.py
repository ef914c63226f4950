"""Bad versions on purpose: they pass their own example, and do wrong what they were made to do wrong, no more."""

# ruff: noqa: N806 - X is the field's own name for features

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saved_folders import diabetes, iris, mixed, rows, saved
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from mlops_charts.errors import Mistake
from mlops_charts.running.badness import KINDS, Kind, write_bad
from mlops_charts.saved_model import load
from mlops_charts.saved_model.profile import NumberBins, Profile, profile_text
from mlops_charts.serving.example import check_example

VALUES = NumberBins(edges=(50.0, 150.0, 250.0), shares=(0.25, 0.25, 0.25, 0.25))


def flowers(tmp_path: Path) -> Path:
    """Return the folder of a good model."""
    X, y = iris()
    return saved(tmp_path, LogisticRegression(max_iter=500).fit(X, y), (X, y))[1]


def bad(kind: Kind, good: Path, profile: Path | None = None) -> Path:
    """Return the folder of a bad model, which passes its example, as all that is released must."""
    folder = write_bad(kind, good, profile, good.with_name(f"bad-{kind}")).folder
    check_example(load(folder), folder)
    return folder


def answered(model: Any, every: Any) -> list[bool]:
    """Return of each row whether it is answered at all."""
    found = []
    for at in range(len(next(iter(every.values())))):
        try:
            model.answer({name: column[at : at + 1] for name, column in every.items()})
            found.append(True)
        except ValueError:
            found.append(False)
    return found


def test_it_fails_on_some_rows(tmp_path: Path) -> None:
    """About a quarter of all rows, always the same ones."""
    folder, every = bad("errors", flowers(tmp_path)), rows(*iris())
    first = answered(load(folder), every)
    assert 0.1 < 1 - sum(first) / len(first) < 0.4
    assert answered(load(folder), every) == first


def test_it_dawdles_and_says_the_same(tmp_path: Path) -> None:
    """Answers are those of the good model, and some of them come late."""
    good, every = flowers(tmp_path), rows(*iris())
    began = time.perf_counter()
    said = load(bad("latency", good)).answer(every)
    assert time.perf_counter() - began > 0.1
    assert np.allclose(said.probabilities, load(good).answer(every).probabilities)


def test_predictions_move_to_one_class(tmp_path: Path) -> None:
    """More than half of all rows are of one class, although a third should be."""
    labels = load(bad("drift", flowers(tmp_path))).answer(rows(*iris())).labels
    assert (labels == "setosa").mean() > 0.6


def test_values_move(tmp_path: Path) -> None:
    """Values rise by what lies between the lowest and the highest decile; without a profile nobody knows that."""
    X, y = diabetes()
    good = saved(tmp_path, LinearRegression().fit(X, y), (X, y), "regression")[1]
    (tmp_path / "profile").mkdir()
    profile = Profile(rows=1, features={}, prediction_rows=1, predictions=VALUES)
    (tmp_path / "profile/profile.json").write_text(profile_text(profile))
    every = rows(X, y, "regression")
    moved = load(bad("drift", good, tmp_path / "profile")).answer(every).labels - load(good).answer(every).labels
    assert set(np.round(moved)) == {0.0, 200.0}
    with pytest.raises(Mistake, match="cannot drift"):
        write_bad("drift", good, None, tmp_path / "none")


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_all_types(tmp_path: Path, kind: Kind) -> None:
    """Text, numbers and booleans reach the good model as they would without the bad one around it."""
    X, y = mixed()
    encoded = ColumnTransformer([("site", OneHotEncoder(), ["site"])], remainder="passthrough")
    good = saved(tmp_path, make_pipeline(encoded, LogisticRegression()).fit(X, y), (X, y))[1]
    model, every = load(bad(kind, good)), rows(X, y)
    if kind == "errors":
        assert 0.05 < 1 - np.mean(answered(model, every)) < 0.5
    else:
        same = model.answer(every).labels == load(good).answer(every).labels
        assert same.all() == (kind == "latency")
