"""When two sets of answers agree."""

# ruff: noqa: N806 - X is the field's own name for features

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saved_folders import rows, saved
from sklearn.tree import DecisionTreeClassifier

from mlops_charts.saved_model import Answers, Signature, load
from mlops_charts.steps.agreement import agreement

VALUES = Signature(task="regression", format="onnx", inputs=())
CLASSES = Signature(task="classification", format="onnx", inputs=(), classes=("a", "b"), probabilities=True)


@pytest.mark.parametrize(
    ("stored", "differing", "agreed"),
    [
        ([100.0, -50.0, 0.0], 0, True),
        ([100.0009, -50.0, 0.0], 0, True),
        ([100.0011, -50.0, 0.0], 1, False),
        ([100.0, -50.0, 1e-4], 0, True),
        ([100.0, -50.0, 1e-2], 1, False),
        ([100.0, np.nan, 0.0], 1, False),
        ([np.inf, -50.0, 0.0], 1, False),
    ],
)
def test_values_agree_to_five_digits(stored: list[float], differing: int, agreed: bool) -> None:  # noqa: FBT001
    """Of their size, where zero counts as large as the values spread."""
    found = agreement(Answers(np.array([100.0, -50.0, 0.0])), Answers(np.array(stored)), VALUES)
    assert (3, differing, agreed) == (found.rows, found.differing, found.agreed)


def test_missing_agrees_with_missing() -> None:
    """What both have no number for is the same."""
    both = Answers(np.array([np.nan, np.inf, 1.0]))
    assert agreement(both, both, VALUES).agreed


@pytest.mark.parametrize(
    ("labels", "first", "agreed"),
    [(["a", "b"], 0.700009, True), (["a", "b"], 0.70002, False), (["b", "b"], 0.7, False)],
)
def test_labels_are_identical_and_probabilities_near(
    labels: list[str],
    first: float,
    agreed: bool,  # noqa: FBT001
) -> None:
    """A label that differs is a disagreement even where the probabilities agree."""
    original = Answers(np.array(["a", "b"], object), np.array([[0.7, 0.3], [0.2, 0.8]]))
    stored = Answers(np.array(labels, object), np.array([[first, 1 - first], [0.2, 0.8]]))
    assert agreed == agreement(original, stored, CLASSES).agreed


def _near(base: float, steps: list[int]) -> Any:
    """Return numbers that lie a quarter of a step of single precision, or some of them, above a base."""
    step = float(np.nextafter(np.float32(base), np.float32(np.inf))) - base
    return np.array([base + step * quarter / 4 for quarter in steps])


@settings(max_examples=15, deadline=None)
@given(
    base=st.sampled_from([1.0, 4.0, 1000.0, 2.0**24]),
    quarters=st.lists(st.integers(0, 40), min_size=12, max_size=30),
    seed=st.integers(0, 9),
)
def test_a_tree_between_single_precision_numbers_is_stored_right(base: float, quarters: list[int], seed: int) -> None:
    """However near the thresholds lie, what is stored answers every row as the tree itself."""
    x = _near(base, quarters)
    labels = np.random.default_rng(seed).permutation(np.arange(len(x)) % 2)
    X, y = pd.DataFrame({"x": x, "other": np.arange(len(x)) * 1.0}), pd.Series(labels, name="target")
    fitted = DecisionTreeClassifier(random_state=0).fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        _, path = saved(Path(folder), fitted, (X, y))
        assert fitted.predict(X).tolist() == load(path).answer(rows(X, y)).labels.tolist()
