"""The page on releases shows the machine as it is; `python tests/test_release_page.py` brings it up to date."""

from __future__ import annotations

import re
from pathlib import Path

from mlops_charts.release import PHASES
from mlops_charts.release.describing import state_diagram, transition_table
from mlops_charts.release.machine import EVENTS, TRANSITIONS

PAGE = Path(__file__).parent.parent / "docs/releases.md"
_DIAGRAM = re.compile(r"(?<=```mermaid\n).*?(?=```\n)", re.DOTALL)
_TABLE = re.compile(r"\| event \|.*?\n(?=\n)", re.DOTALL)


def current(page: str) -> str:
    """Return the page with the diagram and the table of the code."""
    drawn = _DIAGRAM.sub(lambda _: state_diagram(), page, count=1)
    return _TABLE.sub(lambda _: transition_table(), drawn, count=1)


def test_the_page_shows_the_transitions() -> None:
    """Diagram and table are those of the code; if not, run this file as a script."""
    page = PAGE.read_text(encoding="utf-8")
    assert current(page) == page
    assert state_diagram() in page
    assert transition_table() in page


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
    """The page's own table of phases leaves none out."""
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name in dict.fromkeys(rows) if name in PHASES] == list(PHASES)


if __name__ == "__main__":
    PAGE.write_text(current(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
