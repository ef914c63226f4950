"""Tensors in binary form: what JSON says of them, and every way in which their lengths can be wrong."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_servers import IRIS, WAITING_SIGNATURE

from mlops_charts.saved_model import Answers, Column, Signature
from mlops_charts.serving import binary, protocol_v2
from mlops_charts.serving.declined import Declined
from mlops_charts.serving.inputs import Inputs

DTYPES = {"UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "i1", "INT16": "<i2",
          "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}  # fmt: skip


def body(tensors: list[tuple[dict[str, Any], bytes]], **more: Any) -> tuple[bytes, str]:
    said = [{**tensor, "parameters": {"binary_data_size": len(raw)}} for tensor, raw in tensors]
    text = json.dumps({"inputs": said, **more}).encode()
    return text + b"".join(raw for _, raw in tensors), str(len(text))


def matrix(raw: bytes, datatype: str = "FP64", shape: Any = (1, 4)) -> tuple[dict[str, Any], bytes]:
    return {"name": "x", "shape": list(shape), "datatype": datatype}, raw


def refusal(found: bytes, header: str, signature: Signature = IRIS) -> str:
    with pytest.raises(Declined) as caught:
        binary.read(found, header, signature)
    return f"{caught.value.status} {caught.value.message}"


@pytest.mark.parametrize("datatype", DTYPES)
def test_numbers_of_every_type(datatype: str) -> None:
    """They mean what the same numbers mean in JSON."""
    raw = np.array([1, 2, 3, 100], DTYPES[datatype]).tobytes()

    request = binary.read(*body([matrix(raw, datatype)]), IRIS)

    rows = protocol_v2.read(request, Inputs(IRIS, 10)).rows
    assert [column.tolist() for column in rows.values()] == [[1], [2], [3], [100]]


def test_texts_booleans_and_bytes() -> None:
    """A text is its length and itself; bytes come as they are, without base64."""
    columns = (Column(name="t", type="string"), Column(name="b", type="bytes"), Column(name="f", type="boolean"))
    signature = Signature(task="regression", format="code", inputs=columns)
    raws = (struct.pack("<I", 2) + "é".encode(), struct.pack("<I", 3) + b"\x00\xff\n", b"\x01")
    kinds = ("BYTES", "BYTES", "BOOL")
    tensors = [({"name": name, "shape": [1], "datatype": kind}, raw)
               for name, kind, raw in zip("tbf", kinds, raws, strict=True)]  # fmt: skip

    rows = protocol_v2.read(binary.read(*body(tensors), signature), Inputs(signature, 10)).rows

    assert [column.tolist() for column in rows.values()] == [["é"], [b"\x00\xff\n"], [True]]


def test_lengths_are_strict() -> None:
    """Of the JSON, of each tensor and of the whole; and values must be of their type."""
    whole, header = body([matrix(bytes(32))])
    texts = {"name": "wait", "shape": [1], "datatype": "BYTES"}

    assert "Inference-Header-Content-Length: a number from 1 to" in refusal(whole, "x")
    assert "Inference-Header-Content-Length: a number from 1 to" in refusal(whole, str(len(whole) + 1))
    assert "Inference-Header-Content-Length: a number from 1 to" in refusal(whole, "9" * 50)
    assert "but only 31 bytes are left of the body" in refusal(whole[:-1], header)
    assert refusal(whole + b"x", header) == (
        "400 33 bytes stand behind the JSON, but the tensors' binary_data_size is 32 together"
    )
    assert "4 values of FP64 take 32 bytes, binary_data_size is 16" in refusal(*body([matrix(bytes(16))]))
    assert "shape: a list of sizes was expected" in refusal(*body([matrix(bytes(32), shape=(1, -4))]))
    assert "datatype: one of BYTES, BOOL" in refusal(*body([matrix(bytes(32), "FP80")]))
    assert "a BOOL is 0 or 1, found 2" in refusal(*body([matrix(b"\x02" * 4, "BOOL")]))
    assert "value 0 is longer" in refusal(*body([(texts, struct.pack("<I", 9) + b"x")]), WAITING_SIGNATURE)
    assert "value 0 is longer" in refusal(*body([(texts, b"x")]), WAITING_SIGNATURE)
    assert "holds 1 values, the bytes hold 2" in refusal(*body([(texts, bytes(8))]), WAITING_SIGNATURE)
    assert "a text in UTF-8" in refusal(*body([(texts, struct.pack("<I", 1) + b"\xff")]), WAITING_SIGNATURE)
    both = json.dumps({"inputs": [{**matrix(b"")[0], "data": [1], "parameters": {"binary_data_size": 0}}]}).encode()
    assert "it has both data and binary_data_size" in refusal(both, str(len(both)))


@given(st.binary(max_size=60), st.integers(-1, 80), st.sampled_from([*DTYPES, "BYTES", "BOOL"]))
def test_whatever_comes_is_declined_or_read(raw: bytes, cut: int, datatype: str) -> None:
    """No bytes make anything but a request or a refusal."""
    found, header = body([matrix(raw, datatype, (len(raw) // 4 or 1, 4))])
    try:
        binary.read(found[: len(found) - max(cut, 0)], header, IRIS)
    except Declined as declined:
        assert declined.status == 400  # noqa: PT017 - either is right


def test_outputs_in_binary_form() -> None:
    """One is, where it is asked so, or all are; JSON comes first and says how long each is."""
    request = {"inputs": [{**matrix(b"")[0], "data": [1, 2, 3, 4]}]}
    answers = Answers(np.array(["setosa"], object), np.array([[0.5, 0.25, 0.25]]))

    def written(**more: Any) -> tuple[dict[str, Any], bytes]:
        asked = protocol_v2.read({**request, **more}, Inputs(IRIS, 10))
        found, length = binary.written(protocol_v2.written(answers, IRIS, asked, "iris", "1"), asked.binary)
        return json.loads(found[:length]), found[length:]

    said, raw = written(parameters={"binary_data_output": True})
    assert [output["parameters"]["binary_data_size"] for output in said["outputs"]] == [10, 24]
    assert raw == struct.pack("<I", 6) + b"setosa" + struct.pack("<3d", 0.5, 0.25, 0.25)
    said, raw = written(outputs=[{"name": "probabilities", "parameters": {"binary_data": True}}, {"name": "label"}])
    assert [output.get("data") for output in said["outputs"]] == [["setosa"], None]
    assert raw == struct.pack("<3d", 0.5, 0.25, 0.25)
    with pytest.raises(Declined, match=r"binary_data: true or false was expected, found 1"):
        written(outputs=[{"name": "label", "parameters": {"binary_data": 1}}])


def test_base64_is_what_json_has_of_bytes() -> None:
    """So both forms of a request say the same."""
    signature = Signature(task="regression", format="code", inputs=(Column(name="b", type="bytes"),))
    tensor = ({"name": "b", "shape": [1], "datatype": "BYTES"}, struct.pack("<I", 1) + b"\x07")

    assert binary.read(*body([tensor]), signature)["inputs"][0]["data"] == [base64.b64encode(b"\x07").decode()]
