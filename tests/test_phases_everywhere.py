"""Every golden case at every phase of a release: proven by all proofs, and the same by Helm as by Python."""

from __future__ import annotations

import golden
import pytest

import mlops_charts
from mlops_charts.problems import Severity, format_text
from mlops_charts.release import PHASES


@pytest.mark.parametrize("name", golden.names())
def test_a_case_is_proven_at_every_phase(name: str) -> None:
    """All proofs, built-in schemas and the law of charts hold for every state that a release can be in."""
    report = mlops_charts.validate(golden.model(name), golden.rendering(name), deep=True)
    errors = [problem for problem in report.problems if problem.severity is Severity.ERROR]
    assert errors == [], format_text(errors)
    assert {"helm-equals-python", "schemas"} <= set(report.proofs)


def test_the_cases_go_through_every_phase() -> None:
    """Each phase is some case's: none is left out of the proofs because no ingress here knows it."""
    seen = {
        case.values["release"]["phase"] for name in golden.names() for case in golden.cases(name) if not _makes(case)
    }
    assert seen == set(PHASES)


def _makes(case: golden.Case) -> bool:
    return case.folder.endswith("/pipeline")
