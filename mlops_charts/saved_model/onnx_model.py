"""A model stored as ONNX, computed by ONNX Runtime."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from sys import float_info
from typing import Any

from mlops_charts.saved_model.labels import MATRIX, answers_of, class_values
from mlops_charts.saved_model.labels import typed as typed_labels
from mlops_charts.saved_model.model import Answers, BrokenModel, Rows
from mlops_charts.saved_model.rows import cast, columns_of, matrix_of
from mlops_charts.saved_model.signature import Signature

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
    "tensor(string)": "object",
}
_LABELS = {"tensor(string)", "tensor(int64)", "tensor(int32)", "tensor(bool)"}
_FLOATS = {"tensor(float)", "tensor(double)", "tensor(float16)"}


@dataclass(frozen=True)
class _Input:
    name: str
    column: str
    dtype: str
    shape: tuple[int, ...]  # (-1, 1) or (-1,)
    nullable: bool


@dataclass(frozen=True)
class OnnxModel:
    """A model stored as ONNX.

    Attributes:
        signature: What it takes and gives.
        session: What computes.
        matrix: Name and type of the one input that takes all columns; None if each column has one of its own.
        columns: The inputs, if each column has one.
        label: Name of the output with the labels, or of a regression with the values; empty if probabilities are all.
        probability: Name of the output with the probabilities; empty if there is none.
        classes: The labels in the order of the probabilities.
    """

    signature: Signature
    session: Any
    matrix: tuple[str, str] | None
    columns: tuple[_Input, ...]
    label: str
    probability: str
    classes: Any

    @cached_property
    def largest(self) -> float:
        """The largest finite number that it can compute with; one beyond is infinite to it."""
        import numpy as np  # noqa: PLC0415 - the command line reads signatures without numpy

        dtypes = [self.matrix[1]] if self.matrix else [one.dtype for one in self.columns]
        return min((float(np.finfo(one).max) for one in dtypes if one.startswith("float")), default=float_info.max)

    @cached_property
    def usual(self) -> list[str]:
        """The outputs of a classification with labels and probabilities; none of any other model."""
        both = self.signature.task == "classification" and self.label and self.probability
        return [self.label, self.probability] if both else []

    def answer(self, rows: Rows) -> Answers:
        """Return what the model says of some rows."""
        if self.matrix:
            name, dtype = self.matrix
            feed = {name: matrix_of(rows, self.signature, dtype)}
        else:
            feed = {one.name: _fed(rows[one.column], one) for one in self.columns}
        return self._run(feed, len(next(iter(feed.values()))))

    def answer_matrix(self, matrix: Any) -> Answers:
        """Return what the model says of rows that are one matrix of numbers."""
        if self.matrix is None:
            return self.answer(columns_of(matrix, self.signature))
        name, dtype = self.matrix
        return self._run({name: cast(matrix, dtype)}, len(matrix))

    def _run(self, feed: dict[str, Any], rows: int) -> Answers:
        if self.usual:
            labels, probabilities = self.session.run(self.usual, feed)
            # The commonest form needs no more looking at; a server asks for it thousands of times a second.
            if labels.dtype == self.classes.dtype and probabilities.shape == (rows, len(self.classes)):
                return Answers(labels.reshape(rows), probabilities.astype("float64", copy=False))
        return self._looked_at(feed, rows)

    def _looked_at(self, feed: dict[str, Any], rows: int) -> Answers:
        wanted = [name for name in (self.label, self.probability) if name]
        found = dict(zip(wanted, self.session.run(wanted, feed), strict=True))
        if self.signature.task != "classification":
            return answers_of(_flat(found[self.label], rows), rows, self.signature, self.classes)
        probabilities = None
        if self.probability:
            both = _both(found[self.probability], len(self.classes))
            answers = answers_of(both, rows, self.signature, self.classes)
            if not self.label:
                return answers
            probabilities = answers.probabilities
        labels = _labels(_flat(found[self.label], rows), self.signature, self.classes)
        return Answers(answers_of(labels, rows, self.signature, self.classes).labels, probabilities)


def onnx_model(path: Path, signature: Signature, *, threads: int = 1) -> OnnxModel:
    """Return the model in a file.

    Args:
        path: An ONNX file.
        signature: What the model takes and gives.
        threads: How many threads may compute one call; a server has its own threads around it.

    Raises:
        BrokenModel: ONNX Runtime refuses the file, or it does not take what the signature says.
    """
    session = onnx_session(path, threads=threads)
    columns = () if _takes_matrix(session, signature) else _column_inputs(session, signature)
    first = session.get_inputs()[0]
    label, probability = outputs_of(session, signature)
    classes = class_values(signature)
    return OnnxModel(
        signature, session, None if columns else (first.name, _dtype(first)), columns, label, probability, classes
    )


def onnx_session(path: Path, *, threads: int = 1) -> Any:
    """Return a session that leaves processors to others while it has nothing to do."""
    import onnxruntime as ort  # noqa: PLC0415 - only models stored as ONNX need it

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3  # errors; what else it says is about its own optimisations
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise BrokenModel(f"{path} cannot be loaded: {reason}") from error


def outputs_of(session: Any, signature: Signature) -> tuple[str, str]:
    """Return the names of the outputs that hold labels and probabilities; empty for one that is not there.

    Raises:
        BrokenModel: No output can hold the answers.
    """
    outputs = session.get_outputs()
    if signature.task != "classification":
        return outputs[0].name, ""
    labels = (one.name for one in outputs if one.type in _LABELS)
    scores = (one.name for one in outputs if one.type in _FLOATS and _width(one) in {None, 1, len(signature.classes)})
    label, probability = next(labels, ""), next(scores, "") if signature.probabilities else ""
    if not label and not probability:
        found = ", ".join(f"{one.name}: {one.type}{one.shape}" for one in outputs)
        raise BrokenModel(f"no output holds labels or probabilities of {len(signature.classes)} classes; found {found}")
    return label, probability


def _width(output: Any) -> int | None:
    if not output.shape or len(output.shape) != MATRIX:
        return 1 if output.shape is not None and len(output.shape) == 1 else None
    return output.shape[1] if isinstance(output.shape[1], int) else None


def _takes_matrix(session: Any, signature: Signature) -> bool:
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != MATRIX:
        return False
    width = inputs[0].shape[1]
    return width == len(signature.inputs) if isinstance(width, int) else True


def _column_inputs(session: Any, signature: Signature) -> tuple[_Input, ...]:
    known = {_plain(column.name): column for column in signature.inputs}
    known |= {column.name: column for column in signature.inputs}
    inputs = session.get_inputs()
    strange = [f"{one.name}: {one.type}{one.shape}" for one in inputs if one.name not in known]
    if strange:
        names = ", ".join(column.name for column in signature.inputs)
        raise BrokenModel(
            f"the model takes {', '.join(strange)}; expected one matrix of {len(signature.inputs)} columns, or one "
            f"input for each column: {names}"
        )
    return tuple(
        _Input(one.name, known[one.name].name, _dtype(one), _shape(one), known[one.name].nullable) for one in inputs
    )


def _plain(name: str) -> str:
    """Return a column's name as the converter writes it, which admits letters, digits and underscores alone."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def _shape(one: Any) -> tuple[int, ...]:
    return (-1,) if len(one.shape) == 1 else (-1, 1)


def _dtype(one: Any) -> str:
    if one.type not in _DTYPES:
        raise BrokenModel(f"the input {one.name} is {one.type}; expected one of {', '.join(sorted(_DTYPES))}")
    return _DTYPES[one.type]


def _fed(column: Any, one: _Input) -> Any:
    import numpy as np  # noqa: PLC0415 - the command line reads signatures without numpy

    if one.dtype == "object" and one.nullable:
        column = np.array(["" if value is None else value for value in column], object)
    return cast(column, one.dtype).reshape(one.shape)


def _flat(output: Any, rows: int) -> Any:
    return output.reshape(-1) if output.size == rows else output


def _both(output: Any, classes: int) -> Any:
    """Return the probabilities of both classes where a model gives that of the second alone."""
    import numpy as np  # noqa: PLC0415 - as above

    if classes == MATRIX and (output.ndim == 1 or output.shape[1] == 1):
        second = output.reshape(-1)
        return np.stack([1 - second, second], axis=1)
    return output


def _labels(found: Any, signature: Signature, classes: Any) -> Any:
    """Return labels, of a model of numbers from their numbers in the order of the classes."""
    if signature.class_type == "string" and found.dtype.kind in "iu":
        return classes[found]
    return typed_labels(found, signature)
