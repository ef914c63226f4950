"""The binary tensor extension of version 2: JSON first, and behind it the values of tensors as they lie in memory.

Numbers are little-endian and without gaps; a BYTES value is its length in four bytes, and then itself.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Collection, Mapping
from math import prod
from typing import Any, Final

import numpy as np
import orjson

from mlops_charts.saved_model import Signature
from mlops_charts.serving.bodies import parse_json
from mlops_charts.serving.declined import Declined, bad, described

HEADER: Final = "inference-header-content-length"
_DTYPES: Final = {
    "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "<i1", "INT16": "<i2", "INT32": "<i4",
    "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8", "BOOL": "<u1",
}  # fmt: skip
_SIZE: Final = "binary_data_size"
_LENGTH: Final = struct.Struct("<I")


def read(body: bytes, header: str, signature: Signature) -> Any:
    """Return a request as JSON says it, with the values of its tensors in binary form as data.

    Args:
        body: JSON and tensors.
        header: Inference-Header-Content-Length: how many bytes of the body are JSON.
        signature: What the model takes; columns of bytes come as they are, and are made base64 as JSON has them.

    Raises:
        Declined: Lengths do not fit, or a value is none of its datatype.
    """
    length = int(header) if header.isascii() and header.isdecimal() and len(header) < len(str(2**63)) else -1
    if not 0 < length <= len(body):
        raise bad(
            f"Inference-Header-Content-Length: a number from 1 to {len(body)}, the length of the body, was expected, "
            f"found {described(header)}"
        )
    request, raw = parse_json(body[:length]), memoryview(body)[length:]
    tensors = request.get("inputs") if isinstance(request, dict) else None
    at, read_ = 0, []
    for tensor in tensors if isinstance(tensors, list) else []:
        size = _size(tensor)
        if size is None:
            read_.append(tensor)
            continue
        if at + size > len(raw):
            raise bad(
                f"{_named(tensor)}: binary_data_size is {size}, but only {len(raw) - at} bytes are left of the body"
            )
        read_.append({**tensor, "data": _values(tensor, raw[at : at + size], signature)})
        at += size
    if at != len(raw):
        raise bad(f"{len(raw)} bytes stand behind the JSON, but the tensors' binary_data_size is {at} together")
    return {**request, "inputs": read_} if read_ else request


def written(answer: Mapping[str, Any], wanted: Collection[str]) -> tuple[bytes, int]:
    """Return the bytes of an answer with some outputs in binary form, and how many of them are JSON."""
    outputs, raws = [], []
    for output in answer["outputs"]:
        if output["name"] not in wanted:
            outputs.append(output)
            continue
        raw = _raw(output["datatype"], output["data"])
        raws.append(raw)
        shown = {name: found for name, found in output.items() if name != "data"}
        outputs.append({**shown, "parameters": {_SIZE: len(raw)}})
    text = orjson.dumps({**answer, "outputs": outputs})
    return b"".join((text, *raws)), len(text)


def _size(tensor: Any) -> int | None:
    parameters = tensor.get("parameters") if isinstance(tensor, dict) else None
    if not isinstance(parameters, dict) or _SIZE not in parameters:
        return None
    size = parameters[_SIZE]
    if type(size) is not int or size < 0:
        raise bad(f"{_named(tensor)}: binary_data_size: a number of bytes was expected, found {described(size)}")
    if "data" in tensor:
        raise bad(f"{_named(tensor)}: it has both data and binary_data_size")
    return size


def _named(tensor: Mapping[str, Any]) -> str:
    return f'input "{str(tensor.get("name"))[:100]}"'


def _values(tensor: Mapping[str, Any], raw: memoryview, signature: Signature) -> list[Any]:
    datatype, count = tensor.get("datatype"), _count(tensor)
    if datatype == "BYTES":
        return _texts(tensor, _items(tensor, raw, count), signature)
    dtype = _DTYPES.get(datatype) if isinstance(datatype, str) else None
    if dtype is None:
        raise bad(f"{_named(tensor)}: datatype: one of BYTES, {', '.join(sorted(_DTYPES))} was expected")
    expected = count * np.dtype(dtype).itemsize
    if len(raw) != expected:
        raise bad(
            f"{_named(tensor)}: {count} values of {datatype} take {expected} bytes, binary_data_size is {len(raw)}"
        )
    array = np.frombuffer(raw, dtype)
    if datatype != "BOOL":
        return list(array.tolist())
    if array.size and array.max() > 1:
        raise bad(f"{_named(tensor)}: a BOOL is 0 or 1, found {int(array.max())}")
    return list(array.astype(bool).tolist())


def _count(tensor: Mapping[str, Any]) -> int:
    shape = tensor.get("shape")
    if not isinstance(shape, list) or not shape or not all(type(size) is int and size >= 0 for size in shape):
        raise bad(f"{_named(tensor)}: shape: a list of sizes was expected, such as [1, 4]")
    return prod(shape)


def _items(tensor: Mapping[str, Any], raw: memoryview, count: int) -> list[bytes]:
    found: list[bytes] = []
    at = 0
    while at < len(raw):
        if at + _LENGTH.size > len(raw):
            raise _cut(tensor, len(found))
        end = at + _LENGTH.size + _LENGTH.unpack_from(raw, at)[0]
        if end > len(raw):
            raise _cut(tensor, len(found))
        found.append(bytes(raw[at + _LENGTH.size : end]))
        at = end
    if len(found) != count:
        raise bad(f"{_named(tensor)}: shape {tensor['shape']} holds {count} values, the bytes hold {len(found)}")
    return found


def _cut(tensor: Mapping[str, Any], place: int) -> Declined:
    return bad(f"{_named(tensor)}: value {place} is longer than the bytes that are left of it")


def _texts(tensor: Mapping[str, Any], items: list[bytes], signature: Signature) -> list[str]:
    types = {column.type for column in signature.inputs if column.name == tensor.get("name")}
    if (types or {column.type for column in signature.inputs}) == {"bytes"}:
        return [base64.b64encode(item).decode() for item in items]
    try:
        return [item.decode() for item in items]
    except UnicodeDecodeError:
        raise bad(f"{_named(tensor)}: a text in UTF-8 was expected in each value") from None


def _raw(datatype: str, data: list[Any]) -> bytes:
    if datatype != "BYTES":
        return bytes(np.array(data, _DTYPES[datatype]).tobytes())
    items = [str(one).encode() for one in data]
    return b"".join(part for item in items for part in (_LENGTH.pack(len(item)), item))
