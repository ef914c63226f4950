"""ONNX models that training itself returns."""

# ruff: noqa: N806 - X is the field's own name for features

from __future__ import annotations

from pathlib import Path
from typing import Any

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


def _graph(nodes: list[onnx.NodeProto], inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]) -> Any:
    graph = helper.make_graph(nodes, "small", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_columns_may_be_inputs_of_their_own(tmp_path: Path) -> None:
    """By their names, or by the names that identifiers allow; those that the model leaves out are not fed."""
    X, y = iris()
    proto = _graph(
        [helper.make_node("Sigmoid", ["petal_width__cm_"], ["p"])],
        [helper.make_tensor_value_info("petal_width__cm_", TensorProto.DOUBLE, ["n"])],
        [helper.make_tensor_value_info("p", TensorProto.DOUBLE, ["n"])],
    )
    _, folder = saved(tmp_path, proto, (X, y == "setosa"), framework="onnx")
    answers = load(folder).answer(rows(X, y))
    second = 1 / (1 + np.exp(-X["petal width (cm)"].to_numpy()))
    assert np.allclose(np.stack([1 - second, second], axis=1), answers.probabilities)
    assert answers.labels.tolist() == [True] * len(X)
    assert np.array_equal(answers.probabilities, load(folder).answer_matrix(X.to_numpy()).probabilities)


def test_numbers_of_classes_are_labels(tmp_path: Path) -> None:
    """Where the classes are text, whole numbers say which of the sorted classes it is."""
    X, y = iris()
    proto = _graph(
        [helper.make_node("ArgMax", ["x"], ["label"], axis=1, keepdims=0)],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("label", TensorProto.INT64, ["n"])],
    )
    X = X.iloc[:, :3]
    kept, folder = saved(tmp_path, proto, (X, y), framework="onnx")
    expected = np.array(["setosa", "versicolor", "virginica"])[X.to_numpy().argmax(axis=1)]
    assert (False, expected.tolist()) == (kept.signature.probabilities, load(folder).answer(rows(X, y)).labels.tolist())


def test_values_of_a_regression_may_be_a_column(tmp_path: Path) -> None:
    """(n, 1) is one value for each row."""
    X, _ = iris()
    proto = _graph(
        [helper.make_node("ReduceMax", ["x", "axis"], ["most"], keepdims=1)],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("most", TensorProto.FLOAT, ["n", 1])],
    )
    proto.graph.initializer.append(helper.make_tensor("axis", TensorProto.INT64, [1], [1]))
    target = X.max(axis=1).rename("target")
    _, folder = saved(tmp_path, proto, (X, target), "regression", framework="onnx")
    assert np.allclose(target, load(folder).answer(rows(X, target, "regression")).labels)
