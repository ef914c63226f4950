"""Requests of both protocols, well formed and not, as pure functions; nothing but a refusal comes of what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_servers import IRIS, WAITING_SIGNATURE

from mlops_charts.saved_model import Answers, Signature
from mlops_charts.serving import protocol_seldon, protocol_v2
from mlops_charts.serving.declined import Declined
from mlops_charts.serving.inputs import Inputs

READER = Inputs(IRIS, 10)
TENSOR = {"name": "x", "shape": [1, 4], "datatype": "FP64", "data": [1, 2, 3, 4]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=10,
)


def refusal(read: Any, request: Any, reader: Inputs = READER) -> str:
    with pytest.raises(Declined) as caught:
        read(request, reader)
    return caught.value.message


def v2(**changed: Any) -> dict[str, Any]:
    return {"inputs": [{**TENSOR, **changed}]}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"inputs": [5]}, "inputs[0]: an object was expected, found 5"),
        ({"inputs": [{}]}, "inputs[0].name: a text was expected, found null"),
        ({"id": 5, **v2()}, "id: a text was expected, found 5"),
        (v2(shape=[]), 'input "x": shape: a list of sizes was expected, such as [1, 4]'),
        (v2(shape=[True, 4]), 'input "x": shape: a list of sizes was expected, such as [1, 4]'),
        (v2(shape=[-1, 4]), 'input "x": shape: a list of sizes was expected, such as [1, 4]'),
        (v2(shape=[4, 1]), 'input "x": shape: [n, 4] was expected, a value for each column, found [4, 1]'),
        (v2(shape=[10**12, 4]), 'input "x": shape [1000000000000, 4] holds 4000000000000 values, data has 4'),
        (v2(datatype="BYTES"), 'input "x": column "sepal length (cm)" takes FP64, not BYTES'),
        (v2(data=5), 'input "x": data: a list was expected, found 5'),
        (v2(data=[[1, 2], 3, 4]), 'input "x": data: lists and values stand side by side'),
        ({"inputs": [TENSOR, TENSOR]}, 'input "x": shape: [n] or [n, 1] was expected, found [1, 4]'),
        ({**v2(), "outputs": 5}, "outputs: a list of objects with a name was expected"),
        (
            {**v2(), "outputs": [{"name": "y"}]},
            'outputs[0].name: label or probabilities was expected, found the text "y"',
        ),
    ],
)
def test_requests_of_version_2_that_are_wrong(request_: Any, message: str) -> None:
    """Each says where it is wrong and what was expected."""
    assert refusal(protocol_v2.read, request_) == message


@pytest.mark.parametrize("datatype", [[], None, "FP99"])
def test_datatype_is_one_of_the_protocol(datatype: Any) -> None:
    """Whatever stands there."""
    assert refusal(protocol_v2.read, v2(datatype=datatype)).startswith('input "x": datatype: one of BOOL, BYTES, FP16')


def test_tensor_without_data_is_told_of_the_binary_form() -> None:
    """Clients of the protocol send binary tensors unless they are told not to."""
    tensor = {name: content for name, content in TENSOR.items() if name != "data"}

    message = refusal(protocol_v2.read, {"inputs": [tensor]})

    assert message == 'input "x": it has no data; a tensor in binary form has parameters.binary_data_size'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "data: an object with ndarray or tensor was expected"),
        ({}, "data: ndarray or tensor was expected"),
        ({"ndarray": 5}, "data.ndarray: a list was expected, found 5"),
        ({"names": "a", "ndarray": []}, 'data.names: a list was expected, found the text "a"'),
        ({"tensor": 5}, "data.tensor: an object with shape and values was expected, found 5"),
        ({"tensor": {"shape": [1, 4], "values": 5}}, "data.tensor.values: a list was expected, found 5"),
        ({"tensor": {"shape": [4], "values": []}}, "data.tensor.shape: [n, 4] was expected, a value for each column"),
        (
            {"tensor": {"shape": [2, 4], "values": [1]}},
            "data.tensor: shape [2, 4] holds 8 values, values has 1",
        ),
    ],
)
def test_requests_of_seldon_that_are_wrong(data: Any, message: str) -> None:
    """Each says where it is wrong and what was expected."""
    assert refusal(protocol_seldon.read, {"data": data}) == message


@given(JSON)
def test_whatever_comes_is_declined_or_read(found: Any) -> None:
    """At any place of a request, any JSON makes rows or a refusal, and nothing else."""
    tensors = [v2(**{name: found}) for name in TENSOR]
    for request in (found, {"inputs": found}, {**v2(), "outputs": found}, {**v2(), "id": found}, *tensors):
        rows_or_refusal(protocol_v2.read, request)
    tensor = {"shape": [1, 4], "values": [1, 2, 3, 4]}
    forms = ({"ndarray": found}, {"ndarray": [[1, 2, 3, 4]], "names": found}, {"tensor": found})
    places = [{"tensor": {**tensor, name: found}} for name in tensor]
    for data in (found, *forms, *places):
        rows_or_refusal(protocol_seldon.read, {"data": data, "meta": found})


def rows_or_refusal(read: Any, request: Any) -> None:
    try:
        asked = read(request, READER)
    except Declined:
        return
    assert {len(column) for column in asked.rows.values()} == {1}


def test_shapes_of_columns_and_nested_data() -> None:
    """A column may come as [n] or [n, 1], flat or nested, beside the others in any order."""
    tensors = [
        {"name": "wait", "shape": [2, 1], "datatype": "BYTES", "data": [["x"], ["y"]]},
        {"name": "a", "shape": [2], "datatype": "FP32", "data": [1, None]},
    ]

    rows = protocol_v2.read({"inputs": tensors}, Inputs(WAITING_SIGNATURE, 10)).rows

    assert (list(rows), rows["wait"].tolist(), rows["a"][0]) == (["a", "wait"], ["x", "y"], 1.0)


def test_puid_comes_back() -> None:
    """Seldon's clients name their requests."""
    asked = protocol_seldon.read({"meta": {"puid": "p"}, "data": {"ndarray": [[1, 2, 3, 4]]}}, READER)

    answer = protocol_seldon.written(Answers(np.array([1.5])), IRIS, asked, "iris")

    assert answer["meta"] == {"puid": "p", "tags": {}, "requestPath": {"iris": ""}}


@pytest.mark.parametrize(
    ("task", "labels", "output"),
    [
        ("regression", np.array([1.5]), {"name": "value", "shape": [1], "datatype": "FP64", "data": [1.5]}),
        ("ranking", np.array([2.5]), {"name": "score", "shape": [1], "datatype": "FP64", "data": [2.5]}),
        ("custom", np.array(["a"], object), {"name": "value", "shape": [1], "datatype": "BYTES", "data": ["a"]}),
        ("custom", np.array([3]), {"name": "value", "shape": [1], "datatype": "INT64", "data": [3]}),
    ],
)
def test_outputs_are_named_by_the_task(task: Any, labels: Any, output: Any) -> None:
    """Values, scores, and whatever a task of its own answers, with the datatype that they have."""
    signature = Signature(task=task, format="code", inputs=IRIS.inputs)
    asked = protocol_v2.read(v2(), Inputs(signature, 10))

    assert protocol_v2.written(Answers(labels), signature, asked, "m", "")["outputs"] == [output]
