"""The model behind Seldon's Python wrapper: `seldon-core-microservice mlops_charts.serving.wrapper.Model`.

It reads requests, checks rows and says no as our own server does, so that answers are the same. It runs in the
environment of Seldon's wrapper, an older one: nothing of our own server's packages may be imported here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from traceback import format_exc
from typing import Any, Final

from mlops_charts.contract import FEEDBACK, REWARD
from mlops_charts.log import log
from mlops_charts.saved_model import Answers, Rows, SavedModel, Signature, load, read_signature
from mlops_charts.serving import protocol_seldon, protocol_v2
from mlops_charts.serving.asked import MAX_ROWS, trusted_by
from mlops_charts.serving.declined import Declined
from mlops_charts.serving.example import check_example
from mlops_charts.serving.inputs import Inputs

FOLDER: Final = "MODEL_FOLDER"  # a variable; where it is not set, the model lies where its image has it
_IN_IMAGE: Final = "/model"
_TRUTHS: Final = {"True": True, "False": False}
_INTERNAL: Final = 500


class Model:
    """What Seldon's wrapper asks.

    Args:
        folder: The model's folder; of the variable MODEL_FOLDER or /model if it is not named.
    """

    def __init__(self, folder: str = "") -> None:
        self._folder = Path(folder or os.environ.get(FOLDER) or _IN_IMAGE)
        self._name = os.environ.get("MODEL") or "model"
        self._version = os.environ.get("VERSION", "")
        self._signature = read_signature(self._folder)
        self._inputs = Inputs(self._signature, MAX_ROWS)
        self._loaded: SavedModel | None = None

    def load(self) -> None:
        """Load the model, in each process that answers, and hold it against its example.

        Raises:
            BrokenModel: It is not the model that was saved.
        """
        self._model()

    def predict_raw(self, request: Any) -> dict[str, Any]:
        """Return the answer to a request in JSON, or how the protocol says no; what is no JSON goes to `predict`."""
        if not isinstance(request, dict | list):
            raise _not_implemented()
        try:
            asked = protocol_seldon.read(request, self._inputs)
            return protocol_seldon.written(self._answer(asked.rows), self._signature, asked, self._name)
        except Declined as declined:
            return protocol_seldon.failure(declined.status, declined.message)

    def predict(self, X: Any, names: Sequence[str] = (), meta: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002, N803 - Seldon's own names
        """Return what the model says of rows that came by gRPC: probabilities of classes, else a column of values.

        Args:
            X: (n, columns) values, in the order of `names`, else in that of the model.
            names: Of the columns.
            meta: Of the request; nothing is read in it.
        """
        from seldon_core.flask_utils import SeldonMicroserviceException  # type: ignore[import-not-found]  # noqa: PLC0415 - only there where it asks
        from seldon_core.user_model import SeldonResponse  # type: ignore[import-not-found]  # noqa: PLC0415 - the same

        try:
            rows = _plain(X, names or self.feature_names(), self._signature)
            answers = self._answer(self._inputs.of_rows(rows, list(names)))
        except Declined as declined:
            reason = protocol_seldon.failure(declined.status, "")["status"]["reason"]
            said = SeldonMicroserviceException(declined.message, declined.status, reason=reason)
            said.args = (declined.message,)  # which is what gRPC says, and Seldon leaves empty
            raise said from None
        if answers.probabilities is None:
            return SeldonResponse(answers.labels.reshape(-1, 1))
        return SeldonResponse(answers.probabilities, tags={"labels": answers.labels.tolist()})

    def class_names(self) -> list[str]:
        """Return the names of what `predict` gives."""
        return list(self._signature.classes) or [protocol_v2.label_name(self._signature)]

    def feature_names(self) -> list[str]:
        """Return the names of the columns, in the model's order."""
        return [column.name for column in self._signature.inputs]

    def health_status(self) -> dict[str, bool]:
        """Return that the model answers its example as it did when it was saved; BrokenModel where it does not."""
        check_example(self._model(), self._folder)
        return {"ready": True}

    def init_metadata(self) -> dict[str, Any]:
        """Return what the protocol says of a model."""
        return protocol_v2.metadata(self._signature, self._name, self._version)

    def send_feedback(self, features: Any, feature_names: Any, reward: float, truth: Any, routing: Any = None) -> Any:  # noqa: ARG002 - what Seldon gives
        """Count feedback and its reward; both stand among the wrapper's metrics."""
        from seldon_core.user_model import SeldonResponse  # noqa: PLC0415 - only there where it asks

        counted = [{"type": "COUNTER", "key": FEEDBACK, "value": 1}]
        if reward > 0:
            counted.append({"type": "COUNTER", "key": REWARD, "value": reward})
        return SeldonResponse([], metrics=counted)

    def _answer(self, rows: Rows) -> Answers:
        try:
            return self._model().answer(rows)
        except Exception as error:  # noqa: BLE001 - the code of a model may raise anything
            log("model failed", error=type(error).__name__, traceback=format_exc())
            raise Declined(_INTERNAL, f"the model failed: {type(error).__name__}") from None

    def _model(self) -> SavedModel:
        if self._loaded is None:
            trusted, allow_pickle = trusted_by(os.environ)
            model = load(self._folder, trusted=trusted, allow_pickle=allow_pickle)
            check_example(model, self._folder)
            self._inputs = replace(self._inputs, largest=model.largest)
            self._loaded = model
        return self._loaded


def _plain(matrix: Any, order: Sequence[str], signature: Signature) -> list[Any]:
    """Return rows of Python's own values; what numpy made text of beside text becomes a number or a truth again."""
    rows = matrix.tolist() if hasattr(matrix, "tolist") else matrix
    if not isinstance(rows, list):
        return [rows]
    if getattr(getattr(matrix, "dtype", None), "kind", "") != "U":
        return rows
    texts = {column.name for column in signature.inputs if column.type in {"string", "bytes"}}
    return [_typed(row, order, texts) if isinstance(row, list) and len(row) == len(order) else row for row in rows]


def _typed(row: list[str], order: Sequence[str], texts: set[str]) -> list[Any]:
    return [value if name in texts else _number(value) for name, value in zip(order, row, strict=True)]


def _number(text: str) -> Any:
    try:
        return _TRUTHS[text] if text in _TRUTHS else float(text)
    except ValueError:
        return text


def _not_implemented() -> Exception:
    from seldon_core.user_model import SeldonNotImplementedError  # noqa: PLC0415 - only there where it asks

    error: Exception = SeldonNotImplementedError("requests in JSON alone are answered raw")
    return error
