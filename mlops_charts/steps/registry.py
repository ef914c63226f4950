"""What runs and versions there are: MLflow, in the words of steps.

One experiment a model, one run a pair of digests, one version a run. All that decides what runs next stands in tags; a
run's stage is written last by the step that reaches it. It must not know git, releases or how a version is numbered.
"""

from __future__ import annotations

import math
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mlops_charts import contract
from mlops_charts.steps.call import Call, Refused, Unavailable
from mlops_charts.steps.mlflow_client import Connection, beside, connect, unhurried
from mlops_charts.steps.registered import Run, Version, age, rank, run_of, version_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["TAG_TRIAL", "Registry", "Run", "Version", "model_folder", "open_registry", "registry_at"]

T = TypeVar("T")

TAG_TRIAL: Final = "mlops.trial"
_PARENT: Final = "mlflow.parentRunId"
_NAME: Final = "mlflow.runName"
_PAGE: Final = 1000
_PARAMS, _METRICS = 100, 1000  # the most that MLflow takes at once
_PAUSE: Final = 0.5  # seconds; longer than the other takes to claim the run that it has made
_EXISTS: Final = "RESOURCE_ALREADY_EXISTS"
_ABSENT: Final = "RESOURCE_DOES_NOT_EXIST"


@dataclass(frozen=True)
class Registry:
    """Runs and versions of one model.

    Every method raises Unavailable, in one line, where MLflow cannot be asked.

    Attributes:
        connection: How MLflow is asked.
        model: Name of the registered model and of the experiment.
        experiment: MLflow's id of the experiment.
    """

    connection: Connection
    model: str
    experiment: str

    def find(self, code: str, data: str = "") -> tuple[Run, ...]:
        """Return the claimed runs of a code, or of a code and data, newest first."""
        return tuple(run for run in self._of(code, data) if run.stage)

    def run(self, run_id: str) -> Run:
        """Return a run; Refused if none is named."""
        if not run_id:
            raise Refused("--run-id is missing: it names the run in MLflow that guard opens")
        return run_of(self._ask(lambda client: client.get_run(run_id)))

    def open(self, code: str, data: str, commit: str, trigger: str) -> Run:
        """Return the unfinished run of two digests, or a new one; two that ask at once get the same."""

        def unfinished() -> list[Run]:
            return [run for run in self._of(code, data) if not run.finished]

        tags = {
            contract.TAG_MODEL: self.model,
            contract.TAG_CODE: code,
            contract.TAG_DATA: data,
            contract.TAG_COMMIT: commit,
            contract.TAG_TRIGGER: trigger,
            _NAME: f"{code[:8]}-{data[:8]}",
        }
        chosen = self._settle(unfinished, tags)
        self.advance(chosen.id, contract.PROGRESS[0])
        return self.run(chosen.id)

    def tag(self, run_id: str, name: str, value: str) -> None:
        """Set a tag of a run."""
        self._ask(lambda client: client.set_tag(run_id, name, value))

    def advance(self, run_id: str, stage: str) -> None:
        """Say how far a run has come; never backwards."""
        if rank(stage) <= rank(self.run(run_id).stage):
            return
        self.tag(run_id, contract.TAG_STAGE, stage)
        if stage == contract.PROGRESS[-1]:
            self._ask(lambda client: client.set_terminated(run_id))

    def log(self, run_id: str, params: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """Log parameters and metrics of a run; the same again is fine, and a metric may change.

        Raises:
            Refused: A parameter was logged before with another value.
        """
        from mlflow.entities import Metric, Param  # noqa: PLC0415 - a second to load

        known = self.run(run_id)
        given = {_key(name): str(value) for name, value in params.items()}
        for name, value in given.items():
            if known.params.get(name, value) != value:
                raise Refused(f"the run {run_id} has {name} = {known.params[name]}, and now {name} = {value}")
        now = int(time.time() * 1000)
        new = [Param(name, value) for name, value in given.items() if name not in known.params]
        changed = [
            Metric(name, value, now, 0)
            for name, value in ((_key(name), float(value)) for name, value in metrics.items())
            if not _same(known.metrics.get(name), value)
        ]
        for start in range(0, len(new), _PARAMS):
            some = new[start : start + _PARAMS]
            self._ask(partial(_log, run_id=run_id, params=some))
        for start in range(0, len(changed), _METRICS):
            figures = changed[start : start + _METRICS]
            self._ask(partial(_log, run_id=run_id, metrics=figures))

    def child(self, run_id: str, key: str) -> Run:
        """Return the nested run of a trial, made if there is none."""
        tags = {_PARENT: run_id, TAG_TRIAL: key, _NAME: f"trial {key}"}
        return self._settle(lambda: self._search({_PARENT: run_id, TAG_TRIAL: key}), tags)

    def children(self, run_id: str) -> tuple[Run, ...]:
        """Return the trials of a run, in the order of their opening."""
        return tuple(sorted(self._search({_PARENT: run_id}), key=age))

    def put(self, run_id: str, folder: Path, name: str) -> None:
        """Upload a folder as the artifacts `<name>/` of a run; what was there before is replaced."""
        with unhurried():
            self._ask(lambda client: client.log_artifacts(run_id, str(folder), name))
        given = {f"{name}/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*") if path.is_file()}
        for stale in self._files(run_id, name) - given:
            self._ask(partial(self._delete, run_id, stale))

    def get(self, run_id: str, name: str, into: Path) -> Path | None:
        """Download the artifacts `<name>/` of a run; None if there are none."""
        if not self._files(run_id, name):
            return None
        into.mkdir(parents=True, exist_ok=True)
        with unhurried():
            return Path(self._ask(lambda client: client.download_artifacts(run_id, name, str(into))))

    def add(self, run_id: str, file: Path, name: str) -> None:
        """Upload a file as the artifact `<name>/<its name>` of a run, beside those that are there."""
        with unhurried():
            self._ask(lambda client: client.log_artifact(run_id, str(file), name))

    def read(self, run_id: str, path: str) -> bytes | None:
        """Return the content of one artifact of a run; None if there is none."""
        folder = str(PurePosixPath(path).parent)
        listed = self._ask(lambda client: client.list_artifacts(run_id, folder))
        if path not in {one.path for one in listed}:
            return None
        with unhurried(), tempfile.TemporaryDirectory() as scratch:
            return Path(self._ask(lambda client: client.download_artifacts(run_id, path, scratch))).read_bytes()

    def versions(self) -> tuple[Version, ...]:
        """Return all versions, in the order of their numbers."""
        asked = f"name='{self.model}'"
        found = self._pages(lambda client, token: client.search_model_versions(asked, _PAGE, page_token=token))
        pointing = self._ask(lambda client: client.get_registered_model(self.model)).aliases
        versions = (version_of(one, pointing) for one in found)
        return tuple(sorted(versions, key=lambda version: version.number))

    def champion(self) -> Version | None:
        """Return the version that the last environment has promoted; None before the first."""
        return next((one for one in self.versions() if contract.ALIAS_CHAMPION in one.aliases), None)

    def register(self, source: str, run_id: str, tags: Mapping[str, str]) -> Version:
        """Return a new version, whose tags it has from the first moment."""
        made = self._ask(
            lambda client: client.create_model_version(
                self.model, source, run_id, tags=dict(tags), await_creation_for=None
            )
        )
        return version_of(made, {})

    def describe(self, number: int, text: str) -> None:
        """Say in words what a version is."""
        self._ask(lambda client: client.update_model_version(self.model, str(number), text))

    def tag_version(self, number: int, name: str, value: str) -> None:
        """Set a tag of a version."""
        self._ask(lambda client: client.set_model_version_tag(self.model, str(number), name, value))

    def withdraw(self, number: int) -> None:
        """Delete a version that should not have come to be; that it is gone already is fine."""
        self._accept(_ABSENT, lambda client: client.delete_model_version(self.model, str(number)))

    def alias(self, name: str, number: int) -> None:
        """Let an alias point at a version."""
        self._ask(lambda client: client.set_registered_model_alias(self.model, name, str(number)))

    def model_tags(self) -> Mapping[str, str]:
        """Return the tags of the registered model."""
        return dict(self._ask(lambda client: client.get_registered_model(self.model)).tags)

    def tag_model(self, name: str, value: str) -> None:
        """Set a tag of the registered model."""
        self._ask(lambda client: client.set_registered_model_tag(self.model, name, value))

    def _ask(self, question: Callable[[MlflowClient], T]) -> T:
        return self.connection.ask(question)

    def _accept(self, code: str, question: Callable[[MlflowClient], Any]) -> None:
        self._ask(_accepting(code, question))

    def _of(self, code: str, data: str) -> list[Run]:
        return self._search({contract.TAG_CODE: code} | ({contract.TAG_DATA: data} if data else {}))

    def _search(self, tags: Mapping[str, str]) -> list[Run]:
        """Return the runs with these tags, newest first."""
        asked = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        experiments = [self.experiment]
        found = self._pages(
            lambda client, token: client.search_runs(experiments, asked, max_results=_PAGE, page_token=token)
        )
        return sorted(map(run_of, found), key=age, reverse=True)

    def _pages(self, question: Callable[[MlflowClient, str | None], Any]) -> list[Any]:
        found: list[Any] = []
        token: str | None = None
        while True:
            page = self._ask(partial(_with_token, question, token))
            found.extend(page)
            token = page.token
            if not token:
                return found

    def _settle(self, search: Callable[[], Sequence[Run]], tags: Mapping[str, str]) -> Run:
        """Return the oldest run that is found, or a new one; of two made at once, both callers keep the same.

        MLflow has no lock. Whoever sees a rival after making a run waits until the rival has said which one it took.
        """
        found, made = search(), None
        if not found:
            made = self._ask(lambda client: client.create_run(self.experiment, tags=dict(tags))).info.run_id
            found = search()
        if made and len(found) > 1:
            time.sleep(_PAUSE)
            found = search()
        chosen = min(found, key=lambda run: (not run.stage, *age(run)))
        if made and made != chosen.id:
            self._ask(lambda client: client.delete_run(made))
        return chosen

    def _delete(self, run_id: str, path: str, client: MlflowClient) -> None:
        from mlflow.store.artifact.artifact_repository_registry import (  # noqa: PLC0415 - a second to load
            get_artifact_repository,
        )

        address = client.get_run(run_id).info.artifact_uri
        get_artifact_repository(address, tracking_uri=self.connection.uri).delete_artifacts(path)

    def _files(self, run_id: str, name: str) -> set[str]:
        found: set[str] = set()
        for one in self._ask(lambda client: client.list_artifacts(run_id, name)):
            found |= self._files(run_id, one.path) if one.is_dir else {str(PurePosixPath(one.path))}
        return found


def open_registry(call: Call) -> Registry:
    """Return the runs and versions of the model of a call.

    Raises:
        Unavailable: MLflow cannot be reached, or is not installed.
    """
    uri = call.environ.get("MLFLOW_TRACKING_URI") or call.spec.platform.mlflow.tracking_uri
    connection = connect(uri, call.environ)
    model = call.spec.plan.registered_model
    connection.ask(_accepting(_EXISTS, lambda client: _register(client, model)))
    return Registry(connection, model, connection.ask(lambda client: _experiment(client, model, uri)))


def registry_at(uri: str, model: str, environ: Mapping[str, str]) -> Registry:
    """Return the runs and versions of a model that is there; nothing is made.

    Args:
        uri: The tracking URI; the variable MLFLOW_TRACKING_URI goes before it.
        model: The registered model.
        environ: Variables of the environment.

    Raises:
        Unavailable: MLflow cannot be reached, or is not installed.
    """
    connection = connect(environ.get("MLFLOW_TRACKING_URI") or uri, environ)
    found = connection.ask(lambda client: client.get_experiment_by_name(model))
    return Registry(connection, model, str(found.experiment_id) if found else "")


def model_folder(call: Call, registry: Registry, scratch: Path) -> Path:
    """Return the folder of the saved model: the artifact, or what the run has in MLflow where train was skipped.

    Args:
        call: The call of the step.
        registry: Where runs are.
        scratch: A folder for what must be downloaded.

    Raises:
        Unavailable: Neither is there.
    """
    if (folder := call.artifact("model")) is not None:
        return folder
    run_id = call.parameters.get("run-id", "")
    found = registry.get(run_id, contract.MODEL_ARTIFACTS, scratch) if run_id else None
    if found is None:
        raise Unavailable(f'there is no saved model: neither in {call.inputs / "model"} nor in the run "{run_id}"')
    return found


def _register(client: MlflowClient, model: str) -> None:
    if not client.search_registered_models(f"name='{model}'", max_results=1):
        client.create_registered_model(model)


def _experiment(client: MlflowClient, model: str, uri: str) -> str:
    found = client.get_experiment_by_name(model)
    if found is None:
        folder = beside(uri)
        location = (folder / model).as_uri() if folder else None
        _accepting(_EXISTS, lambda client: client.create_experiment(model, location))(client)
        found = client.get_experiment_by_name(model)
    if found is None or found.lifecycle_stage != "active":
        raise Unavailable(f"the experiment {model} is deleted in MLflow; restore it, or delete it for good")
    return str(found.experiment_id)


def _accepting(code: str, question: Callable[[MlflowClient], Any]) -> Callable[[MlflowClient], None]:
    """Return a question for which one answer of MLflow, such as that something exists already, is no failure."""

    def asked(client: MlflowClient) -> None:
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - a second to load

        try:
            question(client)
        except MlflowException as error:
            if error.error_code != code:
                raise

    return asked


def _key(name: str) -> str:
    """Return a name that MLflow takes."""
    return re.sub(r"[^\w\-./: ]", "_", name)


def _same(known: float | None, value: float) -> bool:
    return known is not None and (known == value or (math.isnan(known) and math.isnan(value)))


def _log(client: MlflowClient, run_id: str, **content: Any) -> None:
    client.log_batch(run_id, **content)


def _with_token(question: Callable[[MlflowClient, str | None], Any], token: str | None, client: MlflowClient) -> Any:
    return question(client, token)
