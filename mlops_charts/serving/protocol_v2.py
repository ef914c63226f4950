"""The Open Inference Protocol, version 2, over JSON: what a request holds, and what an answer looks like.

Rows come as one tensor for each column, or all as one matrix where the columns are of one kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import Any, Final

from mlops_charts.saved_model import Answers, Column, Rows, Signature
from mlops_charts.serving.declined import bad, described
from mlops_charts.serving.inputs import Inputs

NUMBERS: Final = frozenset(
    {"UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64"}
)
_DATATYPES: Final = NUMBERS | {"BOOL", "BYTES"}
_FITTING: Final[dict[str, frozenset[str]]] = {
    "double": NUMBERS,
    "integer": NUMBERS,
    "boolean": NUMBERS | {"BOOL"},
    "string": frozenset({"BYTES"}),
    "bytes": frozenset({"BYTES"}),
}
_OWN: Final = {"double": "FP64", "integer": "INT64", "boolean": "BOOL", "string": "BYTES", "bytes": "BYTES"}
_KINDS: Final = {"i": "INT64", "u": "UINT64", "f": "FP64", "b": "BOOL"}
_MATRIX: Final = 2  # dimensions
PROBABILITIES: Final = "probabilities"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for answers.

    Attributes:
        rows: By column.
        id: What the answer carries again; empty if the request had none.
        outputs: Names of the outputs that are wanted; empty for all.
        binary: Names of the outputs that are wanted in binary form.
    """

    rows: Rows
    id: str
    outputs: tuple[str, ...]
    binary: frozenset[str] = frozenset()


def read(request: Any, inputs: Inputs) -> Asked:
    """Return what a request asks.

    Raises:
        Declined: It is none of this protocol, or its rows are not those of the model.
    """
    if not isinstance(request, dict):
        raise bad(f"an object with inputs was expected, found {described(request)}")
    tensors = request.get("inputs")
    if not isinstance(tensors, list) or not tensors:
        raise bad("inputs: a list of tensors was expected, each with name, shape, datatype and data")
    identity = request.get("id", "")
    if not isinstance(identity, str):
        raise bad(f"id: a text was expected, found {described(identity)}")
    return Asked(_rows([_Tensor.read(one, place) for place, one in enumerate(tensors)], inputs), identity,
                 _wanted(request.get("outputs"), inputs.signature), _binary(request, inputs.signature))  # fmt: skip


def written(answers: Answers, signature: Signature, asked: Asked, name: str, version: str) -> dict[str, Any]:
    """Return the answer to a request."""
    found = [output for output in _outputs(answers, signature) if not asked.outputs or output["name"] in asked.outputs]
    identity = {"id": asked.id} if asked.id else {}
    return {"model_name": name, "model_version": version, **identity, "outputs": found}


def metadata(signature: Signature, name: str, version: str) -> dict[str, Any]:
    """Return what the protocol says of a model."""
    outputs = [{"name": label_name(signature), "datatype": label_datatype(signature), "shape": [-1]}]
    if signature.probabilities:
        outputs.append({"name": PROBABILITIES, "datatype": "FP64", "shape": [-1, len(signature.classes)]})
    return {
        "name": name,
        "versions": [version] if version else [],
        "platform": signature.format,
        "inputs": [{"name": one.name, "datatype": _OWN[one.type], "shape": [-1]} for one in signature.inputs],
        "outputs": outputs,
    }


def label_name(signature: Signature) -> str:
    """Return the name of the output that has a value for each row."""
    return {"classification": "label", "ranking": "score"}.get(signature.task, "value")


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]
    datatype: str
    data: list[Any]

    @classmethod
    def read(cls, given: Any, place: int) -> _Tensor:
        if not isinstance(given, dict):
            raise bad(f"inputs[{place}]: an object was expected, found {described(given)}")
        name, shape, datatype = given.get("name"), given.get("shape"), given.get("datatype")
        if not isinstance(name, str):
            raise bad(f"inputs[{place}].name: a text was expected, found {described(name)}")
        if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape) or not shape:
            raise bad(f'input "{name[:100]}": shape: a list of sizes was expected, such as [1, 4]')
        if not isinstance(datatype, str) or datatype not in _DATATYPES:
            raise bad(f'input "{name[:100]}": datatype: one of {", ".join(sorted(_DATATYPES))} was expected')
        if "data" not in given:
            raise bad(f'input "{name[:100]}": it has no data; a tensor in binary form has parameters.binary_data_size')
        return cls(name, tuple(shape), datatype, _flat(name, tuple(shape), given["data"]))

    def check(self, column: Column) -> None:
        if self.datatype not in _FITTING[column.type]:
            expected = _OWN[column.type]
            raise bad(f'input "{self.name[:100]}": column "{column.name}" takes {expected}, not {self.datatype}')


def _flat(name: str, shape: tuple[int, ...], data: Any) -> list[Any]:
    """Return the values of a tensor one after the other; it may come so, or as lists in lists."""
    if not isinstance(data, list):
        raise bad(f'input "{name[:100]}": data: a list was expected, found {described(data)}')
    values: list[Any] = data
    for size in shape[1:]:
        if not any(isinstance(one, list) for one in values):
            break
        if not all(isinstance(one, list) for one in values):
            raise bad(f'input "{name[:100]}": data: lists and values stand side by side')
        if any(len(one) != size for one in values):
            raise bad(f'input "{name[:100]}": data: by its shape {list(shape)} lists of {size} were expected')
        values = list(chain.from_iterable(values))
    if len(values) != prod(shape):
        raise bad(f'input "{name[:100]}": shape {list(shape)} holds {prod(shape)} values, data has {len(values)}')
    return values


def _rows(tensors: list[_Tensor], inputs: Inputs) -> Rows:
    columns = {column.name: column for column in inputs.signature.inputs}
    first = tensors[0]
    if len(tensors) == 1 and len(first.shape) == _MATRIX and (first.name not in columns or len(columns) > 1):
        return _matrix(first, inputs)
    given: dict[str, list[Any]] = {}
    for tensor in tensors:
        if tensor.name in given:
            raise bad(f'input "{tensor.name[:100]}" stands in the request twice')
        if prod(tensor.shape[1:]) != 1:
            raise bad(f'input "{tensor.name[:100]}": shape: [n] or [n, 1] was expected, found {list(tensor.shape)}')
        if tensor.name in columns:
            tensor.check(columns[tensor.name])
        given[tensor.name] = tensor.data
    return inputs.of_columns(given)


def _matrix(tensor: _Tensor, inputs: Inputs) -> Rows:
    expected = len(inputs.signature.inputs)
    if tensor.shape[1] != expected:
        raise bad(
            f'input "{tensor.name[:100]}": shape: [n, {expected}] was expected, a value for each column, found '
            f"{list(tensor.shape)}"
        )
    for column in inputs.signature.inputs:
        tensor.check(column)
    return inputs.of_flat(tensor.data)


def _wanted(outputs: Any, signature: Signature) -> tuple[str, ...]:
    if outputs is None:
        return ()
    if not isinstance(outputs, list) or not all(isinstance(one, dict) for one in outputs):
        raise bad("outputs: a list of objects with a name was expected")
    known = [label_name(signature), *([PROBABILITIES] if signature.probabilities else [])]
    for place, one in enumerate(outputs):
        if one.get("name") not in known:
            raise bad(f"outputs[{place}].name: {' or '.join(known)} was expected, found {described(one.get('name'))}")
    return tuple(one["name"] for one in outputs)


def _binary(request: dict[str, Any], signature: Signature) -> frozenset[str]:
    """Return the names of the outputs that are wanted in binary form: of some, or of all but some."""
    known = [label_name(signature), *([PROBABILITIES] if signature.probabilities else [])]
    usual = _flag(request, "binary_data_output", "parameters", default=False)
    said = {one["name"]: _flag(one, "binary_data", "outputs: parameters", default=usual)
            for one in request.get("outputs") or []}  # fmt: skip
    return frozenset(name for name in known if said.get(name, usual))


def _flag(holder: dict[str, Any], name: str, where: str, *, default: bool) -> bool:
    parameters = holder.get("parameters", {})
    if not isinstance(parameters, dict):
        raise bad(f"{where}: an object was expected, found {described(parameters)}")
    flag = parameters.get(name, default)
    if not isinstance(flag, bool):
        raise bad(f"{where}.{name}: true or false was expected, found {described(flag)}")
    return flag


def _outputs(answers: Answers, signature: Signature) -> list[dict[str, Any]]:
    labels = answers.labels
    datatype = label_datatype(signature, labels.dtype.kind)
    data = [str(one) for one in labels.tolist()] if datatype == "BYTES" else labels.tolist()
    found = [{"name": label_name(signature), "shape": [len(labels)], "datatype": datatype, "data": data}]
    if answers.probabilities is not None:
        shape, flat = list(answers.probabilities.shape), answers.probabilities.ravel().tolist()
        found.append({"name": PROBABILITIES, "shape": shape, "datatype": "FP64", "data": flat})
    return found


def label_datatype(signature: Signature, kind: str = "f") -> str:
    """Return the datatype of labels, or of values of a kind of numpy."""
    if signature.task == "classification":
        return _OWN[signature.class_type]
    return _KINDS.get(kind, "BYTES")
