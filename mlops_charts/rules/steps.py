"""Rules about the steps that people add to the pipeline."""

from collections.abc import Iterator, Mapping

from mlops_charts.contract import STEPS
from mlops_charts.problems import Problem, nearest
from mlops_charts.rules.asked import View
from mlops_charts.source import Path
from mlops_charts.spec.steps import ORDER, all_steps, built_in_steps
from mlops_charts.spec.training import ExtraStep

_TAKEN = frozenset({*ORDER, *STEPS})


def _steps(view: View) -> Iterator[tuple[ExtraStep, Path]]:
    for index, step in enumerate(view.spec.pipeline.steps):
        yield step, ("pipeline", "steps", index)


def step_names(view: View) -> Iterator[Problem]:
    """A step's name is its own."""
    seen: set[str] = set()
    for step, path in _steps(view):
        if step.name in _TAKEN:
            note = "choose another name"
            yield view.problem("step-name", f'"{step.name}" is a step of ours', (*path, "name"), note=note)
        elif step.name in seen:
            yield view.problem(
                "step-name", f'two steps are called "{step.name}"', (*path, "name"), note="choose another name"
            )
        seen.add(step.name)


def step_place(view: View) -> Iterator[Problem]:
    """A step stands at one place, beside a step that is there."""
    known = {*built_in_steps(view.spec), *(step.name for step, _ in _steps(view))}
    for step, path in _steps(view):
        if (step.before is None) == (step.after is None):
            found = "none" if step.before is None else "both"
            yield view.problem(
                "step-place", f"expected exactly one of before and after, found {found}", path, note="after: train"
            )
            continue
        side, neighbour = ("before", step.before) if step.before is not None else ("after", str(step.after))
        if neighbour not in known:
            yield _unknown(view, str(neighbour), (*path, side), known)
        elif step.before == "guard":
            note = "guard decides whether anything runs at all; after: guard"
            yield view.problem("step-place", "nothing runs before guard", (*path, side), note=note)


def _unknown(view: View, name: str, path: Path, known: set[str]) -> Problem:
    suggestion = nearest(name, known)
    did_you_mean = f'; did you mean "{suggestion}"?' if suggestion else ""
    why = ", because nothing asks for it" if name in ORDER else ""
    note = f"steps of this model: {', '.join(step for step in ORDER if step in known)}"
    return view.problem(
        "unknown-step", f'there is no step "{name}"{why}{did_you_mean if not why else ""}', path, note=note
    )


def step_cycle(view: View) -> Iterator[Problem]:
    """Steps that name each other never begin."""
    neighbours = {step.name: step.before or step.after for step, _ in _steps(view)}
    for step, path in _steps(view):
        if _circles(step.name, neighbours):
            side = "before" if step.before else "after"
            message = f'"{step.name}" waits for itself'
            yield view.problem("step-cycle", message, (*path, side), note="let one of these steps name a step of ours")


def _circles(name: str, neighbours: Mapping[str, str | None]) -> bool:
    at: str | None = name
    for _ in neighbours:
        at = neighbours.get(at or "")
        if at == name:
            return True
    return False


def step_inputs(view: View) -> Iterator[Problem]:
    """What a step reads, an earlier step has written."""
    order = list(all_steps_of(view))
    outputs = {step.name: step.outputs for step, _ in _steps(view)}
    for step, path in _steps(view):
        if step.name not in order:
            continue
        earlier = order[: order.index(step.name)]
        produced = {name for other in earlier for name in outputs.get(other, _written(other))}
        for index, name in enumerate(step.inputs):
            if name not in produced:
                suggestion = nearest(name, produced)
                did_you_mean = f'; did you mean "{suggestion}"?' if suggestion else ""
                note = f"written before {step.name}: {', '.join(sorted(produced)) or 'nothing'}"
                yield view.problem(
                    "unknown-artifact",
                    f'no earlier step writes "{name}"{did_you_mean}',
                    (*path, "inputs", index),
                    note=note,
                )


def step_artifacts(view: View) -> Iterator[Problem]:
    """A step names an artifact once, and writes no source."""
    for step, path in _steps(view):
        for side, names in (("inputs", step.inputs), ("outputs", step.outputs)):
            for index, name in enumerate(names):
                if name in names[:index]:
                    yield view.problem(
                        "duplicate-artifact",
                        f'"{name}" stands here twice',
                        (*path, side, index),
                        note="remove one of them",
                    )
        if "source" in step.outputs:
            at = (*path, "outputs", step.outputs.index("source"))
            note = "choose another name: the source files are what was committed"
            yield view.problem("duplicate-artifact", '"source" is written by guard already', at, note=note)


def all_steps_of(view: View) -> Iterator[str]:
    """Yield the steps in order, or none where steps circle, share a name or have two places."""
    extra = view.spec.pipeline.steps
    neighbours = {step.name: step.before or step.after for step in extra}
    clear = len(neighbours) == len(extra) and not any(step.before and step.after for step in extra)
    if clear and not any(_circles(name, neighbours) for name in neighbours):
        yield from all_steps(view.spec)


def _written(step: str) -> tuple[str, ...]:
    return STEPS[step].artifacts_out if step in STEPS else ()
