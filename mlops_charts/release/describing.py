"""The state machine as a person reads it: a diagram and a table, made from the transitions themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlops_charts.release.machine import TRANSITIONS, Row
from mlops_charts.release.phases import PHASES, RESTING
from mlops_charts.release.state import Phase

_PAGE: Final = """# What moves a release

The state machine of releases, made from its code; [releases.md](releases.md) says what the phases mean.

```mermaid
{diagram}```

A newer version may start in every phase, which is not drawn; nor is what stays in its phase.

Every event in every phase; what is `refused` says why and what to do, and what happens a second time changes nothing:

{table}"""
_WHO = {
    "Start": "pipeline, judge, person",
    "Approve": "person",
    "Pause": "person",
    "Resume": "person",
    "RollBack": "person",
    "Unreject": "person",
}


def transitions_markdown() -> str:
    """Return the page of the state machine."""
    return _PAGE.format(diagram=state_diagram(), table=transition_table())


def transition_table() -> str:
    """Return every event in every phase, as a table in Markdown."""
    head = ["| event | by | in | leads to | what happens |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(_line(row) for row in TRANSITIONS)]) + "\n"


def state_diagram() -> str:
    """Return the phases and what leads from one to another, as a state diagram of Mermaid.

    That a newer version may start in every phase is left out, as is what stays in its phase.
    """
    edges: dict[tuple[Phase, Phase], list[str]] = {}
    for event, before, then in _edges():
        edges.setdefault((before, then), []).append(event)
    lines = [f"    {before} --> {then}: {', '.join(dict.fromkeys(events))}" for (before, then), events in edges.items()]
    return "\n".join(["stateDiagram-v2", "    [*] --> none", *lines]) + "\n"


def _edges() -> Iterator[tuple[str, Phase, Phase]]:
    for before in PHASES:
        for row in TRANSITIONS:
            if before in row.phases and (row.event.__name__ != "Start" or before in RESTING):
                yield from ((_name(row), before, then) for then in row.after(before) if then != before)


def _name(row: Row) -> str:
    name = row.event.__name__
    return name[0].lower() + name[1:]


def _line(row: Row) -> str:
    phases = "every phase" if set(row.phases) == set(PHASES) else ", ".join(row.phases)
    then = "the same" if row.becomes == row.phases else ", ".join(row.becomes)
    return (
        f"| {_name(row)} | {_WHO.get(row.event.__name__, 'judge')} | {phases} | {then or 'nothing'} | {row.meaning} |"
    )
