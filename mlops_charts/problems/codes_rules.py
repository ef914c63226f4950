"""Codes of what the rules find in a specification, put together from a file per subject."""

from typing import Final

from mlops_charts.problems import codes_operation, codes_platform, codes_training
from mlops_charts.problems.define import Entry

TABLE: Final[tuple[Entry, ...]] = (*codes_training.TABLE, *codes_operation.TABLE, *codes_platform.TABLE)
