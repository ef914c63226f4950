"""Problems: what the user's side got wrong, where, and what would be right.

This room knows positions, severities, codes and the forms in which problems are printed. It must not know YAML,
models, charts or the command line: every other room may import it, it imports none.
"""

from mlops_charts.problems.codes import CODES
from mlops_charts.problems.format import format_github, format_json, format_text, visible, visible_lines
from mlops_charts.problems.model import Code, Position, Problem, Severity, has_errors, sort
from mlops_charts.problems.suggest import nearest

__all__ = [
    "CODES",
    "Code",
    "Position",
    "Problem",
    "Severity",
    "format_github",
    "format_json",
    "format_text",
    "has_errors",
    "nearest",
    "sort",
    "visible",
    "visible_lines",
]
