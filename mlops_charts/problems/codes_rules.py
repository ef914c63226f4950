"""Codes of what the rules find in a specification."""

from typing import Final

from mlops_charts.problems.define import Entry

TABLE: Final[tuple[Entry, ...]] = ()
