"""Counts from the servers themselves, kept from look to look in a journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_charts.judge.counts import Window
from mlops_charts.releasing.metrics import Question


@dataclass(frozen=True)
class Scraping:
    """Servers whose metrics are read.

    Attributes:
        addresses: By slot, the addresses of the metrics of all its pods.
        journal: The folder that what was read is kept in.
    """

    addresses: Mapping[str, Sequence[str]]
    journal: Path

    def window(self, question: Question) -> Window:
        """Return the counts of both slots since the step of the release began."""
        return Window(question.begin, question.now, flaws=(f"{self.journal} is not kept yet",))

    def note(self, question: Question) -> None:
        """Look at the servers, so that a later window can begin now."""
