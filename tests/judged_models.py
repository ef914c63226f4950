"""Saved models of flowers with a site, good and bad, and calls that validate them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow_store import call, spec
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from mlops_charts import contract
from mlops_charts.steps.call import Call
from mlops_charts.steps.data import divided
from mlops_charts.steps.registry import open_registry
from mlops_charts.steps.saving import save

OWN = b"""
def compute(truth, answers, context):
    return {"missed": float((truth != answers).sum()), "regret": float((truth != answers).mean())}
"""
TRAINING = {
    "data": {"uri": "file://rows.csv", "exclude": ["site"], "split": {"by": "stratified", "test": 0.4}},
    "seed": 3,
}


def files() -> dict[str, bytes]:
    """Return the source: 300 flowers of two sites, in one of which a petal is measured badly, and own metrics."""
    frame = load_iris(as_frame=True, return_X_y=False)
    rows = pd.concat([frame.data, frame.data * 1.01], ignore_index=True)
    rows.columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    rows["target"] = np.tile(np.array(frame.target_names)[frame.target], 2)
    rng = np.random.default_rng(5)
    rows["site"] = rng.choice(["north", "south", "far"], len(rows), p=[0.55, 0.4, 0.05])
    bad = rows["site"] == "south"
    rows.loc[bad, "petal_length"] += rng.normal(0, 1.2, int(bad.sum()))
    rows.loc[bad, "petal_width"] += rng.normal(0, 0.6, int(bad.sum()))
    return {
        "train.py": b"def train(X, y, context): ...\n",
        "metrics.py": OWN,
        "rows.csv": rows.round(3).to_csv(index=False).encode(),
    }


def asked(validation: Mapping[str, Any], training: Mapping[str, Any] | None = None) -> Any:
    """Return a spec with gates."""
    model = {"metadata": {"name": "iris"}, "training": {**TRAINING, **(training or {})}, "validation": validation}
    return spec(model, files=files())


def estimator(kind: str) -> Any:
    """Return an estimator: good, weak (hardly fitted), or useless (it never answers one of the three classes)."""
    if kind == "useless":
        return DecisionTreeClassifier(max_depth=1, random_state=0)
    return LogisticRegression(max_iter=2000, C=0.002 if kind == "weak" else 1.0)


def model_of(kind: str, folder: Path, source: Mapping[str, bytes] | None = None) -> Path:
    """Save a model of the flowers, or of other source files, and return its folder."""
    made = call(folder, asked({}), files=source or files(), name="making")
    rows, target = divided(made), folder / "model"
    target.mkdir()
    fitted = estimator(kind).fit(rows.train.X, rows.train.y)
    save(fitted, rows.train, rows.test, made.spec, made.source, target)
    return target


def validating(
    tmp_path: Path, model: Path, validation: Mapping[str, Any], name: str = "validate", **training: Any
) -> Call:
    """Return a call of the step for a model whose run was trained."""
    made = call(tmp_path, asked(validation, training), files=files(), name=name)
    registry = open_registry(made)
    run = registry.open(name.ljust(64, "0"), "d" * 64, "c0ffee", "commit")
    registry.put(run.id, model, contract.MODEL_ARTIFACTS)
    registry.advance(run.id, "trained")
    return Call(
        made.spec, made.inputs, made.outputs, {"run-id": run.id, "data-digest": divided(made).digest}, made.environ
    )
