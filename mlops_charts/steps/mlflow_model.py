"""What MLflow reads of a model's folder: MLmodel, its packages and an input example.

`mlflow.pyfunc.load_model` on the folder answers with labels or values, for a data frame with the signature's columns.
Nothing here takes time or chance into the files: the identifier is made of what is stored, and the time of creation is
the epoch. No package is looked for in processes of MLflow's: what is needed is known from the format.
"""

from __future__ import annotations

import json
import platform
import shutil
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from mlops_charts.contract import MODEL_CODE_FOLDER, MODEL_ONNX, MODEL_PICKLE, MODEL_SKOPS
from mlops_charts.saved_model import Column, Rows, Signature
from mlops_charts.saved_model.trusted import TRUSTED
from mlops_charts.steps.examples import plain

REQUIREMENTS: Final = "requirements.txt"
LOADER: Final = "mlops_charts_pyfunc"  # a module; a plain name, because it is found by it on the path of modules
LOADER_FOLDER: Final = "mlflow"
INPUT_EXAMPLE: Final = "input_example.json"
_EPOCH: Final = "1970-01-01 00:00:00.000000"
_TYPES: Final = {"boolean": "boolean", "integer": "long", "double": "double", "string": "string", "bytes": "binary"}


def write_mlflow_files(folder: Path, signature: Signature, example: Rows, trusted: tuple[str, ...]) -> None:
    """Write what MLflow reads beside what is stored.

    Args:
        folder: The model's folder; what is stored is in it.
        signature: What the model takes and gives.
        example: Some rows.
        trusted: Types that model.yaml pins for skops.
    """
    from mlflow.models import Model  # noqa: PLC0415 - 2 s

    pinned = [f"{name}=={version(name)}" for name in ("mlflow", *signature.distributions)]
    _write(folder / REQUIREMENTS, "".join(f"{line}\n" for line in pinned))
    _write(folder / "python_env.yaml", _python_env())
    _write(folder / "conda.yaml", _conda(pinned))
    _write(folder / INPUT_EXAMPLE, _split(example, signature))
    flavors = _flavors(folder, signature, trusted)
    model = Model(
        flavors=flavors,
        signature=_signature(signature),
        saved_input_example_info={
            "artifact_path": INPUT_EXAMPLE,
            "type": "dataframe",
            "pandas_orient": "split",
        },
        model_uuid=_identity(folder, signature),
        utc_time_created=_EPOCH,
    )
    model.save(folder / "MLmodel")


def _flavors(folder: Path, signature: Signature, trusted: tuple[str, ...]) -> dict[str, Any]:
    stored = {"onnx": _onnx, "skops": _sklearn, "pickle": _sklearn}.get(signature.format)
    if stored is None:
        return {}
    flavor, function = stored(folder, signature, trusted)
    function |= {
        "env": "conda.yaml",  # MLflow also takes a mapping, but Seldon's MLflow server does not
        "python_version": platform.python_version(),
    }
    return flavor if signature.entrypoint else {**flavor, "python_function": function}


def _onnx(folder: Path, _signature: Signature, _trusted: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    (folder / LOADER_FOLDER).mkdir(exist_ok=True)
    shutil.copyfile(Path(__file__).with_name(f"{LOADER}.py"), folder / LOADER_FOLDER / f"{LOADER}.py")
    flavor = {
        "onnx_version": version("onnx"),
        "data": MODEL_ONNX,
        "providers": ["CPUExecutionProvider"],
        "code": None,
    }
    return {"onnx": flavor}, {"loader_module": LOADER, "code": LOADER_FOLDER, "data": MODEL_ONNX}


def _sklearn(folder: Path, signature: Signature, trusted: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    file = {"skops": MODEL_SKOPS, "pickle": MODEL_PICKLE}[signature.format]
    code = MODEL_CODE_FOLDER if (folder / MODEL_CODE_FOLDER).is_dir() else None
    flavor = {
        "sklearn_version": version("scikit-learn"),
        "pickled_model": file,
        "serialization_format": signature.format,
        "skops_trusted_types": [*TRUSTED, *trusted] if signature.format == "skops" else None,
        "code": code,
    }
    function = {"loader_module": "mlflow.sklearn", "model_path": file, "predict_fn": "predict"}
    return {"sklearn": flavor}, function | ({"code": code} if code else {})


def _signature(signature: Signature) -> Any:
    from mlflow.models import ModelSignature  # noqa: PLC0415 - 2 s
    from mlflow.types import ColSpec, Schema  # noqa: PLC0415 - the same

    inputs = [ColSpec(_column_type(column), column.name, required=not column.nullable) for column in signature.inputs]
    answer = _TYPES[signature.class_type] if signature.task == "classification" else "double"
    return ModelSignature(Schema(inputs), Schema([ColSpec(answer)]))


def _column_type(column: Column) -> str:
    """Return MLflow's type of a column: whole numbers of which some are missing are doubles to it."""
    return "double" if column.nullable and column.type in {"integer", "boolean"} else _TYPES[column.type]


def _identity(folder: Path, signature: Signature) -> str:
    digest = sha256(signature.model_dump_json().encode())
    for file in (MODEL_ONNX, MODEL_SKOPS, MODEL_PICKLE):
        if (folder / file).is_file():
            digest.update((folder / file).read_bytes())
    return digest.hexdigest()[:32]


def _split(rows: Rows, signature: Signature) -> str:
    names = [column.name for column in signature.inputs]
    data = [[plain(value) for value in row] for row in zip(*(rows[name] for name in names), strict=True)]
    return json.dumps({"columns": names, "data": data}, indent=1) + "\n"


def _python_env() -> str:
    return f"python: {platform.python_version()}\ndependencies:\n- -r {REQUIREMENTS}\n"


def _conda(pinned: list[str]) -> str:
    lines = "".join(f"  - {line}\n" for line in pinned)
    return (
        f"name: mlflow-env\nchannels:\n- conda-forge\ndependencies:\n- python={platform.python_version()}\n"
        f"- pip\n- pip:\n{lines}"
    )


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
