"""What came of the proofs."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_charts.problems import Problem, Severity, has_errors
from mlops_charts.validation.model import PolicyException


@dataclass(frozen=True)
class Report:
    """What came of the proofs.

    Attributes:
        problems: Everything that was found, sorted; also what parsing and rules found.
        models: How many models were looked at.
        scopes: How many renderings: charts times environments times phases.
        objects: How many rendered objects.
        proofs: The proofs that ran.
        exceptions: Rules that objects were allowed to break, with the reasons.
        notes: Further facts, such as what could not be checked.
    """

    problems: tuple[Problem, ...]
    models: int = 0
    scopes: int = 0
    objects: int = 0
    proofs: tuple[str, ...] = ()
    exceptions: tuple[PolicyException, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def valid(self) -> bool:
        """Whether nothing worse than a warning was found."""
        return not has_errors(self.problems)

    @property
    def summary(self) -> str:
        """One line for people."""
        errors = sum(problem.severity is Severity.ERROR for problem in self.problems)
        if not self.scopes:
            warnings = len(self.problems) - errors
            told = [_count(errors, "problem"), *([_count(warnings, "warning")] if warnings else [])]
            return f"{_count(self.models, 'model')}: {', '.join(told)}, nothing rendered"
        return (
            f"{_count(self.models, 'model')}: {_count(self.objects, 'object')} in {_count(self.scopes, 'rendering')}, "
            f"{_count(len(self.proofs), 'proof')}, {_count(errors, 'problem')}, "
            f"{_count(len(self.problems) - errors, 'warning')}"
        )


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
