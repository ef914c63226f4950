"""Folders of saved models for tests, as a training step writes them."""

# ruff: noqa: N803, N806 - X is the field's own name for features

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow_store import spec
from sklearn.datasets import load_diabetes, load_iris

from mlops_charts.saved_model import Rows
from mlops_charts.steps.data import Part
from mlops_charts.steps.rows import rows_of
from mlops_charts.steps.saving import Saved, save
from mlops_charts.steps.signing import signature_of


def iris() -> tuple[pd.DataFrame, pd.Series]:
    """Return measurements of flowers, and their species as text."""
    bunch = load_iris(as_frame=True)
    return bunch.data, pd.Series(bunch.target_names[bunch.target], name="target").astype("str")


def diabetes() -> tuple[pd.DataFrame, pd.Series]:
    """Return measurements of patients, and how their illness went on."""
    bunch = load_diabetes(as_frame=True)
    return bunch.data, bunch.target


def mixed() -> tuple[pd.DataFrame, pd.Series]:
    """Return rows with numbers, text, whole numbers and booleans, and a target of text."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=90),
            "site": pd.Series(rng.choice(["north", "south", "west"], 90)).astype("str"),
            "count": rng.integers(0, 9, 90),
            "new": rng.random(90) < 0.5,
        }
    )
    target = np.where((frame["size"] > 0) ^ (frame["site"] == "west"), "yes", "no")
    return frame, pd.Series(target, name="target").astype("str")


def part(X: pd.DataFrame, y: pd.Series) -> Part:
    """Return rows as a step divides them."""
    X, y = X.reset_index(drop=True), y.reset_index(drop=True)
    return Part(X, y, X.assign(target=y))


def asked(task: str = "classification", *, files: Mapping[str, str] = {}, serving: Any = None, **training: Any) -> Any:
    """Return a spec with some fields of its training and serving."""
    model = {
        "apiVersion": "mlops-charts/v1",
        "kind": "Model",
        "metadata": {"name": "iris"},
        "training": {"data": {"uri": "sklearn://iris"}, "task": task, **training},
        "serving": serving or {},
    }
    return spec(model, files={"train.py": b"def train(X, y, context): ...\n", **_encoded(files)})


def saved(
    tmp_path: Path,
    fitted: Any,
    rows: tuple[pd.DataFrame, pd.Series],
    task: str = "classification",
    *,
    name: str = "model",
    files: Mapping[str, str] = {},
    **asking: Any,
) -> tuple[Saved, Path]:
    """Save what training returned, two thirds of the rows being those that it was trained on."""
    X, y = rows
    learnt = np.arange(len(X)) % 3 > 0
    source, folder = tmp_path / f"{name}-source", tmp_path / name
    for file, content in {"train.py": b"", **_encoded(files)}.items():
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).write_bytes(content)
    folder.mkdir()
    spec_ = asked(task, files=files, **asking)
    return save(fitted, part(X[learnt], y[learnt]), part(X[~learnt], y[~learnt]), spec_, source, folder), folder


def rows(X: pd.DataFrame, y: pd.Series, task: str = "classification") -> Rows:
    """Return rows as a model of these columns takes them."""
    return rows_of(X, signature_of(None, part(X, y), asked(task)))


def _encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()}
