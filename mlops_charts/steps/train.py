"""Makes the model of the training rows, saves it, and writes down all that it follows from.

    divide the rows -> the entrypoint -> the saved model -> MLflow: parameters, figures, tags, the model's folder

The stage of the run is advanced last, so that a training that was killed half-way is done again.
"""

from __future__ import annotations

import json
import platform
import time
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from mlops_charts import contract
from mlops_charts.log import log
from mlops_charts.steps.call import Call, Result
from mlops_charts.steps.data import Divided, divided
from mlops_charts.steps.fitting import answers_of, fit, lists_of, saved
from mlops_charts.steps.registry import Registry, open_registry
from mlops_charts.steps.saving import Saved, save
from mlops_charts.steps.search import chosen_params
from mlops_charts.steps.user_code import context_of

ENVIRONMENT: Final = "environment"
"""Folder of the run's artifacts with the versions of Python and packages."""
_SCORED: Final = 10_000  # training rows; more would cost more than the figure is worth
_LONGEST: Final = 6000  # characters of a parameter that MLflow keeps


class Agreement(Result):
    """How what is stored and what training returned agree, on all rows of training and test.

    Attributes:
        rows: Rows that both answered; 0 where what training returned is stored as it is.
        differing: Rows with another label.
        difference: The largest difference of a probability, absolute, or of a value, relative.
    """

    rows: int
    differing: int
    difference: float


class TrainResult(Result):
    """What training made.

    Attributes:
        run_id: The run in MLflow.
        format: How the model is stored.
        rows: Rows that it learnt from.
        test_rows: Rows that judge it.
        columns: Features.
        agreement: How what is stored agrees with what training returned.
        seconds: What the entrypoint took, in seconds.
        metrics: Figures on training rows; they say nothing of how good it is on others.
        params: What the entrypoint was given.
        note: Why it is not stored in the form that would be better; empty if it is.
    """

    run_id: str
    format: str
    rows: int
    test_rows: int
    columns: int
    agreement: Agreement
    seconds: float
    metrics: dict[str, float]
    params: dict[str, Any]
    note: str = ""


def run(call: Call) -> TrainResult:
    """Train, save and write down a model.

    Raises:
        Refused: The rows are not what was said, or the model's code raised.
        Unavailable: MLflow or the rows cannot be reached.
    """
    registry = open_registry(call)  # ahead of hours of training
    rows = divided(call)
    context = context_of(call.spec, chosen_params(call))
    with call.making("model") as folder:
        started = time.monotonic()
        fitted = fit(call, rows.train, context)
        seconds = round(time.monotonic() - started, 3)
        log("trained", seconds=seconds, rows=len(rows.train.X))
        kept = save(fitted, rows.train, rows.test, call.spec, call.source, folder)
        metrics = _scores(call, rows, folder)
        run_id = _run_id(call, registry, rows)
        result = _result(rows, kept, run_id=run_id, seconds=seconds, metrics=metrics, params=dict(context.params))
        _write_down(call, registry, result, folder, rows)
    registry.advance(run_id, "trained")
    return result


def _result(rows: Divided, kept: Saved, **found: Any) -> TrainResult:
    return TrainResult(
        format=kept.format,
        rows=len(rows.train.X),
        test_rows=len(rows.test.X),
        columns=rows.train.X.shape[1],
        agreement=Agreement(rows=kept.rows, differing=kept.differing, difference=kept.difference),
        note=kept.note,
        **found,
    )


def _run_id(call: Call, registry: Registry, rows: Divided) -> str:
    """Return the run that guard opened; where the step runs alone, the unfinished one of its digests or a new one."""
    given = call.parameters.get("run-id", "")
    if given:
        return given
    code = call.parameters.get("code-digest") or call.spec.plan.code_digest
    return registry.open(code, rows.digest, call.parameters.get("git-commit", ""), "commit").id


def _scores(call: Call, rows: Divided, folder: Path) -> dict[str, float]:
    """Return the task's metrics on training rows, of what was saved; none where the task has none."""
    from mlops_charts.steps.judging.metrics import compute_metrics  # noqa: PLC0415 - it loads numpy

    some = rows.train.take(slice(_SCORED))
    model = saved(call, folder)
    task, classes = call.spec.model.training.task, model.signature.classes
    found = compute_metrics(task, some.y, answers_of(model, some), classes, lists_of(call.spec, some))
    return {f"train_{name}": value for name, value in found.items()}


def _write_down(call: Call, registry: Registry, result: TrainResult, folder: Path, rows: Divided) -> None:
    figures = {
        "train_rows": result.rows,
        "test_rows": result.test_rows,
        "columns": result.columns,
        "train_seconds": result.seconds,
        **result.metrics,
    }
    params = {"seed": call.spec.model.training.seed} | {name: _text(value) for name, value in result.params.items()}
    registry.log(result.run_id, params, figures)
    tags = {
        contract.TAG_MODEL: call.spec.plan.registered_model,
        contract.TAG_CODE: call.parameters.get("code-digest", ""),
        contract.TAG_DATA: rows.digest,
        contract.TAG_COMMIT: call.parameters.get("git-commit", ""),
        "mlops.format": result.format,
        "mlops.python": platform.python_version(),
    }
    for name, value in tags.items():
        if value:
            registry.tag(result.run_id, name, value)
    registry.put(result.run_id, folder, contract.MODEL_ARTIFACTS)
    with TemporaryDirectory() as scratch:
        versions = json.dumps(environment(), indent=2, sort_keys=True) + "\n"
        Path(scratch, "environment.json").write_text(versions, encoding="utf-8")
        registry.put(result.run_id, Path(scratch), ENVIRONMENT)


def environment() -> dict[str, Any]:
    """Return what a training ran in: Python, the machine, and the version of each package."""
    packages = {one.metadata["Name"]: one.version for one in distributions() if one.metadata["Name"]}
    return {"python": platform.python_version(), "machine": platform.machine(), "packages": packages}


def _text(value: Any) -> str:
    return str(value)[:_LONGEST]
