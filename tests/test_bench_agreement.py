"""The benchmark compares servers only where they serve the same model."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from model_servers import iris_folder

EXPECTED = ["setosa", "versicolor", "virginica"]


@pytest.fixture(scope="module")
def agreement() -> ModuleType:
    """The benchmark's own module."""
    path = Path(__file__).parent.parent / "benchmarks" / "serving_agreement.py"
    spec = importlib.util.spec_from_file_location("benchmark_serving_agreement", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "answer",
    [
        {"outputs": [{"name": "label", "data": EXPECTED}, {"name": "probabilities", "data": [1.0] * 9}]},
        {"outputs": [{"name": "predict", "datatype": "INT64", "data": [0, 1, 2]}]},
        {"labels": EXPECTED, "probabilities": []},
        {"data": {"names": ["t:0", "t:1", "t:2"], "ndarray": [[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.0, 0.4, 0.6]]}},
    ],
)
def test_each_format_says_the_same(agreement: ModuleType, answer: Any) -> None:
    """Labels and numbers of classes in version 2, labels alone, and probabilities of Seldon's first protocol."""
    assert agreement.disagreement(EXPECTED, json.dumps(answer).encode()) == ""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"labels": ["setosa", "setosa", "virginica"]}', "it answers setosa, setosa, virginica, where the model"),
        (b'{"labels": []}', "it answers nothing, where the model says setosa, versicolor, virginica"),
        (b'{"outputs": [{"data": [0, 1, 7]}]}', "no answer in any known format (IndexError)"),
        (b'{"status": "ok"}', "no answer in any known format (KeyError)"),
        (b"<html>", "no answer in any known format (JSONDecodeError)"),
    ],
)
def test_what_differs_is_told(agreement: ModuleType, body: bytes, said: str) -> None:
    """A status of 200 is not enough."""
    assert agreement.disagreement(EXPECTED, body)[: len(said)] == said


def test_rows_are_those_of_the_example(agreement: ModuleType, tmp_path: Path) -> None:
    """One row of each class, with what the model said of it."""
    rows, labels = agreement.example_rows(iris_folder(tmp_path))
    assert (labels, rows[0]) == (EXPECTED, [5.1, 3.5, 1.4, 0.2])
