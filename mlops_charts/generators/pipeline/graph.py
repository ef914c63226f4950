"""The DAG: which step waits for which, when it runs, and who hands it what."""

from __future__ import annotations

from typing import Any, Final

from mlops_charts import contract
from mlops_charts.generators.pipeline import storage
from mlops_charts.generators.pipeline.interfaces import extra_steps, groups, interface, wiring
from mlops_charts.planning import Plan

GRAPH: Final = "pipeline"
TRIALS: Final = "trials"

_GUARD: Final = "{{tasks.guard.outputs.parameters.%s}}"
_SOURCES: Final = {
    "trigger": "{{workflow.parameters.trigger}}",
    "code-digest": "{{workflow.parameters.code-digest}}",
    "known-version": _GUARD % "version",
    "version": "{{tasks.version.outputs.parameters.version}}",
    "image": "{{tasks.build.outputs.parameters.image}}",
    "image-digest": "{{tasks.image.outputs.parameters.image-digest}}",
    "index": "{{item}}",
}
# The stage of each step that is no stage itself; a step of the user's belongs to that of its neighbour.
_STAGES: Final = {
    **{stage: stage for stage in contract.STAGES},
    **dict.fromkeys(("trial", "search"), "train"),
    **dict.fromkeys(("image", "scan", "sbom", "sign", "provenance"), "build"),
}


def graph(plan: Plan) -> dict[str, Any]:
    """Return the entrypoint: a DAG of the steps, each row after the one before."""
    tasks: list[dict[str, Any]] = []
    before: tuple[str, ...] = ()
    for row in groups(plan.pipeline.steps):
        for step in row:
            if step == "search":
                tasks.append(_task(plan, TRIALS, before, "trial"))
                before = (TRIALS,)
            tasks.append(_task(plan, step, before, step))
        before = row
    return {"name": GRAPH, "dag": {"tasks": tasks}}


def trials(plan: Plan) -> dict[str, Any]:
    """Return the template that runs the trials of a search, some at a time."""
    search = plan.spec.training.search
    if search is None:
        raise ValueError("there is no search")
    names = [name for name in interface(plan, "trial").parameters_in if name != "index"]
    handed = [{"name": name, "value": f"{{{{inputs.parameters.{name}}}}}"} for name in names]
    return {
        "name": TRIALS,
        "parallelism": search.parallel,
        "inputs": {"parameters": [{"name": name} for name in names], "artifacts": [{"name": "source"}]},
        "dag": {
            "tasks": [
                {
                    "name": "trial",
                    "template": "trial",
                    "withSequence": {"count": str(search.trials)},
                    "arguments": {
                        "parameters": [{"name": "index", "value": _SOURCES["index"]}, *handed],
                        "artifacts": [{"name": "source", "from": "{{inputs.artifacts.source}}"}],
                    },
                }
            ]
        },
    }


def condition(plan: Plan, step: str) -> str:
    """Return when a step runs, as Argo writes it: if guard says so of its stage; empty means always."""
    stage = _stage(plan, step)
    return f"'{_GUARD % f'run-{stage}'}' == 'true'" if stage else ""


def _stage(plan: Plan, step: str) -> str:
    """Return the stage that a step belongs to; none for guard and what stands before it."""
    asked = extra_steps(plan).get(step)
    if asked is None:
        return _STAGES.get(step, "")
    return "train" if asked.after == "guard" else _stage(plan, asked.after or asked.before or "")


def _task(plan: Plan, name: str, before: tuple[str, ...], pod: str) -> dict[str, Any]:
    task: dict[str, Any] = {"name": name, "template": name}
    if before:
        task["dependencies"] = list(before)
    if when := condition(plan, pod):
        task["when"] = when
    if arguments := _arguments(plan, pod):
        task["arguments"] = arguments
    return task


def _arguments(plan: Plan, pod: str) -> dict[str, Any]:
    parameters = [
        {"name": name, "value": _source(pod, name)} for name in interface(plan, pod).parameters_in if name != "index"
    ]
    artifacts = [
        {"name": name, "from": f"{{{{tasks.{maker}.outputs.artifacts.{name}}}}}", **storage.optional(name)}
        for name, maker in wiring(plan)[pod].items()
    ]
    return {key: found for key, found in (("parameters", parameters), ("artifacts", artifacts)) if found}


def _source(pod: str, name: str) -> str:
    if pod == "guard" and name == "git-commit":
        return "{{workflow.parameters.git-commit}}"
    if name not in _SOURCES and name not in contract.STEPS["guard"].parameters_out:
        raise KeyError(name)
    return _SOURCES.get(name) or _GUARD % name
