"""Estimators as ONNX: the ways in which one may be converted, the likeliest first."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from mlops_charts.saved_model import Signature
from mlops_charts.saved_model.positions import by_position, parts_of

OPSETS: Final = {"": 21, "ai.onnx.ml": 3}
"""What is converted to, whatever the converter knows by then: ONNX Runtime since 1.20 computes it."""


@dataclass(frozen=True)
class Way:
    """One way to convert.

    Attributes:
        shape: One matrix of all columns, or an input for each.
        numbers: What the numbers are computed in.
    """

    shape: Literal["matrix", "columns"]
    numbers: Literal["float32", "float64"]

    def __str__(self) -> str:
        return f"{self.numbers} {self.shape}"


def ways(signature: Signature) -> Iterator[Way]:
    """Yield the ways that a model of such columns could be converted in.

    A matrix is the fastest, and most estimators know nothing else. Doubles are tried where single precision does not
    agree: they take twice the memory, and trees cannot be computed in them.
    """
    if signature.numeric:
        yield Way("matrix", "float32")
        yield Way("matrix", "float64")
    else:
        yield Way("columns", "float32")
        yield Way("columns", "float64")


def converted(fitted: Any, signature: Signature, way: Way) -> bytes:
    """Return an estimator as ONNX; whatever the converter raises if it cannot.

    The same estimator gives the same bytes.
    """
    import onnx  # noqa: PLC0415 - 0.2 s
    from skl2onnx import convert_sklearn  # noqa: PLC0415 - 0.7 s

    if way.numbers == "float64":
        _refuse_trees(fitted)
    estimator = copy.deepcopy(fitted)  # the converter writes into what it converts
    if way.shape == "matrix":
        by_position(estimator)
    with warnings.catch_warnings(), _leaves_as_numbers():
        warnings.simplefilter("ignore")  # of the converter, about versions and its own past
        proto = convert_sklearn(
            estimator,
            "model",
            _inputs(signature, way),
            target_opset=OPSETS,
            options={id(estimator): {"zipmap": False}} if _zips(estimator, signature) else None,
        )
    onnx.checker.check_model(proto, full_check=True)
    return bytes(proto.SerializeToString(deterministic=True))


def _refuse_trees(fitted: Any) -> None:
    """Refuse trees in doubles: ONNX Runtime has none, and on the infinite thresholds of some the converter hangs."""
    if any(hasattr(part, "tree_") or hasattr(part, "_predictors") for part in parts_of(fitted)):
        raise ValueError("trees are computed in single precision alone")


@contextmanager
def _leaves_as_numbers() -> Iterator[None]:
    """Make the converter write numbers of histogram trees' leaves: its booleans are refused by protobuf since 7."""
    from skl2onnx.common import tree_ensemble  # noqa: PLC0415 - 0.7 s

    original, key = tree_ensemble.add_node, "nodes_missing_value_tracks_true"

    def add_node(*arguments: Any, **named: Any) -> Any:
        return original(*arguments, **{**named, key: int(named.get(key, 0))})

    tree_ensemble.add_node = add_node
    try:
        yield
    finally:
        tree_ensemble.add_node = original


def write_checked(proto: Any, path: Path) -> None:
    """Write a ModelProto that somebody made; ValueError in one line if it is no valid one."""
    import onnx  # noqa: PLC0415 - 0.2 s

    try:
        onnx.checker.check_model(proto, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ValueError(str(error).splitlines()[0]) from None
    path.write_bytes(proto.SerializeToString(deterministic=True))


def _inputs(signature: Signature, way: Way) -> list[tuple[str, Any]]:
    from skl2onnx.common import data_types as types  # noqa: PLC0415 - as above

    number = types.FloatTensorType if way.numbers == "float32" else types.DoubleTensorType
    if way.shape == "matrix":
        return [("rows", number([None, len(signature.inputs)]))]
    kinds = {"boolean": types.BooleanTensorType, "integer": types.Int64TensorType, "double": number}
    return [(column.name, kinds.get(column.type, types.StringTensorType)([None, 1])) for column in signature.inputs]


def _zips(estimator: Any, signature: Signature) -> bool:
    """Return whether the converter would give probabilities as maps, if it were not told otherwise."""
    return signature.task == "classification" and signature.probabilities and hasattr(estimator, "predict_proba")
