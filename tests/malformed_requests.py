"""Requests that no model of iris can take, made from a seed: every one of them must be turned down with 4xx."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from model_servers import IRIS_COLUMNS

INFER, PREDICT = "/v2/models/iris/infer", "/api/v1.0/predictions"
HEADER = "inference-header-content-length"
MAX_BODY, MAX_ROWS = 20_000, 100
_WRONG: tuple[Any, ...] = (None, True, False, -1, 1.5, 10**30, "", "x", [], [[]], {}, {"a": 1}, [None], [{}], "\u0000")
_LITERALS = ("NaN", "Infinity", "-Infinity", "1e400", "-1e999", "1" + "0" * 400, "nan", "0x10", "01", "+1", "1.", ".5")
_TYPES = ("application/json", "text/plain", "application/octet-stream", "multipart/form-data", "", "\u00e9")


@dataclass(frozen=True)
class Malformed:
    """A request.

    Attributes:
        kind: What is wrong with it.
        path: Of HTTP.
        body: Of HTTP.
        method: Of HTTP.
        headers: Of HTTP, besides the length.
    """

    kind: str
    path: str
    body: bytes = b""
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)


def malformed(count: int, seed: int = 0) -> Iterator[Malformed]:
    """Yield requests."""
    random = Random(seed)  # noqa: S311 - not for secrets
    for number in range(count):
        yield _KINDS[number % len(_KINDS)](random)


def _tensor(random: Random, rows: int) -> dict[str, Any]:
    data = [[random.uniform(0, 8) for _ in IRIS_COLUMNS] for _ in range(rows)]
    return {"name": "x", "shape": [rows, 4], "datatype": "FP64", "data": data}


def _columns(random: Random, rows: int) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": [rows], "datatype": "FP64", "data": [random.uniform(0, 8) for _ in range(rows)]}
        for name in IRIS_COLUMNS
    ]


def _v2(random: Random) -> dict[str, Any]:
    rows = random.randint(1, 5)
    return {"inputs": [_tensor(random, rows)] if random.random() < 0.5 else _columns(random, rows)}


def _seldon(random: Random) -> dict[str, Any]:
    rows = random.randint(1, 5)
    values = _tensor(random, rows)["data"]
    if random.random() < 0.5:
        return {"data": {"names": list(IRIS_COLUMNS), "ndarray": values}}
    flat = [one for row in values for one in row]
    return {"data": {"tensor": {"shape": [rows, 4], "values": flat}}}


def _either(random: Random) -> tuple[str, dict[str, Any]]:
    return (INFER, _v2(random)) if random.random() < 0.5 else (PREDICT, _seldon(random))


def _text(request: Any) -> bytes:
    return json.dumps(request).encode()


def _wrong_method(random: Random) -> Malformed:
    method = random.choice(("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"))
    return Malformed("method", random.choice((INFER, PREDICT)), method=method)


def _wrong_path(random: Random) -> Malformed:
    tail = random.choice(("%00", "../../etc/passwd", "versions/9/infer", "x" * 5000, "\u00e9", "infer/", "?"))
    return Malformed("path", f"/{random.choice(('v2', 'v2/models', 'v2/models/iris', 'api'))}/{tail}", b"{}")


def _no_json(random: Random) -> Malformed:
    path, request = _either(random)
    whole = _text(request)
    cut = random.randrange(len(whole))
    at = random.randrange(1, len(whole))
    body = random.choice((
        whole[:cut],
        whole[:at] + bytes([random.randrange(128, 256)]) + whole[at:],
        random.randbytes(random.randrange(200)) + b"\xff",
        whole + b"}",
        b"\xef\xbb\xbf" + whole,
        whole.decode().encode("utf-16"),
        b"inputs=1&data=2",
    ))  # fmt: skip
    return Malformed("no JSON", path, body, headers={"content-type": random.choice(_TYPES)})


def _deep(random: Random) -> Malformed:
    depth = random.choice((50, 500, 1500, 4000))
    opening, closing = random.choice((("[", "]"), ('{"inputs":', "}"), ('{"data":', "}"), ('{"inputs":[', "]}")))
    depth = min(depth, MAX_BODY // (len(opening) + len(closing)) - 2)
    inner = random.choice(("1", "NaN", "[]", "null"))
    body = opening * depth + inner + closing * random.choice((depth, depth - 1))
    return Malformed("deep", random.choice((INFER, PREDICT)), body.encode())


def _wrong_type(random: Random) -> Malformed:
    """Replace what must be there by what is of no use there, or take it away."""
    path, request = _either(random)
    if path == INFER:
        holder, keys = random.choice((
            (request, ("inputs",)),
            (request["inputs"][0], ("name", "shape", "datatype", "data")),
        ))  # fmt: skip
    else:
        form = request["data"].get("tensor")
        holder, keys = random.choice(
            ((request, ("data",)), (form, ("shape", "values")) if form else (request, ("data",)))
        )
    key = random.choice(keys)
    holder[key] = random.choice(_WRONG)
    single = path == INFER and len(request["inputs"]) == 1 if isinstance(request.get("inputs"), list) else False
    if random.random() < 0.3 or (key == "name" and single and isinstance(holder[key], str)):
        del holder[key]
    return Malformed("type", path, _text(request))


def _wrong_value(random: Random) -> Malformed:
    """One value among good ones is none."""
    path, request = _either(random)
    bad = random.choice((None, True, "5.1", "", [1], {}, [[]], 10**400, -(10**309)))
    if path == INFER:
        data = request["inputs"][0]["data"]
    else:
        data = request["data"].get("ndarray") or request["data"]["tensor"]["values"]
    row = random.randrange(len(data))
    if isinstance(data[row], list):
        data[row][random.randrange(4)] = bad
    else:
        data[row] = bad
    return Malformed("value", path, _text(request))


def _wrong_literal(random: Random) -> Malformed:
    """Numbers that are none, or too large for any."""
    path, request = _either(random)
    text = json.dumps(request)
    digits = [at for at, one in enumerate(text) if one == "."]
    at = random.choice(digits)
    start = max(text.rfind(" ", 0, at), text.rfind("[", 0, at)) + 1
    stop = min(found for found in (text.find(",", at), text.find("]", at)) if found > 0)
    return Malformed("literal", path, (text[:start] + random.choice(_LITERALS) + text[stop:]).encode())


def _wrong_shape(random: Random) -> Malformed:
    tensor = _tensor(random, 2)
    tensor["shape"] = random.choice((
        [2, 5], [3, 4], [4, 2, 1], [8], [-2, -4], [0, 4], [2, 4.0], [True, 8], ["2", 4], [2**70, 4], [2**63, 2**63],
        [[2, 4]], [2, None], [], [1] * 1000, [0], [10**18, 0],
    ))  # fmt: skip
    if random.random() < 0.5:
        tensor["data"] = [one for row in tensor["data"] for one in row]
    if random.random() < 0.3:
        return Malformed(
            "shape", PREDICT, _text({"data": {"tensor": {"shape": tensor["shape"], "values": tensor["data"]}}})
        )
    return Malformed("shape", INFER, _text({"inputs": [tensor]}))


def _ragged(random: Random) -> Malformed:
    values = [[1.0] * random.choice((3, 5, 0)) for _ in range(random.randint(1, 4))]
    tensor = {"name": "x", "shape": [len(values), 4], "datatype": "FP64", "data": values}
    requests = ((INFER, {"inputs": [tensor]}), (PREDICT, {"data": {"ndarray": values}}))
    path, request = random.choice(requests)
    return Malformed("ragged", path, _text(request))


def _wrong_columns(random: Random) -> Malformed:
    columns = _columns(random, 2)
    change = random.randrange(5)
    if change == 0:
        columns.pop(random.randrange(4))
    elif change == 1:
        columns.append(columns[0])
    elif change == 2:
        columns[random.randrange(4)]["name"] = random.choice(("petal", "", "\u0000", "x" * 5000))
    elif change == 3:
        columns[random.randrange(4)]["datatype"] = random.choice(("BYTES", "BOOL", "FP128", "fp64", ""))
    else:
        columns[random.randrange(4)].update(shape=[1], data=[1.0])
    if random.random() < 0.3:
        names = [*IRIS_COLUMNS[:3], random.choice((IRIS_COLUMNS[0], "petal", 7, None))]
        return Malformed("columns", PREDICT, _text({"data": {"names": names, "ndarray": [[1, 2, 3, 4]]}}))
    return Malformed("columns", INFER, _text({"inputs": columns}))


def _too_much(random: Random) -> Malformed:
    path = random.choice((INFER, PREDICT))
    if random.random() < 0.5:
        return Malformed("large", path, b" " * (MAX_BODY + random.randint(1, 1000)))
    rows = [[1, 2, 3, 4]] * (MAX_ROWS + random.randint(1, 50))
    tensor = {"name": "x", "shape": [len(rows), 4], "datatype": "FP64", "data": rows}
    return Malformed("rows", path, _text({"inputs": [tensor]} if path == INFER else {"data": {"ndarray": rows}}))


def _binary(random: Random) -> Malformed:
    """Tensors in binary form that are cut, too long, or told to be of another length than they are."""
    raw = struct.pack("<8d", *[random.uniform(0, 8) for _ in range(8)])
    tensor: dict[str, Any] = {"name": "x", "shape": [2, 4], "datatype": "FP64"}
    size: Any = random.choice((len(raw) - 1, len(raw) + 1, 0, -8, 2**63, 10**30, "64", None, True, 64.0, [64]))
    change = random.randrange(4)
    if change == 0:
        tensor["parameters"] = {"binary_data_size": size}
    elif change == 1:
        tensor["parameters"] = {"binary_data_size": len(raw)}
        raw = raw[: random.randrange(len(raw))] if random.random() < 0.5 else raw + random.randbytes(8)
    elif change == 2:
        tensor.update(parameters={"binary_data_size": len(raw)}, datatype=random.choice(("BYTES", "FP32", "BOOL", "x")))
    else:
        tensor["parameters"] = {"binary_data_size": len(raw)}
        raw = struct.pack("<8d", *[random.choice((float("nan"), float("inf"), -float("inf")))] * 8)
    text = _text({"inputs": [tensor]})
    return Malformed("binary", INFER, text + raw, headers={HEADER: str(len(text))})


def _binary_header(random: Random) -> Malformed:
    text = _text({"inputs": [_tensor(random, 1)]})
    header = random.choice(("", "x", "-1", "0", str(len(text) + 1), str(len(text) - 1), "9" * 30, "1.5", "0x10"))
    return Malformed("header", INFER, text, headers={HEADER: header})


_KINDS: tuple[Callable[[Random], Malformed], ...] = (
    _wrong_method, _wrong_path, _no_json, _deep, _wrong_type, _wrong_value, _wrong_literal, _wrong_shape, _ragged,
    _wrong_columns, _too_much, _binary, _binary_header,
)  # fmt: skip
