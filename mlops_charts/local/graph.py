"""A DAG while it runs: what its tasks have made, what may be named behind them, what keeps one from starting."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_charts.local.flow import Manifest
from mlops_charts.local.pods import Made
from mlops_charts.local.records import FINE
from mlops_charts.local.scopes import Scope


@dataclass
class Graph:
    """A DAG while it runs.

    Attributes:
        template: Whose DAG it is.
        tasks: By name.
        scope: What may be named behind the tasks that have ended.
        slots: How many of its tasks run at a time; None for any number.
        failed: The first task that did not end well.
        made: What tasks have made.
        ended: Set when a task has ended.
    """

    template: Manifest
    tasks: Mapping[str, Manifest]
    scope: Scope
    slots: asyncio.Semaphore | None
    failed: str = ""
    made: dict[str, Made] = field(default_factory=dict)
    ended: dict[str, asyncio.Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ended = {name: asyncio.Event() for name in self.tasks}

    def blocked(self, name: str) -> str:
        """Return why a task does not start; empty if it may."""
        for before in self.tasks[name].get("dependencies") or ():
            if self.made[before].status not in FINE and not self.borne(before):
                return f"{before} did not succeed"
        stops = self.template["dag"].get("failFast", True)
        return f"{self.failed} did not succeed" if self.failed and stops else ""

    def well(self, name: str) -> bool:
        """Return whether a task that has ended is no reason for the DAG to fail."""
        return self.made[name].status in {*FINE, "Omitted"} or self.borne(name)

    def borne(self, name: str) -> bool:
        """Return whether the failure of a task counts as an end like any other."""
        go_on, status = self.tasks[name].get("continueOn") or {}, self.made[name].status
        return bool((status == "Failed" and go_on.get("failed")) or (status == "Error" and go_on.get("error")))
