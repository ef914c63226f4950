"""Codes of what the validation of charts and Applications finds."""

from typing import Final

from mlops_charts.problems.define import Entry

TABLE: Final[tuple[Entry, ...]] = ()
