"""ONNX models that training itself returns."""

# ruff: noqa: N806 - X is the field's own name for features

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from saved_folders import iris, rows, saved

from mlops_charts.saved_model import load
from mlops_charts.steps.call import Refused


def _linear(weights: np.ndarray, *, softmax: bool) -> onnx.ModelProto:
    """Return a model as torch exports it: one matrix in, one of scores out."""
    columns, classes = weights.shape
    nodes = [helper.make_node("MatMul", ["x", "w"], ["scores"])]
    if softmax:
        nodes.append(helper.make_node("Softmax", ["scores"], ["y"], axis=1))
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", columns])],
        [helper.make_tensor_value_info("y" if softmax else "scores", TensorProto.FLOAT, ["n", classes])],
        [helper.make_tensor("w", TensorProto.FLOAT, weights.shape, weights.astype("float32").ravel())],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_a_model_proto_is_stored_as_it_is(tmp_path: Path) -> None:
    """Its probabilities are those of the sorted classes, and the likeliest is the label."""
    X, y = iris()
    weights = np.eye(4, 3)
    kept, folder = saved(tmp_path, _linear(weights, softmax=True), (X, y), framework="onnx")
    answers = load(folder).answer(rows(X, y))
    assert (kept.format, kept.rows, kept.signature.probabilities) == ("onnx", 0, True)
    expected = np.array(["setosa", "versicolor", "virginica"])[(X.to_numpy() @ weights).argmax(axis=1)]
    assert expected.tolist() == answers.labels.tolist()
    assert np.allclose(1, answers.probabilities.sum(axis=1))


def test_scores_that_are_no_probabilities_are_refused(tmp_path: Path) -> None:
    """A forgotten softmax is told, not served."""
    with pytest.raises(Refused, match="end it with a softmax"):
        saved(tmp_path, _linear(np.eye(4, 3), softmax=False), iris(), framework="onnx")


def test_a_model_proto_of_other_columns_is_refused(tmp_path: Path) -> None:
    """The refusal says what it takes and what there is."""
    with pytest.raises(
        Refused, match=r"the model takes x: tensor\(float\)\['n', 3\]; expected one matrix of 4 columns"
    ):
        saved(tmp_path, _linear(np.eye(3), softmax=True), iris(), framework="onnx")


def test_an_invalid_model_proto_is_refused(tmp_path: Path) -> None:
    """What onnx's checker says stands in one line."""
    proto = _linear(np.eye(4, 3), softmax=True)
    proto.graph.node[0].op_type = "NoSuchThing"
    with pytest.raises(Refused, match=r"train.py:train returned an invalid ONNX model: .*NoSuchThing"):
        saved(tmp_path, proto, iris(), framework="onnx")
