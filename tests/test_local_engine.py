"""The graph of a Workflow runs here as Argo runs it: order, conditions, defaults, fan-out, failures, exit handler."""

from __future__ import annotations

from pathlib import Path

import pytest
from local_flows import dag, output, python, run, task, workflow, write

from mlops_charts.local.flow import BrokenFlow
from mlops_charts.local.records import Node, pasts


def test_outputs_go_to_those_behind(tmp_path: Path) -> None:
    """A task gets the parameters of the run, and the outputs of those that it waits for."""
    first = python("first", write("found", "4\n"), outputs=output("found"))
    second = python("second", "import sys; print(*sys.argv[1:])")
    second |= {"inputs": {"parameters": [{"name": "found"}, {"name": "said"}]}}
    second["container"]["args"] = ["{{inputs.parameters.found}}", "{{inputs.parameters.said}}", "{{workflow.name}}"]
    given = [
        {"name": "found", "value": "{{tasks.first.outputs.parameters.found}}"},
        {"name": "said", "value": "{{workflow.parameters.word}}"},
    ]
    graph = dag(task("second", after="first", arguments={"parameters": given}), task("first"))
    asked = {"arguments": {"parameters": [{"name": "word", "value": "low"}]}}
    done = run(tmp_path, workflow(graph, first, second, **asked), parameters={"word": "high"})
    assert done.status == {"first": "Succeeded", "second": "Succeeded"}
    assert done.text("second") == "4 high flow\n"
    assert done.past.status == "Succeeded"


def test_a_skipped_task_has_its_defaults(tmp_path: Path) -> None:
    """A false condition skips; who reads the skipped task's outputs gets their defaults, and no artifact."""
    artifact = {"artifacts": [{"name": "model", "path": "/outputs/model"}]}
    first = python("first", "raise SystemExit(7)", outputs={**output("digest", "none"), **artifact})
    second = python("second", "import os, sys; print(sys.argv[1], os.path.exists('/inputs/model'))")
    second |= {
        "inputs": {"parameters": [{"name": "digest"}], "artifacts": [{"name": "model", "path": "/inputs/model"}]}
    }
    second["container"]["args"] = ["{{inputs.parameters.digest}}"]
    arguments = {
        "parameters": [{"name": "digest", "value": "{{tasks.first.outputs.parameters.digest}}"}],
        "artifacts": [{"name": "model", "from": "{{tasks.first.outputs.artifacts.model}}", "optional": True}],
    }
    graph = dag(task("first", when="'a' == 'b'"), task("second", after="first", arguments=arguments))
    done = run(tmp_path, workflow(graph, first, second))
    assert done.status == {"first": "Skipped", "second": "Succeeded"}
    assert done.node("first").reason == "when 'a' == 'b'"
    assert done.text("second") == "none False\n"


def test_what_a_skipped_task_lacks_is_an_error(tmp_path: Path) -> None:
    """Without a default the reader cannot run, and nobody behind it does."""
    first = python("first", "", outputs=output("digest"))
    second = python("second", "", inputs={"parameters": [{"name": "digest"}]})
    arguments = {"parameters": [{"name": "digest", "value": "{{tasks.first.outputs.parameters.digest}}"}]}
    graph = dag(
        task("first", when="false"),
        task("second", after="first", arguments=arguments),
        task("third", "first", "second"),
    )
    done = run(tmp_path, workflow(graph, first, second))
    assert done.status == {"first": "Skipped", "second": "Error", "third": "Omitted"}
    assert done.node("second").reason.startswith(
        "the task second, digest: {{tasks.first.outputs.parameters.digest}} names nothing"
    )


def test_artifacts_are_copies(tmp_path: Path) -> None:
    """A folder goes from step to step; what a step does to its copy changes nothing for the next."""
    made = "import os; os.makedirs('/outputs/model/a'); open('/outputs/model/a/b', 'w').write('x')"
    first = python("first", made, outputs={"artifacts": [{"name": "model", "path": "/outputs/model"}]})
    reads = {"inputs": {"artifacts": [{"name": "model", "path": "/inputs/model"}]}}
    code = "import sys; f = open('/inputs/model/a/b', 'r+'); print(f.read()); f.write('more')"
    arguments = {"artifacts": [{"name": "model", "from": "{{tasks.first.outputs.artifacts.model}}"}]}
    graph = dag(
        task("first"),
        task("one", "reads", "first", arguments=arguments),
        task("two", "reads", "one", arguments=arguments),
    )
    done = run(tmp_path, workflow(graph, first, python("reads", code, **reads)))
    assert [done.text(name) for name in ("one", "two")] == ["x\n", "x\n"]
    assert done.node("first").artifacts == {"model": f"flow/{done.past.uid}/first/model"}
    assert (done.setting.artifacts / done.node("first").artifacts["model"] / "a/b").read_text() == "x"


@pytest.mark.parametrize("optional", [True, False])
def test_an_artifact_that_was_not_written(tmp_path: Path, optional: bool) -> None:  # noqa: FBT001 - a case
    """It may be missing if its template says so; else the step has not done what it says it does."""
    artifact = {"name": "model", "path": "/outputs/model", **({"optional": True} if optional else {})}
    graph = dag(task("first"))
    done = run(tmp_path, workflow(graph, python("first", "", outputs={"artifacts": [artifact]})))
    assert done.status == {"first": "Succeeded" if optional else "Error"}
    wanted = "" if optional else "first ended well and wrote no /outputs/model, its artifact model"
    assert done.node("first").reason == wanted


def test_a_failure_keeps_the_rest_from_starting(tmp_path: Path) -> None:
    """What depends on a failed task is left out, and by default what does not depend on it and has not begun."""
    graph = dag(task("bad"), task("behind", "good", "bad"), task("slow", "good", "good"), task("good"))
    bad = python("bad", "raise SystemExit('error: no rows')")
    done = run(tmp_path, workflow(graph, bad, python("good", "import time; time.sleep(0.4)")))
    assert done.status == {"bad": "Failed", "behind": "Omitted", "good": "Succeeded", "slow": "Omitted"}
    assert done.node("bad").reason == "no rows"
    assert done.node("behind").reason == "bad did not succeed"
    assert done.past.status == "Failed"


def test_without_fail_fast_other_branches_go_on(tmp_path: Path) -> None:
    """failFast: false lets what does not depend on the failure run to its end."""
    graph = dag(task("bad"), task("slow", "good", "good"), task("good"))
    graph["dag"]["failFast"] = False
    done = run(tmp_path, workflow(graph, python("bad", "raise SystemExit(1)"), python("good", "")))
    assert done.status == {"bad": "Failed", "good": "Succeeded", "slow": "Succeeded"}
    assert done.past.status == "Failed"


def test_a_failure_can_be_borne(tmp_path: Path) -> None:
    """With continueOn those behind a failure run, and the Workflow succeeds."""
    graph = dag(task("bad", continueOn={"failed": True}), task("good", after="bad"))
    done = run(tmp_path, workflow(graph, python("bad", "raise SystemExit(1)"), python("good", "")))
    assert done.status == {"bad": "Failed", "good": "Succeeded"}
    assert done.past.status == "Succeeded"


@pytest.mark.parametrize(
    ("over", "seen"),
    [
        ({"withSequence": {"count": "3"}}, ["0", "1", "2"]),
        ({"withSequence": {"start": "3", "end": "1", "format": "n%02d"}}, ["n01", "n02", "n03"]),
        ({"withItems": ["a", 2]}, ["2", "a"]),
        ({"withParam": '["x", "y"]'}, ["x", "y"]),
        ({"withSequence": {"count": "0"}}, []),
    ],
)
def test_a_task_runs_for_each_item(tmp_path: Path, over: dict[str, object], seen: list[str]) -> None:
    """Sequences, items and lists: one pod each, and their outputs as a JSON list behind them."""
    one = python("one", "import sys; open('/outputs/got', 'w').write(sys.argv[1])", outputs=output("got"))
    one |= {"inputs": {"parameters": [{"name": "index"}]}}
    one["container"]["args"] = ["{{inputs.parameters.index}}"]
    graph = dag(task("one", arguments={"parameters": [{"name": "index", "value": "{{item}}"}]}, **over))
    done = run(tmp_path, workflow(graph, one))
    pods = [node for name, node in done.past.nodes.items() if "(" in name]
    assert sorted(node.parameters["got"] for node in pods) == seen
    assert done.status["one"] == "Succeeded"


def test_a_dag_inside_hands_on(tmp_path: Path) -> None:
    """A nested DAG has inputs, artifacts without a path, parallelism, and outputs of its own."""
    source = python("source", "open('/outputs/rows', 'w').write('7')")
    source |= {"outputs": {"artifacts": [{"name": "rows", "path": "/outputs/rows"}]}}
    trial = python("trial", "import sys; print(open('/inputs/rows').read(), sys.argv[1])")
    trial |= {"inputs": {"parameters": [{"name": "index"}], "artifacts": [{"name": "rows", "path": "/inputs/rows"}]}}
    trial["container"]["args"] = ["{{inputs.parameters.index}}"]
    last = python("last", write("best", "1"), outputs=output("best"))
    arguments = {
        "parameters": [{"name": "index", "value": "{{item}}"}],
        "artifacts": [{"name": "rows", "from": "{{inputs.artifacts.rows}}"}],
    }
    inner = {
        "name": "inner",
        "parallelism": 1,
        "inputs": {"artifacts": [{"name": "rows"}]},
        "outputs": {
            "parameters": [{"name": "best", "valueFrom": {"parameter": "{{tasks.last.outputs.parameters.best}}"}}]
        },
        "dag": {
            "tasks": [
                task("trial", withSequence={"count": "{{workflow.parameters.trials}}"}, arguments=arguments),
                task("last", after="trial"),
            ]
        },
    }
    handed = {"artifacts": [{"name": "rows", "from": "{{tasks.source.outputs.artifacts.rows}}"}]}
    graph = dag(task("source"), task("inner", after="source", arguments=handed))
    trials = {"arguments": {"parameters": [{"name": "trials", "value": 2}]}}
    done = run(tmp_path, workflow(graph, source, trial, last, inner, **trials))
    assert done.status["inner"] == "Succeeded"
    assert done.node("inner").parameters == {"best": "1"}
    assert [done.text(f"inner-trial-{index}") for index in (0, 1)] == ["7 0\n", "7 1\n"]
    first, second = (done.node(f"inner/trial({index})") for index in (0, 1))
    assert second.started >= first.started + first.seconds - 0.05


@pytest.mark.parametrize(("code", "status"), [("", "Succeeded"), ("raise SystemExit(3)", "Failed")])
def test_the_exit_handler_runs_at_the_end(tmp_path: Path, code: str, status: str) -> None:
    """What onExit names runs however the run ended, and knows how."""
    handler = python("handler", "import sys; print(sys.argv[1])")
    handler["container"]["args"] = ["{{workflow.status}}"]
    done = run(tmp_path, workflow(dag(task("one")), python("one", code), handler, onExit="handler"))
    assert done.text("onExit") == f"{status}\n"
    assert done.past.status == status


def test_an_exit_handler_that_fails_fails_the_run(tmp_path: Path) -> None:
    """As in Argo, the end of a run is a part of it."""
    bad = python("bad", "raise SystemExit(1)")
    done = run(tmp_path, workflow(dag(task("one")), python("one", ""), bad, onExit="bad"))
    assert (done.status, done.past.status) == ({"one": "Succeeded", "onExit": "Failed"}, "Failed")


def test_a_run_has_a_deadline(tmp_path: Path) -> None:
    """What takes longer than the Workflow may is stopped, and the exit handler still runs."""
    slow = python("slow", "import time; time.sleep(60)")
    flow = workflow(dag(task("slow")), slow, python("bye", ""), activeDeadlineSeconds=1, onExit="bye")
    done = run(tmp_path, flow)
    assert done.status == {"slow": "Stopped", "onExit": "Succeeded"}
    assert done.node("slow").reason == "the run took longer than 1 s"
    assert done.past.status == "Failed"


def test_an_entrypoint_may_be_a_container(tmp_path: Path) -> None:
    """Then the run is one pod, with the parameters of the run as its inputs."""
    one = python("one", "import sys; print(sys.argv[1])", inputs={"parameters": [{"name": "word"}]})
    one["container"]["args"] = ["{{inputs.parameters.word}}"]
    done = run(tmp_path, workflow(one, arguments={"parameters": [{"name": "word", "value": "low"}]}))
    assert (done.status, done.text("one")) == ({"one": "Succeeded"}, "low\n")


def test_tasks_that_wait_for_each_other(tmp_path: Path) -> None:
    """A cycle, or a dependency on nothing, is said before anything runs."""
    graph = dag(task("one", after="two"), task("two", "one", "one"))
    with pytest.raises(BrokenFlow, match="these tasks wait for each other"):
        run(tmp_path, workflow(graph, python("one", "")))


def test_the_record_is_on_the_disk(tmp_path: Path) -> None:
    """state.json tells afterwards what the run told while it went on; logs stay, folders of tasks go."""
    done = run(tmp_path, workflow(dag(task("one")), python("one", "print('hello')")))
    (past,) = pasts(done.setting.folder.parent)
    assert past == done.past
    assert [node.status for node in done.heard] == ["Running", "Succeeded"]
    assert not done.setting.tasks.exists()
    assert done.text("one") == "hello\n"


def test_folders_of_tasks_stay_if_asked_or_if_it_failed(tmp_path: Path) -> None:
    """--keep keeps them; so does a failure, for whoever looks for its reason."""
    fine = run(tmp_path / "a", workflow(dag(task("one")), python("one", "")), keep=True)
    bad = run(tmp_path / "b", workflow(dag(task("one")), python("one", "raise SystemExit(1)")))
    assert (fine.setting.tasks / "one/root/outputs").is_dir()
    assert (bad.setting.tasks / "one/root/outputs").is_dir()


def test_the_reason_of_a_decision_is_told(tmp_path: Path) -> None:
    """Where a step says in its result why it decides so, those that it keeps from running say the same."""
    code = "import json; open('/outputs/result.json', 'w').write(json.dumps({'reason': 'nothing changed'}));"
    first = python("first", code + write("go", "false"), outputs=output("go"))
    graph = dag(task("first"), task("second", after="first", when="'{{tasks.first.outputs.parameters.go}}' == 'true'"))
    done = run(tmp_path, workflow(graph, first, python("second", "")))
    assert done.node("second").reason == "first: nothing changed"


@pytest.mark.parametrize("often", [1, 9])
def test_whoever_is_told_may_go(tmp_path: Path, often: int) -> None:
    """What ends a run in the middle of its graph is one exception, never a group; nothing is left as running."""
    left = iter([*[True] * often, *[False] * 99])

    def told(node: Node) -> None:
        if node.name == "first" and next(left):
            raise BrokenPipeError

    graph = dag(task("first"), task("second"), task("third", after="first second"))
    steps = (python(name, "") for name in ("first", "second", "third"))
    with pytest.raises(BrokenPipeError):
        run(tmp_path, workflow(graph, *steps), told=told)
    (past,) = pasts(tmp_path / "state/runs")
    assert (past.status, {node.status for node in past.nodes.values()}) == ("Stopped", {"Stopped"})
