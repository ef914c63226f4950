"""Which part of a graph runs: from a step on, up to a step; what is before comes from an earlier run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mlops_charts.errors import Mistake
from mlops_charts.local.engine import Part
from mlops_charts.local.flow import Flow, Manifest
from mlops_charts.local.records import FINE, Node, Past
from mlops_charts.problems import nearest


class NoStep(Mistake):
    """A step that was named is none of the graph's."""


class NoPast(Mistake):
    """No earlier run has what the earlier steps would make."""


def part_of(flow: Flow, pasts: Sequence[Past], artifacts: Path, first: str = "", last: str = "") -> Part:
    """Return which tasks of the entrypoint run.

    Args:
        flow: The Workflow.
        pasts: Earlier runs, the newest first.
        artifacts: The folder of artifacts.
        first: The step to begin with; empty for the first.
        last: The step to end with; empty for the last.

    Raises:
        NoStep: There is no such step, or the last is before the first.
        NoPast: No earlier run has the outputs of the steps before the first.
    """
    tasks = {task["name"]: task for task in flow.tasks}
    for name in filter(None, (first, last)):
        _known(name, tasks)
    wanted = _before(last, tasks) | {last} if last else set(tasks)
    behind = {name for name in tasks if first and (name == first or first in _before(name, tasks))}
    if first and last and not behind & wanted:
        raise NoStep(f"--until {last} ends before --from {first} begins")
    left = {name: f"--until {last}" for name in tasks if name not in wanted}
    earlier = [name for name in tasks if first and name not in behind and name in wanted]
    if not earlier:
        return Part(left=left)
    past, taken = _taken(pasts, earlier, first, artifacts)
    return Part(taken, left, past.uid)


def _known(name: str, tasks: Mapping[str, Manifest]) -> None:
    if name in tasks:
        return
    meant = nearest(name, list(tasks))
    hint = f'; did you mean "{meant}"?' if meant else ";"
    raise NoStep(f'no step "{name}"{hint} the steps of this model: {", ".join(tasks)}')


def _before(name: str, tasks: Mapping[str, Manifest]) -> set[str]:
    found: set[str] = set()
    stack = [name]
    while stack:
        for before in tasks[stack.pop()].get("dependencies") or ():
            if before in tasks and before not in found:
                found.add(before)
                stack.append(before)
    return found


def _taken(pasts: Sequence[Past], earlier: Sequence[str], first: str, artifacts: Path) -> tuple[Past, dict[str, Node]]:
    """Return the newest run in which the earlier steps went well and the first one was to run, and their nodes."""
    for past in pasts:
        nodes = {name: past.nodes[name] for name in earlier if name in past.nodes}
        begun = past.nodes.get(first)
        if (
            len(nodes) == len(earlier)
            and all(node.status in FINE for node in nodes.values())
            and (begun is None or begun.status != "Skipped" or begun.pod)
            and all((artifacts / path).exists() for node in nodes.values() for path in node.artifacts.values())
        ):
            said = f"of the run {past.uid}"
            return past, {name: replace(node, note=node.note or said) for name, node in nodes.items()}
    missing = ", ".join(earlier)
    raise NoPast(f"--from {first}: no earlier run has everything of {missing}; run once without --from")
