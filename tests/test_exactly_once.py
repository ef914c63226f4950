"""Every cell of the table that says what a run does, with real runs, a real registry and a real repository."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from pipeline_runs import PLATFORM, PROD, Pipeline, copied
from repositories import ROOT, git

from mlops_charts.release import Identity, nothing_released
from mlops_charts.release.start import flying_version, stable_version, start

TRIGGERS = ("commit", "schedule", "drift")
LATER = ("schedule", "drift")
ALWAYS = {"from": "2020-01-01T00:00:00Z", "to": "2120-01-01T00:00:00Z"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline that has trained once: version 1.0.0 is stable in the first environment."""
    pipeline = Pipeline(tmp_path_factory.mktemp("made"))
    pipeline.run()
    pipeline.settle()
    return pipeline.root


@pytest.fixture
def pipeline(made: Path, tmp_path: Path) -> Pipeline:
    """A copy of it."""
    return copied(made, tmp_path)


@pytest.fixture(scope="module")
def edited(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline whose other code was trained and validated, and has no version yet."""
    pipeline = copied(made, tmp_path_factory.mktemp("edited"))
    pipeline.code = 2
    pipeline.run(until="validate")
    return pipeline.root


@pytest.fixture
def validated(edited: Path, tmp_path: Path) -> Pipeline:
    """A copy of that."""
    pipeline = copied(edited, tmp_path)
    pipeline.code = 2
    return pipeline


def newest_run(pipeline: Pipeline) -> str:
    """Return the newest run of the code."""
    return pipeline.registry.find(pipeline.code_digest)[0].id


def decided(found: Any) -> tuple[str, str, str]:
    """Return what guard has decided: action, where to go on, version."""
    return found.action, found.resume_from, found.version


def rejecting(pipeline: Pipeline, version: str, path: str) -> None:
    """Let the release commands roll a version back and reject it, so that nothing is stable."""
    pipeline.put(nothing_released().model_copy(update={"rejected": ({"version": version},)}), path)


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_an_empty_registry_trains(tmp_path: Path, trigger: str) -> None:
    """Nothing is held: train, and the run is open from then on."""
    pipeline = Pipeline(tmp_path)
    found = pipeline.guard(trigger)
    assert decided(found) == ("train", "none", "")
    assert found.stages == ("train", "validate", "version", "monitor", "build", "deploy")
    assert [run.id for run in pipeline.registry.find(pipeline.code_digest)] == [found.run_id]
    assert found.git_commit == git(pipeline.server, "rev-parse", "main").strip()


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_other_code_trains(pipeline: Pipeline, trigger: str) -> None:
    """Of this code nothing is held, whatever is held of other code."""
    pipeline.code = 2
    found = pipeline.guard(trigger)
    assert (decided(found), found.reason) == (("train", "none", ""), "training: nothing has come of this code yet")


def test_both_finished_and_stable_is_nothing(pipeline: Pipeline) -> None:
    """Whatever has started the run; and guard says why in words."""
    for trigger in TRIGGERS:
        found = pipeline.guard(trigger)
        assert (decided(found), found.stages) == (("nothing", "none", "1.0.0"), ())
        assert found.reason.startswith("nothing to train: version 1.0.0 has this code and these data")
    assert pipeline.guard().reason.endswith(", and is stable in staging")


def test_both_finished_and_in_flight_is_nothing(pipeline: Pipeline) -> None:
    """A release that is on its way is not started again, also not where it has come to the second environment."""
    identity = Identity(version="1.0.0", image="a:1", run_id="r", code_digest="c", data_digest="d")
    flying = start(nothing_released(), identity, ingress="gatewayApi", policy={}, at="", approval=False)
    pipeline.put(nothing_released())
    pipeline.put(flying, PROD)
    found = pipeline.guard()
    assert decided(found) == ("nothing", "none", "1.0.0")
    assert found.reason.endswith(", and is in flight in prod (warming)")


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_what_was_rejected_is_not_released_again(pipeline: Pipeline, trigger: str, environment: str) -> None:
    """A rejection in any environment counts, until a person lifts it."""
    pipeline.put(nothing_released())
    path = PROD.replace("prod", environment)
    rejecting(pipeline, "1.0.0", path)
    found = pipeline.guard(trigger)
    assert decided(found) == ("nothing", "none", "1.0.0")
    if trigger == "commit":
        assert found.reason.endswith(f", and was rejected in {environment}")
        pipeline.put(nothing_released(), path)
        assert decided(pipeline.guard()) == ("release", "none", "1.0.0")


def test_both_finished_and_not_stable_is_released_from_a_commit_alone(pipeline: Pipeline) -> None:
    """A revert brings the version back without training; the schedule never does."""
    pipeline.put(nothing_released())
    for trigger in LATER:
        assert decided(pipeline.guard(trigger)) == ("nothing", "none", "1.0.0")
    found = pipeline.run()
    assert (decided(found), found.stages) == (("release", "none", "1.0.0"), ("deploy",))
    assert flying_version(pipeline.state()) == "1.0.0"


def test_other_data_train_on_schedule_alone(pipeline: Pipeline) -> None:
    """A commit releases what there is of its code, and leaves training on new data to the schedule."""
    pipeline.data = 2
    found = pipeline.guard()
    assert decided(found) == ("nothing", "none", "1.0.0")
    assert "a commit does not train it on other data, and is stable in staging" in found.reason
    pipeline.put(nothing_released())
    assert decided(pipeline.guard()) == ("release", "none", "1.0.0")
    found = pipeline.guard("drift")
    assert decided(found) == ("train", "none", "")
    assert found.reason == "training: the data are others than those of version 1.0.0 of this code"


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_other_data_train_where_the_code_has_no_finished_version(pipeline: Pipeline, trigger: str) -> None:
    """What another run of the same code has begun is not that of these data."""
    pipeline.code = 2
    other = pipeline.guard("schedule")
    pipeline.data = 2
    found = pipeline.guard(trigger)
    assert decided(found) == ("train", "none", "")
    assert found.run_id != other.run_id


def test_an_unfinished_run_goes_on_from_where_it_stopped(pipeline: Pipeline) -> None:
    """Whatever has started it; it stays one run, and becomes one version."""
    pipeline.code = 2
    first = pipeline.guard()
    walk = (
        (None, "none"), ("train", "validate"), ("validate", "version"), ("version", "monitor"), ("monitor", "build"),
    )  # fmt: skip
    for stage, resumed in walk:
        if stage:
            pipeline.run(until=stage)
        for trigger in TRIGGERS:
            found = pipeline.guard(trigger)
            expected = "train" if resumed == "none" else "resume"
            assert (found.action, found.resume_from, found.run_id) == (expected, resumed, first.run_id)
    pipeline.platform = {"environments": {"staging": {"freeze": [ALWAYS]}, "prod": {}}}
    assert decided(pipeline.run()) == ("resume", "build", "1.1.0")
    assert [decided(pipeline.guard(trigger)) for trigger in TRIGGERS] == [("resume", "deploy", "1.1.0")] * 3
    pipeline.platform = PLATFORM
    assert pipeline.run().stages == ("deploy",)
    assert pipeline.state().green.image == "ghcr.io/acme/iris:1.1.0"
    assert [version.version for version in pipeline.registry.versions()] == ["1.0.0", "1.1.0"]
    assert decided(pipeline.guard()) == ("nothing", "none", "1.1.0")


def test_the_life_of_a_model(pipeline: Pipeline) -> None:
    """An edit is 1.1.0, other data on schedule 1.1.1, and a revert hands 1.0.0 on without training."""
    pipeline.code = 2
    assert pipeline.run().action == "train"
    assert (stable_version(pipeline.state()), flying_version(pipeline.state())) == ("1.0.0", "1.1.0")
    pipeline.settle()
    pipeline.data = 2
    assert pipeline.run("schedule").action == "train"
    pipeline.settle()
    pipeline.code, pipeline.data = 1, 1
    assert decided(pipeline.run()) == ("release", "none", "1.0.0")
    assert (stable_version(pipeline.state()), flying_version(pipeline.state())) == ("1.1.1", "1.0.0")
    versions = pipeline.registry.versions()
    assert [(one.number, one.version) for one in versions] == [(1, "1.0.0"), (2, "1.1.0"), (3, "1.1.1")]
    assert [one.version for one in versions if "challenger" in one.aliases] == ["1.1.1"]
    assert [decided(pipeline.run(trigger))[0] for trigger in TRIGGERS] == ["nothing"] * 3


def test_a_version_that_somebody_deleted_is_trained_anew(pipeline: Pipeline) -> None:
    """Its run is finished and its version gone; the number does not come back."""
    pipeline.registry.withdraw(1)
    assert pipeline.run().action == "train"
    assert [(one.number, one.version) for one in pipeline.registry.versions()] == [(2, "1.0.1")]


def at_once(first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
    """Return what two calls give that start at the same moment."""
    gate = Barrier(2)

    def one(function: Callable[[], Any]) -> Any:
        gate.wait()
        return function()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, (first, second)))


def test_two_guards_at_once_open_one_run(pipeline: Pipeline) -> None:
    """Both hand on the same run, and a third goes on with it."""
    pipeline.code = 2
    found = at_once(pipeline.guard, pipeline.guard)
    third = pipeline.guard()
    assert {one.run_id for one in found} == {third.run_id}
    assert [run.id for run in pipeline.registry.find(pipeline.code_digest)] == [third.run_id]


def test_one_run_that_is_versioned_twice_at_once_has_one_version(validated: Pipeline) -> None:
    """Both say the same, and nothing is left of the other."""
    run = newest_run(validated)

    def version() -> str:
        return str(validated.step("version", run_id=run)[0].version)

    assert at_once(version, version) == ["1.1.0", "1.1.0"]
    assert [one.version for one in validated.registry.versions()] == ["1.0.0", "1.1.0"]


_PROCESS = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from pipeline_runs import Pipeline
pipeline = Pipeline(Path({root!r}), code={code})
{before}
pipeline.calls = iter(range({code} * 100, {code} * 100 + 99))
print(pipeline.step("version", run_id={run!r})[0].version)
"""


def versioning(pipeline: Pipeline, code: int, run_id: str, before: str = "") -> subprocess.Popen[str]:
    """Start the version step as a process."""
    text = _PROCESS.format(tests=str(ROOT / "tests"), root=str(pipeline.root), code=code, run=run_id, before=before)
    command = [sys.executable, "-c", text]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_runs_that_are_versioned_at_once_have_two_versions(validated: Pipeline) -> None:
    """Two processes, two runs, no number twice, and the alias points at the higher."""
    runs = {2: newest_run(validated)}
    validated.code = 3
    runs[3] = validated.run(until="validate").run_id
    both = [versioning(validated, code, run) for code, run in runs.items()]
    said = [process.communicate()[0].split()[-1] for process in both]
    versions = validated.registry.versions()
    assert sorted(said) == ["1.1.0", "1.2.0"]
    assert [(one.number, one.version) for one in versions] == [(1, "1.0.0"), (2, "1.1.0"), (3, "1.2.0")]
    assert [one.number for one in versions if "challenger" in one.aliases] == [3]
    assert [validated.registry.run(one.run_id).version for one in versions] == ["1.0.0", "1.1.0", "1.2.0"]


_KILLED = """
import os, signal
from mlflow import MlflowClient
MlflowClient.{call} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("call", ["update_model_version", "set_model_version_tag", "set_registered_model_alias"])
def test_killed_between_registering_and_tagging_it_stays_one_version(validated: Pipeline, call: str) -> None:
    """The registry has the version without a number; who comes next numbers it, and another run counts on from it."""
    pipeline, run = validated, newest_run(validated)
    killed = versioning(pipeline, 2, run, _KILLED.format(call=call))
    killed.communicate()
    assert killed.returncode == -9
    assert [one.number for one in pipeline.registry.versions()] == [1, 2]
    pipeline.data = 2
    other = pipeline.run("schedule", until="version")
    pipeline.data = 1
    assert decided(pipeline.guard()) == ("resume", "version", "")
    pipeline.run()
    versions = pipeline.registry.versions()
    assert [(one.number, one.version) for one in versions] == [(1, "1.0.0"), (2, "1.1.0"), (3, "1.1.1")]
    assert [one.run_id for one in versions[1:]] == [run, other.run_id]
    assert [one.number for one in versions if "challenger" in one.aliases] == [3]
