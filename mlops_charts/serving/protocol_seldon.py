"""Seldon's first protocol over JSON: `data` with an ndarray or a tensor, and an answer of the same form.

A classification answers with the probability of each class, named by the class, as Seldon's own servers do; the labels
stand in `meta.tags`. What gives no probabilities answers with one column.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, Final, Literal

from mlops_charts.saved_model import Answers, Rows, Signature
from mlops_charts.serving.declined import bad, described
from mlops_charts.serving.inputs import Inputs
from mlops_charts.serving.protocol_v2 import label_name

_MATRIX: Final = 2  # dimensions


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for answers.

    Attributes:
        rows: By column.
        form: How the rows came, and how the answer goes.
        puid: What names the request; empty if it had none.
    """

    rows: Rows
    form: Literal["ndarray", "tensor"]
    puid: str = ""


def read(request: Any, inputs: Inputs) -> Asked:
    """Return what a request asks.

    Raises:
        Declined: It is none of this protocol, or its rows are not those of the model.
    """
    data = request.get("data") if isinstance(request, dict) else None
    if not isinstance(data, dict):
        raise bad("data: an object with ndarray or tensor was expected")
    names = data.get("names", [])
    if not isinstance(names, list):
        raise bad(f"data.names: a list was expected, found {described(names)}")
    meta = request.get("meta")
    puid = meta.get("puid", "") if isinstance(meta, dict) else ""
    named = puid if isinstance(puid, str) else ""
    if "ndarray" in data:
        return Asked(inputs.of_rows(_listed(data["ndarray"], "ndarray"), names), "ndarray", named)
    if "tensor" in data:
        return Asked(inputs.of_flat(_tensor(data["tensor"], names or inputs.signature.inputs), names), "tensor", named)
    raise bad("data: ndarray or tensor was expected")


def written(answers: Answers, signature: Signature, asked: Asked, name: str) -> dict[str, Any]:
    """Return the answer to a request."""
    if answers.probabilities is None:
        names, values, width = [label_name(signature)], [[one] for one in answers.labels.tolist()], 1
        tags: dict[str, Any] = {}
    else:
        names, values, width = list(signature.classes), answers.probabilities.tolist(), len(signature.classes)
        tags = {"labels": answers.labels.tolist()}
    if asked.form == "ndarray":
        data: dict[str, Any] = {"names": names, "ndarray": values}
    else:
        flat = [one for row in values for one in row]
        data = {"names": names, "tensor": {"shape": [len(values), width], "values": flat}}
    puid = {"puid": asked.puid} if asked.puid else {}
    return {"data": data, "meta": {**puid, "tags": tags, "requestPath": {name: ""}}}


def failure(status: int, message: str) -> dict[str, Any]:
    """Return how this protocol says no."""
    reason = "MICROSERVICE_BAD_DATA" if status < 500 else "MICROSERVICE_INTERNAL_ERROR"  # noqa: PLR2004 - HTTP
    return {"status": {"code": status, "info": message, "reason": reason, "status": 1}}


def _listed(found: Any, what: str) -> list[Any]:
    if not isinstance(found, list):
        raise bad(f"data.{what}: a list was expected, found {described(found)}")
    return found


def _tensor(found: Any, columns: Any) -> list[Any]:
    if not isinstance(found, dict):
        raise bad(f"data.tensor: an object with shape and values was expected, found {described(found)}")
    shape, values = found.get("shape"), _listed(found.get("values"), "tensor.values")
    sizes = shape if isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape) else []
    if len(sizes) != _MATRIX or sizes[1] != len(columns):
        raise bad(f"data.tensor.shape: [n, {len(columns)}] was expected, a value for each column")
    if prod(sizes) != len(values):
        raise bad(f"data.tensor: shape {sizes} holds {prod(sizes)} values, values has {len(values)}")
    return values
