"""What requests and answers of both protocols look like for one model, as JSON Schema.

A schema says all that JSON Schema can say, which cannot tie the length of a tensor's data to its shape. The limit of
rows stands in words: beyond it the answer is 413, as for a body that is too large, and not 400.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from mlops_charts.saved_model import Column, Signature
from mlops_charts.serving.feedback import LARGEST_REWARD
from mlops_charts.serving.protocol_v2 import PROBABILITIES, label_name

Schema = dict[str, Any]

NUMBERS: Final = ("FP64", "FP32", "FP16", "INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8")
_DATATYPES: Final[dict[str, tuple[str, ...]]] = {
    "double": NUMBERS,
    "integer": ("INT64", *(one for one in NUMBERS if one != "INT64")),
    "boolean": ("BOOL", *NUMBERS),
    "string": ("BYTES",),
    "bytes": ("BYTES",),
}
_BASE64: Final = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
_VALUES: Final[dict[str, Schema]] = {
    "double": {"type": "number", "minimum": -1.7976931348623157e308, "maximum": 1.7976931348623157e308},
    "integer": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "boolean": {"enum": [True, False, 0, 1]},
    "string": {"type": "string"},
    "bytes": {"type": "string", "contentEncoding": "base64", "pattern": _BASE64},
}
_NUMBER_OR_NULL: Final[Schema] = {"type": ["number", "null"]}  # JSON has neither NaN nor infinities


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server takes.

    Attributes:
        max_rows: The most rows of one request.
        missing: Whether any value may be null.
    """

    max_rows: int
    missing: bool = False


def schemas(signature: Signature, limits: Limits) -> dict[str, Schema]:
    """Return every schema by its name."""
    return {
        "InferRequest": _infer_request(signature, limits),
        "InferResponse": _infer_response(signature),
        "InferError": _object({"error": _text("What is wrong, and what was expected.")}),
        "SeldonRequest": _seldon_request(signature, limits),
        "SeldonResponse": _seldon_response(signature),
        "SeldonError": _seldon_error(),
        "FeedbackRequest": _feedback(),
        "FeedbackResponse": {"type": "object"},
        "Metadata": _metadata(),
        "Server": _object({"name": _text("Of the server."), "version": _text("Of the server."),
                           "extensions": {"type": "array", "items": {"type": "string"}}}),
        "Ready": _object({"ready": {"const": True}}),
        "Live": _object({"live": {"const": True}}),
        "ModelReady": _object({"name": {"type": "string"}, "ready": {"const": True}}),
    }  # fmt: skip


def value_schema(column: Column, limits: Limits) -> Schema:
    """Return what one value of a column may be."""
    plain = _VALUES[column.type]
    if not (column.nullable or limits.missing):
        return plain
    if "enum" in plain:
        return {"enum": [*plain["enum"], None]}
    return {**plain, "type": [plain["type"], "null"]}


def _object(properties: dict[str, Schema], optional: Sequence[str] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _homogeneous(signature: Signature) -> bool:
    """Return whether all columns are alike, so that they may come in any order under names."""
    return len({(column.type, column.nullable) for column in signature.inputs}) == 1


def _infer_request(signature: Signature, limits: Limits) -> Schema:
    columns = [_tensor(column, limits) for column in signature.inputs]
    inputs: Schema = {
        "description": f"One tensor for each column, in any order, of the same 1 to {limits.max_rows} rows.",
        **_tuple(columns),
    }
    if signature.numeric:
        inputs = {"anyOf": [inputs, _matrix(signature, limits)]}
    outputs = {
        "type": ["array", "null"],
        "description": "Which outputs are wanted; without it, all.",
        "items": _object(
            {"name": {"enum": _output_names(signature)}, "parameters": _flags("binary_data", "The same of this one.")},
            ("parameters",),
        ),
    }
    identity = _text("Stands in the answer again.")
    binary = _flags("binary_data_output", "Whether the outputs come in binary form.")
    properties = {"id": identity, "inputs": inputs, "outputs": outputs, "parameters": binary}
    return _object(properties, ("id", "outputs", "parameters"))


def _flags(name: str, description: str) -> Schema:
    return {"type": "object", "properties": {name: {"type": "boolean", "description": description}}}


def _tuple(items: list[Schema]) -> Schema:
    return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items), "maxItems": len(items)}


def _tensor(column: Column, limits: Limits) -> Schema:
    rows = {"type": "integer", "minimum": 1}
    shape = {"type": "array", "prefixItems": [rows], "items": {"const": 1}, "minItems": 1}
    data = {"type": "array", "items": value_schema(column, limits), "minItems": 1}
    return _object({
        "name": {"const": column.name},
        "shape": {**shape, "description": "[rows] or [rows, 1]."},
        "datatype": {"enum": list(_DATATYPES[column.type])},
        "data": {**data, "description": "One value for each row."},
    })  # fmt: skip


def _matrix(signature: Signature, limits: Limits) -> Schema:
    """Return how all columns come in one tensor: a row after the other."""
    width = len(signature.inputs)
    rows = {"type": "integer", "minimum": 1}
    kinds = [_DATATYPES[column.type] for column in signature.inputs]
    shared = [one for one in kinds[0] if all(one in kind for kind in kinds)]
    data = {"type": "array", "items": _row(signature, limits), "minItems": 1}
    tensor = _object({
        "name": _text("Any; what the model calls a column only if it has a single one."),
        "shape": _tuple([rows, {"const": width}]),
        "datatype": {"enum": shared},
        "data": {**data, "description": f"1 to {limits.max_rows} rows; they may also come as one flat list."},
    })  # fmt: skip
    return {"description": f"One tensor of all {width} columns in the model's order.", **_tuple([tensor])}


def _row(signature: Signature, limits: Limits) -> Schema:
    if _homogeneous(signature):
        width = len(signature.inputs)
        item = value_schema(signature.inputs[0], limits)
        return {"type": "array", "items": item, "minItems": width, "maxItems": width}
    return _tuple([value_schema(column, limits) for column in signature.inputs])


def _output_names(signature: Signature) -> list[str]:
    return [label_name(signature), *([PROBABILITIES] if signature.probabilities else [])]


def _infer_response(signature: Signature) -> Schema:
    output = _object({
        "name": {"enum": _output_names(signature)},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {"type": "string"},
        "data": {"type": "array", "description": "Row after row; of probabilities, in the order of the classes.",
                 "items": {"type": ["number", "string", "boolean", "null"]}},
    })  # fmt: skip
    outputs = {"type": "array", "items": output}
    properties: dict[str, Schema] = {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "outputs": outputs,
    }
    return _object(properties, ("id",))


def _seldon_request(signature: Signature, limits: Limits) -> Schema:
    names = [column.name for column in signature.inputs]
    order: Schema = {"const": names}
    if _homogeneous(signature):
        width = len(names)
        order = {"type": "array", "items": {"enum": names}, "uniqueItems": True, "minItems": width, "maxItems": width}
    order = {
        "anyOf": [order, {"const": []}],
        "description": "The columns in the order of the values; without it, in the model's.",
    }
    rows = {"type": "array", "items": _row(signature, limits), "minItems": 1}
    data = _object({"names": order, "ndarray": {**rows, "description": f"1 to {limits.max_rows} rows."}}, ("names",))
    if _homogeneous(signature):
        data = {"anyOf": [data, _object({"names": order, "tensor": _seldon_tensor(signature, limits)}, ("names",))]}
    meta = {"description": "`puid`, a text, stands in the answer again."}
    return _object({"data": data, "meta": meta}, ("meta",))


def _seldon_tensor(signature: Signature, limits: Limits) -> Schema:
    """Return how rows come one after the other."""
    shape = _tuple([{"type": "integer", "minimum": 1}, {"const": len(signature.inputs)}])
    values = {"type": "array", "items": value_schema(signature.inputs[0], limits), "minItems": 1}
    return _object({"shape": shape, "values": values})


def _seldon_response(signature: Signature) -> Schema:
    cell = _NUMBER_OR_NULL if signature.probabilities else {"type": ["number", "string", "boolean", "null"]}
    numbers: dict[str, Schema] = {
        "shape": {"type": "array", "items": {"type": "integer"}},
        "values": {"type": "array", "items": cell},
    }
    properties: dict[str, Schema] = {
        "names": {"type": "array", "items": {"type": "string"}},
        "ndarray": {"type": "array", "items": {"type": "array", "items": cell}},
        "tensor": _object(numbers),
    }
    data = _object(properties, ("ndarray", "tensor"))
    return _object({"data": data, "meta": {"type": "object", "description": "`tags.labels` has the labels."}})


def _seldon_error() -> Schema:
    return _object({
        "status": _object({
            "code": {"type": "integer"},
            "info": _text("What is wrong, and what was expected."),
            "reason": {"type": "string"},
            "status": {"type": "integer"},
        })
    })  # fmt: skip


def _feedback() -> Schema:
    value = {"type": ["number", "string", "boolean", "null"]}
    rows = {"type": "array", "items": {"anyOf": [value, {"type": "array", "items": value}]}}
    truth = _object({"data": _object({"ndarray": rows})})
    message = {"type": ["object", "null"], "description": "`meta.puid`, a text, names the request."}
    return {
        "type": "object",
        "properties": {
            "reward": {"type": "number", "minimum": 0, "maximum": LARGEST_REWARD},
            "truth": {
                "anyOf": [truth, {"type": "object", "maxProperties": 0}, {"type": "null"}],
                "description": "What was true, a value or a list of values for each row.",
            },
            "request": message,
            "response": message,
        },
        "anyOf": [{"required": ["reward"]}, {"required": ["truth"]}],
    }


def _metadata() -> Schema:
    tensor = _object({
        "name": {"type": "string"},
        "datatype": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
    })  # fmt: skip
    columns = {"type": "array", "items": tensor}
    return _object({
        "name": {"type": "string"},
        "versions": {"type": "array", "items": {"type": "string"}},
        "platform": {"type": "string"},
        "inputs": columns,
        "outputs": columns,
    })  # fmt: skip
