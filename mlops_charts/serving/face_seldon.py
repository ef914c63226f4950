"""Seldon's first protocol as bytes; what is not common is left to `protocol_seldon`, and both mean the same."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import Any

import orjson

from mlops_charts.saved_model import Signature
from mlops_charts.serving import protocol_seldon
from mlops_charts.serving.asks import Ask, Together
from mlops_charts.serving.bodies import parse_json
from mlops_charts.serving.declined import bad
from mlops_charts.serving.inputs import Inputs
from mlops_charts.serving.texts import label_texts, probability_texts


class FaceSeldon:
    """Requests and answers of Seldon's first protocol.

    Args:
        signature: What the model takes and gives.
        inputs: Looks at rows.
        model: The model's name.
    """

    def __init__(self, signature: Signature, inputs: Inputs, model: str) -> None:
        self._signature, self._inputs, self._model = signature, inputs, model
        self._names = [column.name for column in signature.inputs]
        self._plain = all(column.type == "double" for column in signature.inputs)
        names = orjson.dumps(list(signature.classes)).replace(b"%", b"%%")
        path = orjson.dumps({model: ""}).replace(b"%", b"%%")
        self._template = (
            b'{"data":{"names":' + names + b',"ndarray":[[%b]]},"meta":{%b"tags":{"labels":[%b]},"requestPath":'
            + path + b"}}"
        )  # fmt: skip

    def read(self, ask: Ask, body: bytes) -> None:
        """Say what a request asks; Declined if it is wrong."""
        try:
            request = orjson.loads(body)
        except orjson.JSONDecodeError:
            request = parse_json(body)
        values = self._values(request) if self._plain else None
        if values is None:
            asked = protocol_seldon.read(request, self._inputs)
            ask.of_rows(asked.rows, asked)
        else:
            ask.of_values(len(values) // len(self._names), values, partial(self._read, request), _puid(request))

    def read_binary(self, _ask: Ask, _body: bytes, _header: str) -> None:
        """Refuse: this protocol has no tensors in binary form."""
        raise bad("tensors in binary form are part of version 2 of the protocol, and not of this one")

    def written(self, ask: Ask, together: Together, start: int, stop: int) -> tuple[bytes, int]:
        """Return the answer to a request, none of which is in binary form."""
        about = ask.about
        asked = protocol_seldon.Asked({}, "ndarray", about) if type(about) is str else about
        labels: list[bytes] = []
        if asked.form == "ndarray" and together.answers.probabilities is not None:
            labels = together.texts.get("labels") or label_texts(together, self._signature)
        if not labels:
            answers = together.part(start, stop)
            return orjson.dumps(protocol_seldon.written(answers, self._signature, asked, self._model)), 0
        texts = together.texts.get("probabilities") or probability_texts(together)
        puid = b'"puid":%b,' % orjson.dumps(asked.puid) if asked.puid else b""
        return self._template % (b"],[".join(texts[start:stop]), puid, b",".join(labels[start:stop])), 0

    def failure(self, status: int, message: str) -> bytes:
        """Return how this protocol says no."""
        return orjson.dumps(protocol_seldon.failure(status, message))

    def _read(self, request: Any) -> Any:
        return protocol_seldon.read(request, self._inputs).rows

    def _values(self, request: Any) -> list[Any] | None:
        """Return the values of an ndarray row after row, if its columns are those of the model; else None."""
        data = request.get("data") if type(request) is dict else None
        rows = data.get("ndarray") if type(data) is dict else None
        if type(data) is not dict or type(rows) is not list or not 0 < len(rows) <= self._inputs.max_rows:
            return None
        names, width = data.get("names"), len(self._names)
        if "names" in data and names not in ([], self._names):
            return None
        if not all(type(row) is list and len(row) == width for row in rows):
            return None
        return list(rows[0]) if len(rows) == 1 else list(chain.from_iterable(rows))


def _puid(request: Any) -> str:
    meta = request.get("meta")
    puid = meta.get("puid", "") if type(meta) is dict else ""
    return puid if type(puid) is str else ""
