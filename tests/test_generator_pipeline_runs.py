"""Which steps run: what guard decides, and that each step asks for its stage alone."""

from __future__ import annotations

import pytest
from pipeline_plans import case, tasks_of

from mlops_charts import contract


def _run(action: str, resume_from: str = "none", *, image_missing: bool = False) -> list[str]:
    """Return the tasks whose condition holds for what guard decides, in their order."""
    stages = contract.stages(action, resume_from, image_missing=image_missing)
    said = {f"'{{{{tasks.guard.outputs.parameters.run-{stage}}}}}' == 'true'": runs for stage, runs in stages.items()}
    return [name for name, task in tasks_of(case("everything")).items() if "when" not in task or said[task["when"]]]


def test_training_runs_everything() -> None:
    """The environment image is built only if guard asks for it."""
    every = list(tasks_of(case("everything")))
    assert _run("train", image_missing=True) == every
    assert _run("train") == [name for name in every if name != "environment"]


_BUILT = ["build", "image", "scan", "sbom", "sign", "provenance", "notify", "deploy"]


@pytest.mark.parametrize(
    ("resume_from", "wanted"),
    [
        ("validate", ["validate", "fairness", "version", "monitor", *_BUILT]),
        ("version", ["version", "monitor", *_BUILT]),
        ("monitor", ["version", "monitor", *_BUILT]),
        ("build", ["version", *_BUILT]),
        ("deploy", ["notify", "deploy"]),
    ],
)
def test_a_run_goes_on_where_an_earlier_one_stopped(resume_from: str, wanted: list[str]) -> None:
    """What was done is not done again; the version is only looked up."""
    assert resume_from in contract.RESUME_FROM
    assert _run("resume", resume_from) == ["warmup", "guard", *wanted]


def test_a_release_only_deploys_and_nothing_is_nothing() -> None:
    """An older version is handed on in minutes; a run with nothing to do ends behind guard."""
    assert _run("release") == ["warmup", "guard", "notify", "deploy"]
    assert _run("nothing") == ["warmup", "guard"]


def test_every_decision_of_guard_has_a_row() -> None:
    """Each action stands in the table with each place to go on from, and only resuming has more than one."""
    places = {action: {place for one, place in contract.RUNS if one == action} for action in contract.ACTIONS}
    assert places == {
        "train": {"none"},
        "resume": {*contract.RESUME_FROM} - {"none"},
        "release": {"none"},
        "nothing": {"none"},
    }
    assert {stage for row in contract.RUNS.values() for stage in row} == {*contract.STAGES} - {"environment"}


@pytest.mark.parametrize(("action", "resume_from"), contract.RUNS)
def test_a_missing_image_is_built_only_for_stages_that_run_in_it(action: str, resume_from: str) -> None:
    """A run that only releases builds no environment, whatever the registry has lost."""
    running = contract.stages(action, resume_from, image_missing=True)
    assert running["environment"] == any(running[stage] for stage in contract.MODEL_CODE)
    assert not contract.stages(action, resume_from)["environment"]
