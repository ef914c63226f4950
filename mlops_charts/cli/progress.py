"""How a run is told while it goes on: a live table on a terminal, else a plain line for each event."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from mlops_charts.local.durations import said
from mlops_charts.local.records import FINE, Node
from mlops_charts.local.summary import figure
from mlops_charts.problems import Problem, format_text

if TYPE_CHECKING:
    from mlops_charts.running import Listener

_INSTANT: Final = 0.05  # seconds that are not worth telling
_OFTEN: Final = 5.0  # seconds between two lines about what goes on, where lines stay
_SHORT: Final = 30  # characters that may well be said again
_FINAL: Final = frozenset({"Succeeded", "Skipped", "Omitted", "Failed", "Error", "Stopped"})
_WORDS: Final = {"Succeeded": "done", "Skipped": "skipped", "Omitted": "not run", "Error": "failed"}
_COLOURS: Final = {"Succeeded": "green", "Running": "cyan", "Failed": "red", "Error": "red", "Stopped": "red"}


@contextmanager
def listener(stream: TextIO) -> Iterator[Listener]:
    """Yield who tells of a run on a stream; a terminal is left as it should be, however the run ends."""
    from mlops_charts.running import Listener  # noqa: PLC0415 - costs, and only a run needs it

    if stream.isatty() and find_spec("rich") is not None:
        live = _Live(stream)
        try:
            yield Listener(live.told, live.say, _warn, live.begins, live.live)
        finally:
            live.stop()
    else:
        plain = _Plain()
        yield Listener(plain.told, _say, _warn, lambda model, steps: _say(f"{model}: {' -> '.join(steps)}"), plain.live)


def _say(line: str) -> None:
    click.echo(line, err=True)


def _warn(problems: Sequence[Problem]) -> None:
    if problems:
        click.echo(format_text(problems).rstrip("\n"), err=True)


class _Plain:
    """A line for each event; a reason that many steps share is said once."""

    def __init__(self) -> None:
        self._last = ""
        self._told = time.monotonic()

    def live(self, line: str) -> None:
        """Say from time to time what goes on, and no more often."""
        if line and time.monotonic() - self._told >= _OFTEN:
            self._told = time.monotonic()
            _say(f"  {line}")

    def told(self, node: Node) -> None:
        """Say how a step has ended, or why it waits."""
        if node.status not in _FINAL:
            if node.reason:
                _say(f"{node.name:<14} {node.reason}")
        elif "/" not in node.name or node.pod or node.status not in FINE:  # else its pods have been told
            again = len(node.reason) > _SHORT and node.reason == self._last
            _say(line_of(replace(node, reason="as before") if again else node))
            self._last = node.reason


def line_of(node: Node) -> str:
    """Return what a line says of a step that has ended."""
    took = f"{said(node.seconds):>9}" if node.seconds > _INSTANT and not node.reused else " " * 9
    state = "taken over" if node.reused else _WORDS.get(node.status, node.status.lower())
    return f"{node.name:<14} {state:<11}{took}  {told(node)}".rstrip()


def told(node: Node) -> str:
    """Return what a step found, or why it was passed over, and what stood for it."""
    what = node.reason if node.status != "Succeeded" else figure(node)
    tries = f"{node.tries} tries" if node.tries > 1 else ""
    return "; ".join(dict.fromkeys(filter(None, (what, node.note, tries))))


def _cell(node: Node) -> Any:
    """Return what a step found as one line, what went wrong as many."""
    from rich.text import Text  # noqa: PLC0415 - only a terminal needs it

    if node.status in {"Failed", "Error"}:
        return Text(told(node))
    return Text(told(node), overflow="ellipsis", no_wrap=True)


class _Live:
    """A table of all steps that is drawn anew while they run."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
        from rich.live import Live  # noqa: PLC0415

        self._nodes: dict[str, Node] = {}
        self._begun: dict[str, float] = {}
        self._line = ""
        self._live = Live(console=Console(file=stream), get_renderable=self._table, refresh_per_second=4)
        self._started = False

    def live(self, line: str) -> None:
        """Show below the table what goes on right now."""
        self._line = line

    def begins(self, model: str, steps: Sequence[str]) -> None:
        """Draw the table for the first time."""
        self.say(f"{model}")
        self._nodes = {step: Node(step) for step in steps}
        self._live.start()
        self._started = True

    def told(self, node: Node) -> None:
        """Take note of a change."""
        if node.status == "Running":
            self._begun.setdefault(node.name, time.monotonic())
        self._nodes[node.name] = node

    def say(self, line: str) -> None:
        """Say a line above the table."""
        if self._started:
            self._live.console.print(line, markup=False, highlight=False)
        else:
            _say(line)

    def stop(self) -> None:
        """Leave the last table on the screen."""
        if self._started:
            self._live.stop()

    def _table(self) -> Any:
        from rich.console import Group  # noqa: PLC0415 - only a terminal needs it
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for node in list(self._nodes.values()):
            if "/" in node.name and node.status in {"Succeeded", "Skipped"}:
                continue
            running = node.status == "Running"
            took = time.monotonic() - self._begun.get(node.name, time.monotonic()) if running else node.seconds
            state = "taken over" if node.reused else _WORDS.get(node.status, node.status.lower())
            style = _COLOURS.get(node.status, "dim")
            length = said(took) if took > _INSTANT and not node.reused else ""
            table.add_row(node.name, Text(state, style=style), Text(length, justify="right"), _cell(node))
        return Group(table, Text(self._line, style="cyan")) if self._line else table
