"""How a run is told: a line for each event, or a table on a terminal that is left as it was."""

from __future__ import annotations

import io
import sys

import pytest

from mlops_charts.cli.progress import line_of, listener
from mlops_charts.local.records import Node

DONE = Node("train", status="Succeeded", seconds=2.34, tries=2, result={"format": "onnx"}, note="in an environment")
SKIPPED = Node(
    "validate", status="Skipped", reason="guard: nothing to train: version 1.0.0 has this code and these data"
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize(
    ("node", "line"),
    [
        (DONE, "train          done           2.3 s  stored as onnx; in an environment; 2 tries"),
        (SKIPPED, f"validate       skipped               {SKIPPED.reason}"),
        (Node("a", status="Failed", seconds=61, reason="no"), "a              failed     1 min 01 s  no"),
        (Node("a", status="Succeeded", seconds=9, reused=True), "a              taken over"),
    ],
)
def test_the_line_of_a_step(node: Node, line: str) -> None:
    """What it was, how it ended, how long it took, what it found or why not."""
    assert line_of(node) == line


def test_a_line_for_each_event(capsys: pytest.CaptureFixture[str]) -> None:
    """Ends and waits are told, beginnings are not; a long reason that several share is told once."""
    with listener(sys.stderr) as hears:
        hears.begins("iris", ["guard", "train"])
        hears.told(Node("train", status="Running"))
        hears.told(Node("train", status="Running", reason="try 1 failed: x; the next in 3 s"))
        hears.told(DONE)
        hears.told(SKIPPED)
        hears.told(Node("deploy"))
        hears.told(Node("deploy", status="Skipped", reason=SKIPPED.reason))
        hears.say("waiting")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "iris: guard -> train",
        "train          try 1 failed: x; the next in 3 s",
        line_of(DONE),
        line_of(SKIPPED),
        "deploy         skipped               as before",
        "waiting",
    ]


def test_a_table_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last table stays on the screen, and the cursor is shown again, also after an interruption."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    stream = Terminal()
    with pytest.raises(KeyboardInterrupt):
        _interrupted(stream)
    text = stream.getvalue()
    last = text.rpartition("guard")[2]
    assert "stored as onnx; in an environment; 2 tries" in last
    assert "trials" not in text
    assert "waiting: another run" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def _interrupted(stream: Terminal) -> None:
    with listener(stream) as hears:
        hears.begins("iris", ["guard", "train", "validate"])
        hears.told(Node("guard", status="Running"))
        hears.told(DONE)
        hears.told(Node("trials/trial(0)", status="Succeeded"))
        hears.say("waiting: another run holds the mutex")
        raise KeyboardInterrupt
