"""What one line of platform.yaml causes in several models."""

from __future__ import annotations

from pathlib import Path

import mlops_charts
from mlops_charts.proving import prove_models

ROOT = Path(__file__).parent.parent


def test_an_image_that_several_models_use_is_told_once() -> None:
    """A tag without a digest is one warning of its line, which says in how many more places it stands."""
    models = [mlops_charts.load(ROOT / "model" / name) for name in ("iris", "recommender")]
    alone = mlops_charts.validate(models[0]).problems
    report = prove_models([(model, mlops_charts.render(mlops_charts.plan(model))) for model in models], ROOT)
    assert [problem.position for problem in alone] == [problem.position for problem in report.problems]
    assert all("\nand in " in problem.note for problem in report.problems)
