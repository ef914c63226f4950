"""Messages of version 2 of the protocol over gRPC, as a table of names and numbers; no generated code is kept.

They live in a pool of their own, so that a model's code may load the same protocol from another package.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

SERVICE: Final = "inference.GRPCInferenceService"
METHODS: Final = ("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer")
# Datatype -> the field of InferTensorContents that holds its values. FP16 comes in raw form alone.
CONTENTS: Final[Mapping[str, str]] = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
_NAMED: Final = {"name": "string", "version": "string"}
_TENSOR: Final = {
    "name": "string", "datatype": "string", "shape": "*int64", "parameters": "%InferParameter",
    "contents": "InferTensorContents",
}  # fmt: skip
# Message -> its fields in the order of their numbers, from 1; * is repeated, % a map by text, | one of several.
_MESSAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "ServerLiveRequest": {},
    "ServerLiveResponse": {"live": "bool"},
    "ServerReadyRequest": {},
    "ServerReadyResponse": {"ready": "bool"},
    "ModelReadyRequest": _NAMED,
    "ModelReadyResponse": {"ready": "bool"},
    "ServerMetadataRequest": {},
    "ServerMetadataResponse": {"name": "string", "version": "string", "extensions": "*string"},
    "ModelMetadataRequest": _NAMED,
    "ModelMetadataResponse": {
        "name": "string", "versions": "*string", "platform": "string",
        "inputs": "*ModelMetadataResponse.TensorMetadata", "outputs": "*ModelMetadataResponse.TensorMetadata",
    },
    "ModelMetadataResponse.TensorMetadata": {"name": "string", "datatype": "string", "shape": "*int64"},
    "InferParameter": {
        "bool_param": "|bool", "int64_param": "|int64", "string_param": "|string", "double_param": "|double",
        "uint64_param": "|uint64",
    },
    "InferTensorContents": {
        "bool_contents": "*bool", "int_contents": "*int32", "int64_contents": "*int64", "uint_contents": "*uint32",
        "uint64_contents": "*uint64", "fp32_contents": "*float", "fp64_contents": "*double", "bytes_contents": "*bytes",
    },
    "ModelInferRequest": {
        "model_name": "string", "model_version": "string", "id": "string", "parameters": "%InferParameter",
        "inputs": "*ModelInferRequest.InferInputTensor", "outputs": "*ModelInferRequest.InferRequestedOutputTensor",
        "raw_input_contents": "*bytes",
    },
    "ModelInferRequest.InferInputTensor": _TENSOR,
    "ModelInferRequest.InferRequestedOutputTensor": {"name": "string", "parameters": "%InferParameter"},
    "ModelInferResponse": {
        "model_name": "string", "model_version": "string", "id": "string", "parameters": "%InferParameter",
        "outputs": "*ModelInferResponse.InferOutputTensor", "raw_output_contents": "*bytes",
    },
    "ModelInferResponse.InferOutputTensor": _TENSOR,
}  # fmt: skip
_SCALARS: Final = ("bool", "int32", "int64", "uint32", "uint64", "float", "double", "string", "bytes")


@cache
def messages() -> Mapping[str, Any]:
    """Return the class of each message by its name."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415 - only for gRPC

    file = descriptor_pb2.FileDescriptorProto(name="open_inference.proto", package="inference", syntax="proto3")
    made: dict[str, Any] = {}
    for name, fields in _MESSAGES.items():
        outer, _, own = name.rpartition(".")
        made[name] = message = (made[outer].nested_type if outer else file.message_type).add(name=own)
        if any(kind.startswith("|") for kind in fields.values()):
            message.oneof_decl.add(name="parameter_choice")
        for number, (field, kind) in enumerate(fields.items(), 1):
            _field(message, f".inference.{name}", field, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"inference.{name}") for name in _MESSAGES}
    return {name: message_factory.GetMessageClass(descriptor) for name, descriptor in found.items()}


def _field(message: Any, holder: str, name: str, number: int, kind: str) -> None:
    plain = kind.lstrip("*%|")
    field = message.field.add(name=name, number=number, label=3 if kind[0] in "*%" else 1)  # repeated or optional
    if kind.startswith("%"):
        entry = message.nested_type.add(name=f"{name.title()}Entry")
        entry.options.map_entry = True
        _field(entry, "", "key", 1, "string")
        _field(entry, "", "value", 2, plain)
        field.type, field.type_name = field.TYPE_MESSAGE, f"{holder}.{entry.name}"
    elif plain in _SCALARS:
        field.type = getattr(field, f"TYPE_{plain.upper()}")
    else:
        field.type, field.type_name = field.TYPE_MESSAGE, f".inference.{plain}"
    if kind.startswith("|"):
        field.oneof_index = 0
