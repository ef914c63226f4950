"""Real MLflow on SQLite for tests, and calls of steps with the spec as the chart hands it to them."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline_plans import FILES, MINIMAL, objects_of, of_kind, plan_of

from mlops_charts.steps.asked import RunSpec, spec_of
from mlops_charts.steps.call import Call


def store(tmp_path: Path) -> str:
    """Return the tracking URI of an empty store in a folder, with artifacts beside it.

    Its tables are copied from a database that is made once on this machine, because MLflow takes seconds for them.
    """
    folder = tmp_path / "mlflow"
    folder.mkdir(parents=True)
    shutil.copyfile(_empty(), folder / "mlflow.db")
    return f"sqlite:///{folder / 'mlflow.db'}"


def _empty() -> Path:
    kept = Path(tempfile.gettempdir()) / f"mlops-charts-tests-{os.getuid()}"
    kept.mkdir(mode=0o700, exist_ok=True)
    made = kept / f"mlflow-{version('mlflow')}.db"
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            with tempfile.TemporaryDirectory(dir=kept) as scratch:
                _initialise(Path(scratch) / "mlflow.db")
                (Path(scratch) / "mlflow.db").replace(made)
    return made


def _initialise(path: Path) -> None:
    from mlops_charts.steps.mlflow_client import connect  # noqa: PLC0415 - MLflow takes seconds

    connect(f"sqlite:///{path}", {}).ask(lambda client: client.search_experiments())


def resolved(
    model: Mapping[str, Any] = MINIMAL,
    platform: Mapping[str, Any] | None = None,
    files: Mapping[str, bytes] = FILES,
    *,
    git: Path | None = None,
) -> dict[str, Any]:
    """Return the content of model.json, as the pipeline chart has it.

    Args:
        model: Plain data of a model.yaml.
        platform: Plain data of a platform.yaml.
        files: The model's source files.
        git: A local repository, as on a laptop.
    """
    maps = of_kind(objects_of(plan_of(model, platform, files)), "ConfigMap")
    (text,) = (one["data"]["model.json"] for one in maps.values() if "model.json" in one.get("data", {}))
    data: dict[str, Any] = json.loads(text)
    if git is not None:
        data["platform"]["git"]["url"] = str(git)
    return data


def spec(*arguments: Any, **named: Any) -> RunSpec:
    """Return the spec of a run; arguments are those of `resolved`."""
    return spec_of(resolved(*arguments, **named))


def call(
    tmp_path: Path,
    asked: RunSpec | None = None,
    *,
    files: Mapping[str, bytes] = FILES,
    name: str = "step",
    tracking_uri: str = "",
    environ: Mapping[str, str] | None = None,
    **parameters: str,
) -> Call:
    """Return a call of a step, with its source files in place and folders of its own below tmp_path.

    Args:
        tmp_path: Where everything is.
        asked: The spec; else that of the smallest model.
        files: The source files.
        name: Folder of this call, so that several calls of a test do not share one.
        tracking_uri: A store that exists; else `store(tmp_path)` is made, or used if it is there.
        environ: Further variables.
        parameters: Those of the step; `_` stands for `-`.
    """
    inputs, outputs = tmp_path / name / "inputs", tmp_path / name / "outputs"
    for path, content in files.items():
        target = inputs / "source" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    outputs.mkdir(parents=True, exist_ok=True)
    database = tmp_path / "mlflow" / "mlflow.db"
    uri = tracking_uri or (f"sqlite:///{database}" if database.exists() else store(tmp_path))
    given = {key.replace("_", "-"): text for key, text in parameters.items()}
    return Call(asked or spec(files=files), inputs, outputs, given, {"MLFLOW_TRACKING_URI": uri, **(environ or {})})
