"""The page of transitions, which is made from the machine, and the page on releases that explains its phases."""

from __future__ import annotations

import re
from pathlib import Path

from mlops_charts.release import PHASES
from mlops_charts.release.describing import state_diagram, transition_table, transitions_markdown
from mlops_charts.release.machine import EVENTS, TRANSITIONS

DOCS = Path(__file__).parent.parent / "docs"


def test_the_page_shows_the_transitions() -> None:
    """It is current, and has both."""
    page = (DOCS / "transitions.md").read_text(encoding="utf-8")
    assert transitions_markdown() == page
    assert (state_diagram() in page, transition_table() in page) == (True, True)


def test_the_diagram_has_every_phase() -> None:
    """And nothing that is none."""
    named = set(re.findall(r"(\w+) --> (\w+)", state_diagram()))
    assert {name for pair in named for name in pair} == set(PHASES)


def test_the_table_has_every_event_once_for_each_row() -> None:
    """In the order in which they are told apart."""
    lines = transition_table().splitlines()[2:]
    assert len(lines) == len(TRANSITIONS)
    assert {line.split("|")[1].strip().lower() for line in lines} == {event.__name__.lower() for event in EVENTS}


def test_every_phase_is_explained() -> None:
    """The table of phases of the page on releases leaves none out."""
    rows = re.findall(r"^\| `(\w+)` \|", (DOCS / "releases.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name in dict.fromkeys(rows) if name in PHASES] == list(PHASES)
