"""Plots of a search: how good each trial was, and what each parameter has to do with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlops_charts.spec.training import Search
from mlops_charts.steps.trial import TrialResult


def write_plots(trials: Sequence[TrialResult], search: Search, folder: Path) -> None:
    """Write objective.png, and param-NAME.png for each parameter; trials that failed are left out."""
    ended = [trial for trial in trials if trial.value is not None]
    values = [trial.value for trial in ended]
    indices = [trial.index for trial in ended]
    _write(folder / "objective.png", "trial", indices, values, search, best=True, whole=True)
    for i, (name, space) in enumerate(sorted(search.space.items())):
        tried: list[Any] = [trial.params[name] for trial in ended]
        across = [str(value) for value in tried] if space.choice is not None else tried
        file = f"param-{i}-{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}.png"
        whole, logarithmic = space.int is not None, space.log_float is not None
        _write(folder / file, name, across, values, search, whole=whole, logarithmic=logarithmic)


def _write(
    path: Path,
    label: str,
    across: Sequence[Any],
    values: Sequence[Any],
    search: Search,
    *,
    best: bool = False,
    whole: bool = False,
    logarithmic: bool = False,
) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - 0.5 s
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.scatter(across, values, s=18)
    if best:
        axes.step(across, _best_so_far(values, search), where="post", label="best so far")
        axes.legend()
    if whole:
        axes.xaxis.get_major_locator().set_params(integer=True)
    if logarithmic:
        axes.set_xscale("log")
    axes.set_xlabel(_plain(label))
    axes.set_ylabel(_plain(search.metric))
    figure.savefig(path, format="png", dpi=120, metadata={"Software": None})


def _best_so_far(values: Sequence[float], search: Search) -> list[float]:
    found: list[float] = []
    choose = max if search.direction == "maximize" else min
    for value in values:
        found.append(choose(value, found[-1]) if found else value)
    return found


def _plain(text: str) -> str:
    return text.replace("$", r"\$")  # matplotlib reads dollars as mathematics
