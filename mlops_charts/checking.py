"""What `validate` does, without the command line: load, hold against the rules, render, prove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mlops_charts.assemble import Rendering
from mlops_charts.fleet import colliding, rendering_of
from mlops_charts.loading import Model, load_model, load_platform
from mlops_charts.problems import Problem, has_errors, sort
from mlops_charts.proving import Depth, Report, prove_models
from mlops_charts.rendering import once, others, what
from mlops_charts.rules import Served
from mlops_charts.standing import beside, foreign_apps


def check(paths: Sequence[Path], platform: Path | None = None, depth: Depth = Depth()) -> Report:  # noqa: B008 - frozen
    """Return what is wrong with models, and with everything rendered from them.

    Args:
        paths: Models, their folders, or `-`; none means every model of the repository.
        platform: The platform.yaml to use; else the nearest one.
        depth: How far the proofs go.
    """
    workspace, files = what(paths, platform)
    loaded_platform, found = load_platform(workspace)
    problems: list[Problem] = list(found)
    models: list[tuple[Model, Rendering]] = []
    served: list[Served | None] = []
    rest = others(workspace, files)
    for file in files:
        loaded = load_model(file, workspace, loaded_platform)
        if str(file) == "-" and loaded.served:  # a text stands for the file that it may become
            rest = [other for other in rest if other.parent.name != loaded.served.model]
        problems += loaded.problems
        served.append(loaded.served)
        if loaded.model is not None and not has_errors(found):
            models.append((loaded.model, rendering_of(loaded.model)))
    if not has_errors(found):  # names that a platform's mistake makes alike are the platform's
        problems += colliding(served, rest, workspace, loaded_platform)
        problems += foreign_apps(once(loaded_platform), workspace.root) if not paths and workspace.platform else ()
    problems += [problem for _, rendering in models for problem in beside(rendering, workspace.root)]
    report = prove_models(models, workspace.root, depth)
    return replace(report, problems=tuple(sort([*problems, *report.problems])), models=len(files))
