"""Version 2 of the protocol as bytes: the commonest requests are read, and answers written, with little per request.

What is not common is left to `protocol_v2`, which also says what is wrong with it; both mean the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import chain
from typing import Any, Final

import orjson

from mlops_charts.saved_model import Answers, Signature
from mlops_charts.serving import binary, protocol_v2
from mlops_charts.serving.asks import Ask, Together
from mlops_charts.serving.bodies import parse_json
from mlops_charts.serving.inputs import Inputs
from mlops_charts.serving.texts import flat_text, label_texts, probability_texts

_MATRIX: Final = 2  # dimensions
_KEYS: Final = frozenset({"inputs", "id"})

Answer = tuple[bytes, int]
"""A body, and how much of it is JSON ahead of tensors in binary form; 0 if it is all JSON."""


class FaceV2:
    """Requests and answers of version 2.

    Args:
        signature: What the model takes and gives.
        inputs: Looks at rows.
        model: The model's name.
        version: The model's version.
    """

    def __init__(self, signature: Signature, inputs: Inputs, model: str, version: str) -> None:
        self._signature, self._inputs, self._model, self._version = signature, inputs, model, version
        self._names = [column.name for column in signature.inputs]
        self._plain = all(column.type == "double" for column in signature.inputs)
        self._matrix = {*self._names} if len(self._names) == 1 else set()
        self._templates = _templates(signature, model, version)

    def read(self, ask: Ask, body: bytes) -> None:
        """Say what a request asks; Declined if it is wrong."""
        try:
            request = orjson.loads(body)
        except orjson.JSONDecodeError:
            request = parse_json(body)
        self.of_request(ask, request)

    def read_binary(self, ask: Ask, body: bytes, header: str) -> None:
        """Say the same of a request with tensors in binary form behind its JSON."""
        self.of_request(ask, binary.read(body, header, self._signature))

    def of_request(self, ask: Ask, request: Any) -> None:
        """Say the same of what JSON said."""
        values = self._values(request) if self._plain else None
        if values is None:
            asked = protocol_v2.read(request, self._inputs)
            ask.of_rows(asked.rows, asked)
        else:
            identity = request.get("id")
            about = orjson.dumps(identity) if identity else b""
            ask.of_values(len(values) // len(self._names), values, partial(self._read, request), about)

    def written(self, ask: Ask, together: Together, start: int, stop: int) -> Answer:
        """Return the answer to a request."""
        about = ask.about
        if type(about) is not bytes:
            return self._written(about, together.part(start, stop))
        template = self._templates.get(together.answers.probabilities is not None)
        labels = together.texts.get("labels") or label_texts(together, self._signature)
        if template is None or not labels:
            identity = orjson.loads(about) if about else ""
            return self._written(protocol_v2.Asked({}, identity, ()), together.part(start, stop))
        identity = b',"id":' + about if about else b""
        count = stop - start
        own = labels[start] if count == 1 else b",".join(labels[start:stop])
        if together.answers.probabilities is None:
            return template % (identity, count, own), 0
        if count > 1 and count == len(together.labels):
            return template % (identity, count, own, count, flat_text(together)), 0
        texts = together.texts.get("probabilities") or probability_texts(together)
        both = texts[start] if count == 1 else b",".join(texts[start:stop])
        return template % (identity, count, own, count, both), 0

    def failure(self, _status: int, message: str) -> bytes:
        """Return how this protocol says no."""
        return orjson.dumps({"error": message})

    def _read(self, request: Any) -> Any:
        return protocol_v2.read(request, self._inputs).rows

    def _written(self, asked: protocol_v2.Asked, answers: Answers) -> Answer:
        written = protocol_v2.written(answers, self._signature, asked, self._model, self._version)
        if asked.binary:
            return binary.written(written, asked.binary)
        return orjson.dumps(written), 0

    def _values(self, request: Any) -> list[Any] | None:
        """Return the values of a request row after row, if it has one of the common forms and fits; else None."""
        if type(request) is not dict or not _KEYS.issuperset(request):
            return None
        tensors = request.get("inputs")
        if type(tensors) is not list or type(request.get("id", "")) is not str:
            return None
        if len(tensors) == 1 and len(self._names) > 1:
            return self._of_matrix(tensors[0])
        return self._of_columns(tensors) if len(tensors) == len(self._names) else None

    def _of_matrix(self, tensor: Any) -> list[Any] | None:
        if type(tensor) is not dict or type(tensor.get("name")) is not str:
            return None
        shape, data = tensor.get("shape"), tensor.get("data")
        if type(shape) is not list or len(shape) != _MATRIX or type(data) is not list or not data:
            return None
        count, width = shape
        if width != len(self._names) or type(count) is not int or type(width) is not int:
            return None
        if _datatype(tensor) not in protocol_v2.NUMBERS or count > self._inputs.max_rows:
            return None
        if type(data[0]) is list:
            if not all(type(row) is list and len(row) == width for row in data):
                return None
            data = list(chain.from_iterable(data))
        return data if len(data) == count * width else None

    def _of_columns(self, tensors: list[Any]) -> list[Any] | None:
        count, columns = -1, []
        for name, tensor in zip(self._names, tensors, strict=True):
            if type(tensor) is not dict or tensor.get("name") != name:
                return None
            shape, data = tensor.get("shape"), tensor.get("data")
            if type(shape) is not list or type(data) is not list or _datatype(tensor) not in protocol_v2.NUMBERS:
                return None
            if shape != [len(data)] or type(shape[0]) is not int or count not in (-1, len(data)):
                return None
            count = len(data)
            columns.append(data)
        if not 0 < count <= self._inputs.max_rows:
            return None
        return [data[0] for data in columns] if count == 1 else list(chain.from_iterable(zip(*columns, strict=True)))


def _datatype(tensor: Mapping[str, Any]) -> str:
    found = tensor.get("datatype")
    return found if type(found) is str else ""


def _templates(signature: Signature, model: str, version: str) -> Mapping[bool, bytes]:
    """Return what stands around labels, and around probabilities, if the labels' form is known from the start."""
    if signature.task != "classification":
        return {}
    head = orjson.dumps({"model_name": model, "model_version": version})[:-1].replace(b"%", b"%%")
    datatype = protocol_v2.label_datatype(signature).encode()
    label = b'{"name":"label","shape":[%%d],"datatype":"' + datatype + b'","data":[%%b]}'
    classes = b"%d" % len(signature.classes)
    both = b'{"name":"probabilities","shape":[%%d,' + classes + b'],"datatype":"FP64","data":[%%b]}'
    start = head + b'%b,"outputs":['
    label, both = label.replace(b"%%", b"%"), both.replace(b"%%", b"%")
    return {False: start + label + b"]}", True: start + label + b"," + both + b"]}"}
