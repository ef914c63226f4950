"""Which part of a graph runs, and from which earlier run the rest is taken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from local_flows import Manifest, dag, output, python, run, task, workflow, write

from mlops_charts.local.flow import read_flow
from mlops_charts.local.part import NoPast, NoStep, part_of
from mlops_charts.local.records import pasts, prune, read_past

ARTIFACT = {"artifacts": [{"name": "model", "path": "/outputs/model"}]}


def flow(when: str = "true", code: str = "import sys; print(sys.argv[1], open('/inputs/model').read())") -> Manifest:
    """Return guard -> train -> validate -> deploy, where validate reads of both ahead of it."""
    guard = python("guard", write("id", "7"), outputs=output("id"))
    train = python("train", "open('/outputs/model', 'w').write('m')", outputs=ARTIFACT)
    reads = {"parameters": [{"name": "id"}], "artifacts": [{"name": "model", "path": "/inputs/model"}]}
    validate = python("validate", code, inputs=reads)
    validate["container"]["args"] = ["{{inputs.parameters.id}}"]
    arguments = {
        "parameters": [{"name": "id", "value": "{{tasks.guard.outputs.parameters.id}}"}],
        "artifacts": [{"name": "model", "from": "{{tasks.train.outputs.artifacts.model}}"}],
    }
    graph = dag(
        task("guard"),
        task("train", after="guard"),
        task("validate", after="train", arguments=arguments, when=when),
        task("deploy", after="validate"),
    )
    return workflow(graph, guard, train, validate, python("deploy", ""))


def part(tmp_path: Path, first: str = "", last: str = "") -> Any:
    """Return the part of the flow for a folder with earlier runs."""
    state = tmp_path / "state"
    return part_of(read_flow([flow()]), pasts(state / "runs"), state / "artifacts", first, last)


def test_from_a_step_on(tmp_path: Path) -> None:
    """What is before is taken over with its outputs and artifacts, and does not run."""
    first = run(tmp_path, flow())
    done = run(tmp_path, flow(), part=part(tmp_path, "validate"))
    assert set(done.status.values()) == {"Succeeded"}
    assert [name for name, node in done.past.nodes.items() if node.reused] == ["guard", "train"]
    assert done.node("guard").note == f"of the run {first.past.uid}"
    assert done.text("validate") == "7 m\n"
    assert sorted(path.name for path in done.setting.logs.glob("*.out")) == ["deploy.out", "validate.out"]


def test_until_a_step(tmp_path: Path) -> None:
    """What is behind does not run, and the run has succeeded."""
    done = run(tmp_path, flow(), part=part(tmp_path, last="train"))
    assert done.status == {"guard": "Succeeded", "train": "Succeeded", "validate": "Omitted", "deploy": "Omitted"}
    assert (done.past.status, done.node("deploy").reason) == ("Succeeded", "--until train")


def test_from_and_until(tmp_path: Path) -> None:
    """Both together run one step; a run that stopped before it has what is needed."""
    run(tmp_path, flow(), part=part(tmp_path, last="train"))
    done = run(tmp_path, flow(), part=part(tmp_path, "validate", "validate"))
    ran = [name for name, node in done.past.nodes.items() if node.status == "Succeeded" and not node.reused]
    assert ran == ["validate"]


def test_a_run_that_failed_behind_serves(tmp_path: Path) -> None:
    """The newest run in which the earlier steps went well is taken, also if the step itself failed in it."""
    run(tmp_path, flow())
    failed = run(tmp_path, flow(code="raise SystemExit(1)"))
    assert failed.past.status == "Failed"
    taken = part(tmp_path, "validate").taken
    assert taken["train"].artifacts == {"model": f"flow/{failed.past.uid}/train/model"}


def test_a_run_in_which_the_step_was_not_to_run_does_not_serve(tmp_path: Path) -> None:
    """Taking its decisions would skip the very step that was asked for."""
    fine = run(tmp_path, flow())
    run(tmp_path, flow(when="false"))
    assert part(tmp_path, "validate").taken["train"].artifacts == {"model": f"flow/{fine.past.uid}/train/model"}


def test_from_the_first_step(tmp_path: Path) -> None:
    """That is everything, and needs no earlier run."""
    assert part(tmp_path, "guard") == part(tmp_path)


def test_no_earlier_run(tmp_path: Path) -> None:
    """Without one, or without its artifacts, the user is told what is missing."""
    message = "--from validate: no earlier run has everything of guard, train; run once without --from"
    with pytest.raises(NoPast) as caught:
        part(tmp_path, "validate")
    assert str(caught.value) == message
    done = run(tmp_path, flow())
    (done.setting.artifacts / done.node("train").artifacts["model"]).unlink()
    with pytest.raises(NoPast):
        part(tmp_path, "validate")


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("trian", "", 'no step "trian"; did you mean "train"? the steps of this model: guard, train, validate, deploy'),
        ("", "zzz", 'no step "zzz"; the steps of this model: guard, train, validate, deploy'),
        ("validate", "guard", "--until guard ends before --from validate begins"),
    ],
)
def test_steps_that_there_are_not(tmp_path: Path, first: str, last: str, message: str) -> None:
    """A misspelt step is told with the nearest; so is a part with nothing in it."""
    with pytest.raises(NoStep) as caught:
        part(tmp_path, first, last)
    assert str(caught.value) == message


def test_a_record_of_another_version_is_no_past(tmp_path: Path) -> None:
    """What cannot be read is passed over; fields that are new are ignored."""
    done = run(tmp_path, flow(), part=part(tmp_path, last="guard"))
    state = done.setting.folder / "state.json"
    state.write_text(state.read_text().replace('"refused"', '"unheard"'))
    assert read_past(done.setting.folder) == done.past
    whole = json.loads(state.read_text())
    wrong: tuple[dict[str, Any], ...] = (
        {"began": 5}, {"parameters": None}, {"nodes": [[]]}, {"nodes": [{"name": "guard", "artifacts": None}]},
        {"nodes": [{"name": "guard", "parameters": {"version": 1}}]},
    )  # fmt: skip
    for text in ("", "[]", "{}", '{"uid": 1}', "[" * 100_000, *(json.dumps(whole | change) for change in wrong)):
        state.write_text(text)
        assert read_past(done.setting.folder) is None
    assert pasts(tmp_path / "nowhere") == []
    assert replace(done.past, uid="x").uid == "x"


def test_old_runs_go(tmp_path: Path) -> None:
    """The newest few stay, and of the others the artifacts that those took over."""
    for _ in range(2):
        run(tmp_path, flow(), part=part(tmp_path, last="train"))
    last = run(tmp_path, flow(), part=part(tmp_path, "validate"))
    before = pasts(tmp_path / "state/runs")
    run(tmp_path, flow(), part=part(tmp_path, "validate"))
    prune(pasts(tmp_path / "state/runs"), tmp_path / "state/artifacts", 2)
    left = pasts(tmp_path / "state/runs")
    assert [past.uid for past in left[1:]] == [last.past.uid]
    model = last.node("train").artifacts["model"]
    assert model == before[1].nodes["train"].artifacts["model"]
    models = [path.relative_to(tmp_path / "state/artifacts").as_posix() for path in tmp_path.rglob("train/model")]
    assert models == [model]
