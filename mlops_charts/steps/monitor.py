"""Writes down what is normal: the reference profile that drift is measured against, and the figures of the run.

Features are profiled on the training split, predictions on the answers to the test split, which the model has not
learnt. The figures go to the Pushgateway if the platform names one; if that fails, the run goes on.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from mlops_charts import contract
from mlops_charts.log import log
from mlops_charts.saved_model import BrokenModel, SavedModel
from mlops_charts.saved_model.profile import Profile, profile_text
from mlops_charts.steps.call import Call, Refused, Result, Unavailable
from mlops_charts.steps.context import write_files
from mlops_charts.steps.data import Divided, divided
from mlops_charts.steps.fitting import answers_of, saved
from mlops_charts.steps.profile import features_of, prediction_bins
from mlops_charts.steps.pushing import NotPushedError, Sample, push
from mlops_charts.steps.registry import Registry, Run, model_folder, open_registry
from mlops_charts.steps.rows import rows_of

Pushed = Literal["none", "yes", "failed"]
_ROWS: Final = ("mlops_model_rows", "Rows that the model learnt from, and that judge it.")
_METRIC: Final = ("mlops_model_metric", "What the model achieves, as its run in MLflow has it.")
_SECONDS: Final = ("mlops_pipeline_step_seconds", "Seconds that steps of the last run took.")
_SINCE: Final = ("mlops_pipeline_run_started_timestamp_seconds", "When the last run was opened, in Unix time.")
_STEP_SUFFIX: Final = "_seconds"


class MonitorResult(Result):
    """What was written down.

    Attributes:
        rows: Training rows that the features are profiled on.
        prediction_rows: Test rows that the predictions are profiled on.
        features: Features that are watched.
        seconds: What the step took, in seconds.
        pushed: Whether figures went to a Pushgateway; none if the platform names none.
        note: Why they did not, if they did not.
    """

    rows: int
    prediction_rows: int
    features: int
    seconds: float
    pushed: Pushed
    note: str = ""


def run(call: Call) -> MonitorResult:
    """Profile the model, keep the profile with the run and beside the model, and push the figures.

    Raises:
        Refused: A feature that is to be watched is none, or the rows are not those that trained the model.
        Unavailable: The rows, the model or MLflow cannot be reached.
    """
    started, registry = time.monotonic(), open_registry(call)
    made, rows = registry.run(call.parameters["run-id"]), divided(call)
    with TemporaryDirectory() as scratch:
        profile = _profile(call, _model(call, registry, Path(scratch)), rows)
    _keep(call, registry, made, profile)
    seconds = round(time.monotonic() - started, 3)
    pushed, note = _push(call, made, profile, seconds)
    registry.advance(made.id, "monitored")
    log("profiled", rows=profile.rows, features=len(profile.features), seconds=seconds, pushed=pushed)
    return MonitorResult(
        rows=profile.rows,
        prediction_rows=profile.prediction_rows,
        features=len(profile.features),
        seconds=seconds,
        pushed=pushed,
        note=note,
    )


def _model(call: Call, registry: Registry, scratch: Path) -> SavedModel:
    try:
        return saved(call, model_folder(call, registry, scratch))
    except BrokenModel as error:
        raise Unavailable(f"the saved model cannot be loaded: {error}") from None


def _profile(call: Call, model: SavedModel, rows: Divided) -> Profile:
    watched = call.spec.model.monitoring.drift.features
    try:
        features = features_of(model.signature, watched, rows_of(rows.train.X, model.signature))
    except KeyError as error:
        known = ", ".join(column.name for column in model.signature.inputs)
        message = f"monitoring.drift.features: {error.args[0]} is no feature of the model; it has {known}"
        raise Refused(message) from None
    return Profile(
        rows=len(rows.train.X),
        features=features,
        prediction_rows=len(rows.test.X),
        predictions=prediction_bins(model.signature, answers_of(model, rows.test)),
    )


def _keep(call: Call, registry: Registry, made: Run, profile: Profile) -> None:
    """Make the artifact, and put the profile with the run by itself and into the folder of the model."""
    with call.making("profile") as folder:
        write_files(folder, {contract.PROFILE: profile_text(profile).encode()})
    folder = call.outputs / "profile"
    registry.put(made.id, folder, contract.PROFILE_ARTIFACTS)
    beside, path = contract.MODEL_ARTIFACTS, str(folder / contract.PROFILE)
    registry.connection.ask(lambda client: client.log_artifact(made.id, path, beside))


def _push(call: Call, made: Run, profile: Profile, seconds: float) -> tuple[Pushed, str]:
    url = call.environ.get(contract.PUSHGATEWAY, "")
    if not url:
        return "none", ""
    try:
        push(url, call.spec.name, _samples(made, profile, seconds))
    except NotPushedError as error:
        log("warning: figures were not pushed", reason=str(error))
        return "failed", str(error)
    return "yes", ""


def _samples(made: Run, profile: Profile, seconds: float) -> Iterator[Sample]:
    yield *_ROWS, {"split": "train"}, profile.rows
    yield *_ROWS, {"split": "test"}, profile.prediction_rows
    for name, achieved in sorted(made.metrics.items()):
        if not name.endswith(_STEP_SUFFIX):
            yield *_METRIC, {"metric": name}, achieved
    for name, took in sorted(made.metrics.items()):
        if name.endswith(_STEP_SUFFIX):
            yield *_SECONDS, {"step": name.removesuffix(_STEP_SUFFIX)}, took
    yield *_SECONDS, {"step": "monitor"}, seconds
    yield *_SINCE, {}, made.started / 1000
