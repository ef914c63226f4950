"""Codes of what the types of model.yaml and platform.yaml refuse."""

from typing import Final

from mlops_charts.problems.define import Entry

TABLE: Final[tuple[Entry, ...]] = ()
