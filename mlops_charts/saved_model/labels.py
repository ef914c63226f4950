"""Labels and probabilities as a signature says them, whatever form a model gives them in."""

from __future__ import annotations

from typing import Any

from mlops_charts.saved_model.model import Answers, BrokenModel
from mlops_charts.saved_model.signature import Signature

MATRIX = 2  # dimensions


def class_values(signature: Signature) -> Any:
    """Return the classes as an array of the type that the data had."""
    return typed(signature.classes, signature)


def typed(labels: Any, signature: Signature) -> Any:
    """Return labels as an array of the type that the data had: object of str, int64 or bool."""
    import numpy as np  # noqa: PLC0415 - the command line reads signatures without numpy

    if signature.class_type == "boolean" and isinstance(labels, tuple):
        return np.array([label == "True" for label in labels])
    if signature.class_type == "integer" and isinstance(labels, tuple):
        return np.array([int(label) for label in labels], np.int64)
    dtype = {"string": object, "integer": np.int64, "boolean": np.bool_}[signature.class_type]
    return np.asarray(labels).astype(dtype, copy=False)


def answers_of(output: Any, rows: int, signature: Signature, classes: Any) -> Answers:
    """Return what one output of a model means.

    Args:
        output: (n,) labels or values, (n, 1) values, or (n, classes) probabilities in the order of the classes.
        rows: How many rows were asked, n.
        signature: What the model gives.
        classes: `class_values(signature)`, computed once.

    Raises:
        BrokenModel: It has another shape.
    """
    import numpy as np  # noqa: PLC0415 - as above

    found = np.asarray(output)
    if not found.ndim or len(found) != rows or found.ndim > MATRIX:
        raise BrokenModel(f"the model answered {_shape(found)} to {rows} rows; expected {_expected(rows, signature)}")
    if signature.task != "classification":
        return Answers(_values(found, rows, signature))
    if found.ndim == 1:
        return Answers(typed(found, signature))
    if found.shape[1] != len(classes):
        raise BrokenModel(f"the model answered {_shape(found)} to {rows} rows; expected {_expected(rows, signature)}")
    probabilities = found.astype(np.float64, copy=False)
    return Answers(classes[probabilities.argmax(axis=1)], probabilities)


def _values(found: Any, rows: int, signature: Signature) -> Any:
    if found.ndim == MATRIX and found.shape[1] != 1:
        raise BrokenModel(f"the model answered {_shape(found)} to {rows} rows; expected {_expected(rows, signature)}")
    flat = found[:, 0] if found.ndim == MATRIX else found
    return flat.astype("float64", copy=False) if flat.dtype.kind == "f" else flat


def _shape(found: Any) -> str:
    return f"an array of shape {found.shape}" if found.ndim else f"{type(found.item()).__name__}, no array,"


def _expected(rows: int, signature: Signature) -> str:
    if signature.task != "classification":
        return f"one value for each row, ({rows},)"
    classes = len(signature.classes)
    return f"({rows},) labels, or ({rows}, {classes}) probabilities of the classes {', '.join(signature.classes)}"
