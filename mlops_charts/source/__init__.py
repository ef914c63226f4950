"""YAML text to plain data, with the line and column of every key and value.

This room knows YAML and files. It must not know what any key means: the same parser serves every specification.
"""

from mlops_charts.source.compose import parse
from mlops_charts.source.document import Path, Source, dotted
from mlops_charts.source.reading import read
from mlops_charts.source.text import SIZE_LIMIT

__all__ = ["SIZE_LIMIT", "Path", "Source", "dotted", "parse", "read"]
