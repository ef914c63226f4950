"""Chooses the best of all trials, and hands its parameters on to train."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from mlops_charts.log import log
from mlops_charts.spec.training import Search
from mlops_charts.steps.call import Call, Refused, Result, Unavailable
from mlops_charts.steps.registry import Registry, open_registry
from mlops_charts.steps.trial import TrialResult, asked_run, asked_search, outcome

PARAMS: Final = "params.json"
"""In the artifact params: the chosen parameters, and which trial they are of."""
PLOTS: Final = "search"
"""Folder of the run's artifacts with plots and params.json."""


class SearchResult(Result):
    """What a search has chosen.

    Attributes:
        index: The best trial, counted from 0; of several alike the first.
        params: Its parameters.
        metric: The metric that decides.
        value: Its value on held-out training rows, which flatters: it is the best of many.
        direction: Whether more of it is better.
        trials: How many there were.
        failed: How many of them failed.
    """

    index: int
    params: dict[str, Any]
    metric: str
    value: float
    direction: str
    trials: int
    failed: int


def run(call: Call) -> SearchResult:
    """Choose the best trial.

    Raises:
        Refused: All trials have failed; the message has what the first one said.
        Unavailable: MLflow cannot be reached, or trials have not ended.
    """
    search = asked_search(call)
    run_id = asked_run(call)
    registry = open_registry(call)
    trials = _outcomes(registry, run_id, search)
    result = best(trials, search)
    log("chose the best trial", index=result.index, metric=result.metric, value=result.value, params=result.params)
    with call.making("params") as folder:
        text = json.dumps(result.model_dump(mode="json", by_alias=True), indent=2, sort_keys=True) + "\n"
        (folder / PARAMS).write_text(text, encoding="utf-8")
        _plot(registry, run_id, trials, search, text)
    registry.log(run_id, {}, {f"search_{search.metric}": result.value, "search_trials": len(trials)})
    return result


def best(trials: Sequence[TrialResult], search: Search) -> SearchResult:
    """Return the best of some trials, the first of those that are alike.

    Raises:
        Refused: All have failed.
    """
    ended = [(trial.value, trial) for trial in trials if trial.value is not None]
    if not ended:
        raise Refused(f"all {len(trials)} trials failed; the first said: {trials[0].failed}")
    sign = -1 if search.direction == "maximize" else 1
    value, chosen = min(ended, key=lambda one: (sign * one[0], one[1].index))
    return SearchResult(
        index=chosen.index,
        params=chosen.params,
        metric=search.metric,
        value=value,
        direction=search.direction,
        trials=len(trials),
        failed=len(trials) - len(ended),
    )


def chosen_params(call: Call) -> dict[str, Any]:
    """Return what a search has chosen; nothing where there was none.

    Raises:
        Unavailable: The artifact is broken.
    """
    folder = call.artifact("params")
    if folder is None or not any(folder.iterdir()):
        if call.spec.model.training.search:
            log("there is no artifact params: training.params alone count")
        return {}
    try:
        return dict(json.loads((folder / PARAMS).read_bytes())["params"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"{folder / PARAMS} cannot be read: {error}; it is the artifact of search") from None


def _outcomes(registry: Registry, run_id: str, search: Search) -> list[TrialResult]:
    found = {one.index: one for one in map(outcome, registry.children(run_id)) if one is not None}
    missing = [str(index) for index in range(search.trials) if index not in found]
    if missing:
        raise Unavailable(f"{len(missing)} of {search.trials} trials have not ended: {', '.join(missing[:20])}")
    return [found[index] for index in range(search.trials)]


def _plot(registry: Registry, run_id: str, trials: Sequence[TrialResult], search: Search, text: str) -> None:
    from mlops_charts.steps.search_plots import write_plots  # noqa: PLC0415 - it loads matplotlib

    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / PARAMS).write_text(text, encoding="utf-8")
        write_plots(trials, search, folder)
        registry.put(run_id, folder, PLOTS)
