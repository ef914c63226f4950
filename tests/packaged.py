"""A saved model as a training leaves it, small and made by hand, for the tests of what is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlflow_store import call, spec
from pipeline_plans import FILES, MINIMAL

from mlops_charts import contract
from mlops_charts.saved_model import Column, Signature, signature_text
from mlops_charts.saved_model.profile import CategoryBins, NumberBins, Profile, profile_text
from mlops_charts.steps.call import Call
from mlops_charts.steps.registry import open_registry

CODE, DATA, COMMIT = "a" * 64, "b" * 64, "c" * 40
SIGNATURE = Signature(
    task="classification",
    format="onnx",
    inputs=(Column(name="width", type="double"), Column(name="colour", type="string")),
    classes=("no", "yes"),
    target="bought",
    probabilities=True,
)
PROFILE = Profile(
    rows=80,
    features={"width": NumberBins(edges=(1.0, 2.0), shares=(0.25, 0.5, 0.25))},
    prediction_rows=20,
    predictions=CategoryBins(categories=("no", "yes"), shares=(0.5, 0.5)),
)


def model(signature: Signature = SIGNATURE, files: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """Return the files of a saved model; nothing computes in it."""
    stored = {"onnx": contract.MODEL_ONNX, "skops": contract.MODEL_SKOPS, "pickle": contract.MODEL_PICKLE}
    computing = {stored[signature.format]: b"\0computes\xff"} if signature.format in stored else {}
    return {contract.SIGNATURE: signature_text(signature).encode(), **computing, **(files or {})}


def build_call(
    tmp_path: Path,
    asked: Mapping[str, Any] | None = None,
    *,
    platform: Mapping[str, Any] | None = None,
    files: Mapping[str, bytes] = FILES,
    saved: Mapping[str, bytes] | None = None,
    name: str = "build",
    run_id: str = "",
    environ: Mapping[str, str] | None = None,
) -> Call:
    """Return a call of build with a saved model, its profile and a run that has some metrics.

    Args:
        tmp_path: Where everything is.
        asked: Blocks of model.yaml besides those of the smallest model.
        platform: Blocks of platform.yaml.
        files: The source files.
        saved: Files of the saved model.
        name: Folder of this call.
        run_id: The run; else one is opened.
        environ: Further variables.
    """
    made = call(tmp_path, spec({**MINIMAL, **(asked or {})}, platform, files), files=files, name=name, environ=environ)
    artifacts = {"model": saved or model(), "profile": {contract.PROFILE: profile_text(PROFILE).encode()}}
    for artifact, content in artifacts.items():
        for path, text in content.items():
            target = made.inputs / artifact / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text)
    if not run_id:
        registry = open_registry(made)
        run_id = registry.open(CODE, DATA, COMMIT, "commit").id
        registry.log(run_id, {}, {"accuracy": 0.96, "latencyP99Seconds": 0.001, "train_seconds": 2.0})
    given = {"run-id": run_id, "version": "1.2.0", "code-digest": CODE, "data-digest": DATA}
    return Call(made.spec, made.inputs, made.outputs, given, made.environ)
