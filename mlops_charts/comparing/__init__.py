"""What a change will cause: the objects of two revisions, rendered by real Helm, and their differences in words.

Knows renderings, git and Helm; decides nothing and writes nothing.
"""

from mlops_charts.comparing.compare import Comparison, compare
from mlops_charts.comparing.objects import Change
from mlops_charts.comparing.summary import Section, sections, totals

__all__ = ["Change", "Comparison", "Section", "compare", "sections", "totals"]
