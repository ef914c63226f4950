"""Messages of gRPC as requests and answers of JSON have it, so that one reader and one writer say what they mean."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Final

import orjson

from mlops_charts.saved_model import Answers, Signature
from mlops_charts.serving import binary, protocol_v2
from mlops_charts.serving.asks import Ask
from mlops_charts.serving.declined import bad
from mlops_charts.serving.face_v2 import FaceV2
from mlops_charts.serving.grpc_messages import CONTENTS, messages

_SIZE: Final = "binary_data_size"


def read(ask: Ask, message: Any, face: FaceV2, signature: Signature) -> None:
    """Say what a request asks; Declined if it is wrong."""
    outputs = [{"name": one.name} for one in message.outputs]
    identity = {"id": message.id} if message.id else {}
    request: dict[str, Any] = {"inputs": [], **identity, **({"outputs": outputs} if outputs else {})}
    raw = message.raw_input_contents
    if raw and len(raw) != len(message.inputs):
        raise bad(
            f"raw_input_contents: one for each of the {len(message.inputs)} inputs was expected, found {len(raw)}"
        )
    encoded = {column.name for column in signature.inputs if column.type == "bytes"}
    for place, one in enumerate(message.inputs):
        tensor = {"name": one.name, "shape": list(one.shape), "datatype": one.datatype}
        data = {"parameters": {_SIZE: len(raw[place])}} if raw else {"data": _contents(one, one.name in encoded)}
        request["inputs"].append({**tensor, **data})
    if raw:
        text = orjson.dumps(request)
        face.read_binary(ask, b"".join((text, *raw)), str(len(text)))
    else:
        face.of_request(ask, request)


def written(answers: Answers, message: Any, signature: Signature, name: str, version: str) -> Any:
    """Return the answer to a request: in raw form if it came so, which is how most clients ask."""
    wanted = tuple(one.name for one in message.outputs)
    found = protocol_v2.written(answers, signature, protocol_v2.Asked({}, message.id, wanted), name, version)
    head = {"model_name": name, "model_version": version, "id": message.id}
    if message.raw_input_contents:
        return messages()["ModelInferResponse"](**head, **_raw(found))
    tensor, contents = messages()["ModelInferResponse.InferOutputTensor"], messages()["InferTensorContents"]
    outputs = [
        tensor(**_about(one), contents=contents(**{CONTENTS[one["datatype"]]: _typed(one)})) for one in found["outputs"]
    ]
    return messages()["ModelInferResponse"](**head, outputs=outputs)


def metadata(signature: Signature, name: str, version: str) -> Any:
    """Return what the protocol says of a model."""
    said = protocol_v2.metadata(signature, name, version)
    tensor = messages()["ModelMetadataResponse.TensorMetadata"]
    tensors = {key: [tensor(**one) for one in said[key]] for key in ("inputs", "outputs")}
    return messages()["ModelMetadataResponse"](**{**said, **tensors})


def _contents(tensor: Any, encoded: bool) -> list[Any]:  # noqa: FBT001 - whether a column of bytes is meant
    field = CONTENTS.get(tensor.datatype)
    if field is None:
        raise bad(f'input "{tensor.name[:100]}": datatype: {", ".join(CONTENTS)} was expected, or raw contents')
    values = list(getattr(tensor.contents, field))
    if tensor.datatype != "BYTES":
        return values
    return [base64.b64encode(one).decode() for one in values] if encoded else _texts(tensor.name, values)


def _texts(name: str, values: Sequence[bytes]) -> list[str]:
    try:
        return [one.decode() for one in values]
    except UnicodeDecodeError:
        raise bad(f'input "{name[:100]}": bytes_contents: text in UTF-8 was expected') from None


def _raw(found: dict[str, Any]) -> dict[str, Any]:
    body, text = binary.written(found, frozenset(one["name"] for one in found["outputs"]))
    tensors, at, raw = orjson.loads(body[:text])["outputs"], text, []
    for one in tensors:
        raw.append(body[at : at + one["parameters"][_SIZE]])
        at += len(raw[-1])
    tensor = messages()["ModelInferResponse.InferOutputTensor"]
    return {"outputs": [tensor(**_about(one)) for one in tensors], "raw_output_contents": raw}


def _about(tensor: dict[str, Any]) -> dict[str, Any]:
    return {key: tensor[key] for key in ("name", "datatype", "shape")}


def _typed(tensor: dict[str, Any]) -> list[Any]:
    return [one.encode() for one in tensor["data"]] if tensor["datatype"] == "BYTES" else tensor["data"]
