"""Answers for `mlflow.pyfunc.load_model` of a model that is stored as ONNX.

A copy of this file travels in the model's folder, so it imports nothing of ours. MLflow's own loader of ONNX takes no
data frame of several columns, and gives none of labels and probabilities together.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(bool)": "bool",
    "tensor(string)": "object",
}
_MATRIX = 2


class OnnxFunction:
    """A stored model as MLflow calls it.

    Attributes:
        session: What computes.
        signature: The content of signature.json.
    """

    def __init__(self, session: Any, signature: dict[str, Any]) -> None:
        self.session = session
        self.signature = signature

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:  # noqa: ARG002 - as MLflow calls it
        """Return labels or values of a data frame, or of a matrix with the columns in their order."""
        found = dict(zip(self._outputs(), self.session.run(self._outputs(), self._feed(data)), strict=True))
        first = next(iter(found.values()))
        classes = self.signature["classes"]
        if self.signature["task"] != "classification":
            return first.reshape(-1)
        if first.dtype.kind == "f":
            labels = self._of_scores(first)
            return self._typed([classes[index] for index in labels])
        if self.signature["classType"] == "string" and first.dtype.kind in "iu":
            return self._typed([classes[index] for index in first.reshape(-1)])
        return first.reshape(-1).astype(bool) if self.signature["classType"] == "boolean" else first.reshape(-1)

    def _outputs(self) -> list[str]:
        outputs = self.session.get_outputs()
        labels = [one.name for one in outputs if one.type not in {"tensor(float)", "tensor(double)"}]
        return [(labels or [outputs[0].name])[0]]

    def _feed(self, data: Any) -> dict[str, Any]:
        import numpy as np  # noqa: PLC0415 - MLflow imports what it loads before it needs it
        import pandas as pd  # noqa: PLC0415 - the same

        inputs = self.session.get_inputs()
        names = [column["name"] for column in self.signature["inputs"]]
        frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(np.asarray(data), columns=names)
        if len(inputs) == 1 and len(inputs[0].shape) == _MATRIX and inputs[0].shape[1] != 1:
            return {inputs[0].name: frame[names].to_numpy(_DTYPES[inputs[0].type])}
        columns = {_plain(name): name for name in names} | {name: name for name in names}
        return {one.name: _column(frame[columns[one.name]], one) for one in inputs}

    def _of_scores(self, scores: Any) -> Any:
        if scores.ndim < _MATRIX or scores.shape[1] == 1:
            return (scores.reshape(-1) > 0.5).astype(int)  # noqa: PLR2004 - the likelier of two
        return scores.argmax(axis=1)

    def _typed(self, labels: list[str]) -> Any:
        import numpy as np  # noqa: PLC0415 - as above

        kinds: dict[str, Any] = {"string": str, "integer": int, "boolean": lambda label: label == "True"}
        return np.array([kinds[self.signature["classType"]](label) for label in labels])


def _column(column: Any, one: Any) -> Any:
    dtype = _DTYPES[one.type]
    array = column.fillna("").to_numpy(object) if dtype == "object" else column.to_numpy(dtype)
    return array.reshape((-1,) if len(one.shape) == 1 else (-1, 1))


def _plain(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def _load_pyfunc(path: str) -> OnnxFunction:
    import onnxruntime  # noqa: PLC0415 - as above

    file = Path(path)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return OnnxFunction(session, json.loads(file.with_name("signature.json").read_bytes()))
