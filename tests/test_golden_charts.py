"""The golden cases: each becomes what is committed, is proven, and together they try every pair of choices."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import golden
import pytest

import mlops_charts
from mlops_charts.problems import Severity, format_text
from mlops_charts.validation.helm import HelmBinary

CHOICES: Mapping[str, tuple[str, ...]] = {
    "runtime": ("python", "seldon-core", "sklearn", "mlflow"),
    "ingress": ("gatewayApi", "istio", "none"),
    "strategy": ("canary", "shadow", "abTest", "blueGreen"),
    "secrets": ("existing", "external-secrets", "sealed-secrets"),
    "scaling": ("replicas", "cpu", "requests"),
    "sign": ("none", "key", "keyless"),
}
each_case = pytest.mark.parametrize("name", golden.names())


def _valid(chosen: Mapping[str, str]) -> bool:
    """Whether two choices can stand together: traffic is divided by something that can divide it."""
    strategy, ingress = chosen.get("strategy"), chosen.get("ingress", "gatewayApi")
    allowed = {"abTest": {"gatewayApi"}, "canary": {"gatewayApi", "istio"}, "shadow": {"gatewayApi", "istio"}}
    return ingress in allowed.get(str(strategy), {"gatewayApi", "istio", "none"})


def test_every_valid_pair_of_choices_has_a_case() -> None:
    """No two choices meet for the first time at a user."""
    wanted = {
        ((one, mine), (two, theirs))
        for one, two in itertools.combinations(CHOICES, 2)
        for mine in CHOICES[one]
        for theirs in CHOICES[two]
        if _valid({one: mine, two: theirs})
    }
    assert set() == wanted - {
        pair for name in golden.names() for pair in itertools.combinations(golden.choices(name).items(), 2)
    }


@each_case
def test_a_case_becomes_what_is_committed(name: str) -> None:
    """The rendering equals the golden files, byte for byte; MLOPS_CHARTS_GOLDEN=1 rewrites them."""
    if os.environ.get("MLOPS_CHARTS_GOLDEN") == "1":
        golden.rewrite(name)
    expected, committed = golden.expected(name), golden.committed(name)
    assert sorted(expected) == sorted(committed)
    assert {path for path, text in expected.items() if committed[path] != text} == set()


@each_case
def test_a_case_has_no_problem(name: str) -> None:
    """Every case is proven; what it is warned about is no error."""
    report = mlops_charts.validate(golden.model(name), golden.rendering(name))
    errors = [problem for problem in report.problems if problem.severity is Severity.ERROR]
    assert errors == [], format_text(errors)


@each_case
def test_helm_lints_a_case_strictly(name: str, tmp_path: Path) -> None:
    """`helm lint --strict` has nothing against the charts, with what the Application of each environment reads."""
    program = shutil.which("helm")
    if program is None:
        pytest.skip("helm is not installed")
    helm = HelmBinary(program)
    golden.write(golden.expected(name), tmp_path)
    found = golden.rendering(name)
    charts = tmp_path / found.folder
    assert helm.lint(charts / "pipeline") == []
    for environment in found.plan.environments:
        files = [
            charts / "serving" / f"{owner}-{environment.name}.yaml" for owner in ("environment", "values", "release")
        ]
        assert helm.lint(charts / "serving", files) == []
