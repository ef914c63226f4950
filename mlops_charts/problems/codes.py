"""The one table of codes, put together from a file per room; a code that is defined twice fails the import."""

from collections.abc import Mapping
from typing import Final

from mlops_charts.problems import codes_charts, codes_rules, codes_source, codes_spec, codes_standing
from mlops_charts.problems.define import merge
from mlops_charts.problems.model import Code

_TABLES = (codes_source.TABLE, codes_spec.TABLE, codes_rules.TABLE, codes_charts.TABLE, codes_standing.TABLE)
CODES: Final[Mapping[str, Code]] = merge(_TABLES)
