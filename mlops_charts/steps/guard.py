"""Decides what a run does: train, go on, release what there is, or nothing; and finds what the other steps start from.

It holds a credential of git, so it runs none of the model's code.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from mlops_charts import contract
from mlops_charts.log import log
from mlops_charts.registry import Registries, RegistryError, Unknown, docker_logins
from mlops_charts.steps.call import Call, Refused, Result
from mlops_charts.steps.context import environment_context
from mlops_charts.steps.data import data_digest
from mlops_charts.steps.deciding import RESUME, Decision, Held, decide
from mlops_charts.steps.identity import is_local
from mlops_charts.steps.registry import Run, open_registry
from mlops_charts.steps.released import in_git


class GuardResult(Result):
    """What runs, and why.

    Attributes:
        action: train, resume, release or nothing.
        resume_from: The step that the run goes on with; none unless the action is resume.
        reason: Why, in words.
        trigger: What has started the run: commit, schedule or drift.
        code_digest: SHA-256 of the code, in hexadecimal.
        data_digest: SHA-256 of the data, in hexadecimal.
        run_id: The run in MLflow, opened or found; empty if there is none.
        version: The version that is released or that leaves nothing to do; empty if there is none.
        git_commit: The commit that brought the code; empty if git has none.
        stages: Those that run.
    """

    action: str
    resume_from: str
    reason: str
    trigger: str
    code_digest: str
    data_digest: str
    run_id: str
    version: str
    git_commit: str
    stages: tuple[str, ...]


@dataclass(frozen=True)
class _Going:
    action: str
    resume_from: str
    reason: str
    run_id: str
    version: str

    @property
    def running(self) -> tuple[str, ...]:
        return contract.RUNS[self.action, self.resume_from]


def run(call: Call) -> GuardResult:
    """Decide what runs, and write what the other steps start from.

    Raises:
        Refused: The data are not there, or a release file is none.
        Unavailable: Git, MLflow or the storage cannot be reached.
    """
    trigger = call.parameters.get("trigger") or contract.TRIGGERS[0]
    if trigger not in contract.TRIGGERS:
        raise Refused(f'--trigger is "{trigger}"; one of {", ".join(contract.TRIGGERS)} starts a run')
    code = call.parameters.get("code-digest") or call.spec.plan.code_digest
    with call.making("source") as folder:
        _copy(call.source, folder)
    data = data_digest(call)
    registry = open_registry(call)
    commit, released = in_git(call)
    decision = decide(Held(registry.find(code), registry.versions()), released, data, trigger)
    going = _going(decision, lambda: registry.open(code, data, commit, trigger))
    running = _write(call, going, data, commit)
    log(going.reason, action=going.action, resume_from=going.resume_from, run=going.run_id, version=going.version)
    return GuardResult(
        **asdict(going), trigger=trigger, code_digest=code, data_digest=data, git_commit=commit, stages=running
    )


def _going(decision: Decision, open_run: Callable[[], Run]) -> _Going:
    """Return what runs, with the run that it runs for: opened only where something trains or goes on."""
    if (version := decision.version) is not None:
        return _Going(decision.action, "none", decision.reason, version.run_id, version.version)
    opened = open_run()
    resume = RESUME[opened.stage]
    if resume == "none":
        return _Going("train", resume, decision.reason, opened.id, "")
    reason = f"going on with {resume}: the run {opened.id} of this code and these data is {opened.stage}"
    return _Going("resume", resume, reason, opened.id, opened.version)


def _write(call: Call, going: _Going, data: str, commit: str) -> tuple[str, ...]:
    """Write all outputs, and return the stages that run."""
    missing = bool(contract.MODEL_CODE.intersection(going.running)) and _image_missing(call)
    stages = contract.stages(going.action, going.resume_from, image_missing=missing)
    if stages["environment"]:
        with call.making("environment-context") as folder:
            environment_context(call.spec, call.outputs / "source", folder)
    flags = {f"run-{stage}": str(runs).lower() for stage, runs in stages.items()}
    known = {"data-digest": data, "run-id": going.run_id, "version": going.version, "git-commit": commit}
    for name, text in {"action": going.action, **flags, **known}.items():
        call.write(name, text)
    return tuple(stage for stage, runs in stages.items() if runs)


def _image_missing(call: Call) -> bool:
    """Return whether the environment image must be built; where the registry does not say, it is."""
    image = call.spec.plan.images.environment
    if not image or is_local(call):
        return bool(image)
    folder = call.environ.get("DOCKER_CONFIG")
    name, _, tag = image.rpartition(":")
    try:
        digest = Registries(logins=docker_logins(Path(folder)) if folder else {}).digest(name, tag)
    except Unknown:
        return True
    except RegistryError as error:
        log("the registry does not say whether the environment image exists, so it is built", why=str(error))
        return True
    log("the environment image exists", image=image, digest=digest)
    return False


def _copy(mounted: Path, folder: Path) -> None:
    """Copy the source files as files; a ConfigMap's mount is made of links, and of folders that begin with two dots."""
    root = mounted.resolve()
    for entry in sorted(mounted.iterdir()):
        if entry.name.startswith(".."):
            continue
        if not entry.resolve().is_relative_to(root):
            raise Refused(f"{entry.name} is a link that leads out of the source files")
        if entry.is_dir():
            shutil.copytree(entry, folder / entry.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif entry.is_file():
            shutil.copyfile(entry, folder / entry.name)
