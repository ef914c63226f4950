"""The one table of codes, put together from a file per room; a code that is defined twice fails the import."""

from collections.abc import Mapping
from typing import Final

from mlops_charts.problems import codes_charts, codes_rules, codes_source, codes_spec
from mlops_charts.problems.define import merge
from mlops_charts.problems.model import Code

CODES: Final[Mapping[str, Code]] = merge((codes_source.TABLE, codes_spec.TABLE, codes_rules.TABLE, codes_charts.TABLE))
