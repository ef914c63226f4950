"""Lists of JSON become columns of numpy, and what is wrong is named."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_servers import iris_folder
from rsgi_calls import app_of, ask

from mlops_charts.saved_model import Column, Signature
from mlops_charts.saved_model.signature import Type
from mlops_charts.serving.asked import Asked
from mlops_charts.serving.bodies import parse_json
from mlops_charts.serving.declined import Declined
from mlops_charts.serving.inputs import Inputs


def inputs(kind: Type, *, nullable: bool = False, missing: bool = False) -> Inputs:
    columns = (Column(name="x", type=kind, nullable=nullable),)
    return Inputs(Signature(task="regression", format="onnx", inputs=columns), 100, missing)


def column(reader: Inputs, *values: Any) -> Any:
    return reader.of_columns({"x": list(values)})["x"]


def refusal(reader: Inputs, *values: Any) -> str:
    with pytest.raises(Declined) as caught:
        column(reader, *values)
    return f"{caught.value.status} {caught.value.message}"


@pytest.mark.parametrize(
    ("kind", "values", "dtype"),
    [
        ("double", [1, 2.5, 2**70], np.float64),
        ("integer", [1, -(2**63), 2**63 - 1], np.int64),
        ("integer", [1.0, 3], np.int64),
        ("boolean", [True, False, 1, 0], np.bool_),
        ("string", ["a", "", "é"], np.object_),
    ],
)
def test_columns_have_the_type_of_the_signature(kind: Type, values: list[Any], dtype: Any) -> None:
    """Numbers that are integral are integers, and every number is a double."""
    found = column(inputs(kind), *values)

    assert (found.dtype, found.tolist()) == (dtype, values)


def test_bytes_come_in_base64() -> None:
    """JSON has no bytes."""
    assert column(inputs("bytes"), "AAH/").tolist() == [b"\x00\x01\xff"]
    assert refusal(inputs("bytes"), "?") == '400 column "x", row 0: bytes in base64 was expected, found the text "?"'


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("double", [1, "2"], 'row 1: a number was expected, found the text "2"'),
        ("double", [True], "row 0: a number was expected, found true"),
        ("double", [1, [2]], "row 1: a number was expected, found a list"),
        ("double", [float("inf")], "row 0: a number was expected, found one that is infinite"),
        ("double", [10**400], "row 0: a number was expected, found one that is infinite"),
        ("integer", [1, 2.5], "row 1: an integer was expected, found 2.5"),
        ("integer", [2**63], "row 0: an integer was expected, found 9223372036854775808"),
        ("integer", [float("nan")], "row 0: an integer was expected, found one that is NaN"),
        ("boolean", [2], "row 0: true or false was expected, found 2"),
        ("boolean", [[]], "row 0: true or false was expected, found a list"),
        ("string", [{}], "row 0: a text was expected, found an object"),
        ("string", [None], "row 0: a text was expected, found null"),
    ],
)
def test_wrong_values_are_named(kind: Type, values: list[Any], message: str) -> None:
    """Column, row, what was expected and what was found."""
    assert refusal(inputs(kind), *values) == f'400 column "x", {message}'


@pytest.mark.parametrize("kind", ["double", "integer", "boolean"])
def test_null_is_missing_where_training_had_missing_values(kind: Type) -> None:
    """A number that is missing is NaN; a NaN that was written is still no number."""
    reader = inputs(kind, nullable=True)

    found = column(reader, 1, None)

    assert (found.dtype, found[0], math.isnan(found[1])) == (np.float64, 1.0, True)
    if kind == "double":
        assert "found one that is NaN" in refusal(reader, math.nan)


def test_text_that_is_missing_is_none() -> None:
    """As pandas has it."""
    assert column(inputs("string", nullable=True), "a", None).tolist() == ["a", None]


def test_non_finite_numbers_are_missing_where_the_model_says_so() -> None:
    """NaN, infinities, null and numbers beyond a double."""
    found = column(inputs("double", missing=True), 1.5, math.nan, math.inf, None, 10**400)

    assert (found[0], np.isnan(found[1:]).all()) == (1.5, True)


def test_names_and_counts_are_checked() -> None:
    """Foreign, missing and doubled columns; no rows, too many rows, columns of unlike lengths."""
    columns = (Column(name="a", type="double"), Column(name="b", type="double"))
    reader = Inputs(Signature(task="regression", format="onnx", inputs=columns), 2)

    def said(call: Any, *arguments: Any) -> str:
        with pytest.raises(Declined) as caught:
            call(*arguments)
        return f"{caught.value.status} {caught.value.message}"

    assert said(reader.of_columns, {"a": [1], "c": [1]}) == '400 the model has no column "c"; its columns are "a", "b"'
    assert said(reader.of_columns, {"a": [1]}) == '400 missing column "b"'
    assert said(reader.of_columns, {"a": [1], "b": [1, 2]}) == '400 column "b" has 2 rows, "a" has 1'
    assert said(reader.of_rows, [[1, 2]], ["a", "a"]) == "400 names: a column stands in it twice"
    assert said(reader.of_rows, [[1, 2]], ["a", 2]) == "400 names: a list of texts was expected"
    assert said(reader.of_rows, []) == "400 there are no rows"
    assert said(reader.of_rows, [[1, 2]] * 3) == "413 3 rows; at most 2 may come in one request"
    assert said(reader.of_rows, [1]) == "400 row 0: a list of 2 values was expected, found 1"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_whatever_comes_is_rows_or_declined(found: Any) -> None:
    """No value of JSON makes anything but a column of the right length, or a refusal."""
    for kind in ("double", "integer", "boolean", "string", "bytes"):
        for missing in (False, True):
            try:
                rows = inputs(kind, missing=missing).of_rows([[found]])
            except Declined as declined:
                assert declined.status == 400  # noqa: PT017 - either is right
            else:
                assert len(rows["x"]) == 1


def test_json_of_python_is_read() -> None:
    """NaN and infinities, which Python's json writes, are read; what is no JSON, or is too deep, is declined."""
    assert math.isnan(parse_json(b'{"x": NaN}')["x"])
    for body in (b"", b"{", b"[" * 100_000, b"NaN" + b"[" * 100_000, b"\xff"):
        with pytest.raises(Declined, match="the body is no JSON"):
            parse_json(body)


@pytest.mark.parametrize("kind", ["double", "integer"])
def test_what_the_model_cannot_compute_with_is_as_an_infinity(kind: Type) -> None:
    """A number beyond the largest of the model's own type is refused, or missing where infinities are."""
    signature = inputs(kind).signature

    assert refusal(Inputs(signature, 10, largest=65504.0), 65504, -65505) == (
        f'400 column "x", row 1: {"a number" if kind == "double" else "an integer"} was expected, found one that is '
        "beyond 65504, the largest that the model takes"
    )
    found = column(Inputs(signature, 10, missing=True, largest=65504.0), 65504, -65505, 1)
    assert np.array_equal(found, [65504.0, math.nan, 1.0], equal_nan=True)


def test_numbers_beyond_single_precision_are_told_from_what_fits(tmp_path: Path) -> None:
    """However they come, alone or together, and no warning is given; the model of single precision is asked of none."""
    folder = iris_folder(tmp_path)
    fits, beyond = [1e38, -3e38, 3.4e38, 1], [1e308, -1e308, 3.5e38, 1]

    async def told(rows: list[list[float]], path: str, non_finite: Any) -> list[tuple[int, Any]]:
        app = app_of(Asked(folder, non_finite=non_finite))
        calls = await asyncio.gather(*(ask(app, "POST", path, body(path, row)) for row in rows))
        return [(call.status, json.loads(call.answer)) for call in calls]

    for path in ("/v2/models/model/infer", "/predict"):
        refused = asyncio.run(told([fits, beyond, fits], path, "reject"))
        missing = asyncio.run(told([beyond], path, "missing"))

        assert [status for status, _ in refused] == [200, 400, 200]
        assert "row 0: a number was expected, found one that is beyond 3.402823e+38" in str(refused[1][1])
        assert missing[0][0] == 200


def body(path: str, row: list[float]) -> bytes:
    tensor = {"name": "x", "shape": [1, 4], "datatype": "FP64", "data": row}
    return json.dumps({"data": {"ndarray": [row]}} if path == "/predict" else {"inputs": [tensor]}).encode()
