"""Tries one point of a search on a part of the training rows, and writes its figure down in MLflow.

A trial shares nothing with others: its point follows from its index and the seed, and its rows are divided from the
training rows by the kind of split of the spec, so that the test rows stay unseen until the chosen model is judged. What
came of it is written last and at once, so that a trial is run again if it was killed, and not if it had ended.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pydantic import ValidationError

from mlops_charts.log import log
from mlops_charts.spec.training import Search
from mlops_charts.steps.call import Call, Refused, Result
from mlops_charts.steps.data import Part, divided
from mlops_charts.steps.fitting import fit, saved
from mlops_charts.steps.registry import Registry, Run, open_registry
from mlops_charts.steps.saving import save
from mlops_charts.steps.scoring import score
from mlops_charts.steps.sobol import point
from mlops_charts.steps.splitting import positions
from mlops_charts.steps.user_code import context_of

TAG_OUTCOME: Final = "mlops.trial-outcome"
"""Tag of a trial's run with its result as JSON; only a trial that has ended has it."""
_HELD_OUT: Final = 1  # beside the seed, so that these rows are drawn independently of the test rows
_LONGEST: Final = 2000  # characters of a failure that are kept


class TrialResult(Result):
    """What came of a trial.

    Attributes:
        index: The trial, counted from 0.
        params: The point that was tried.
        metric: The metric of the search.
        value: Its value on held-out training rows; none if the trial failed.
        failed: Why it failed; empty if it did not.
        rows: Rows that it learnt from.
        held_out_rows: Rows that the metric was taken of.
        seconds: What the trial took, in seconds.
    """

    index: int
    params: dict[str, Any]
    metric: str
    value: float | None = None
    failed: str = ""
    rows: int = 0
    held_out_rows: int = 0
    seconds: float = 0.0


def run(call: Call) -> TrialResult:
    """Try one point of the search, unless it was tried before.

    Raises:
        Refused: There is no search, no such trial, or the rows are not what was said. What the model's code raises
            makes the trial a failed one and refuses nothing.
        Unavailable: MLflow or the rows cannot be reached.
    """
    search = asked_search(call)
    index = _index(call, search)
    registry = open_registry(call)
    own = registry.child(asked_run(call), str(index))
    known = outcome(own)
    if known is not None:
        log("the trial has ended before", index=index)
        return known
    result = _tried(call, search, index)
    _write_down(registry, own, result)
    return result


def outcome(trial: Run) -> TrialResult | None:
    """Return what came of a trial; None if it has not ended."""
    try:
        return TrialResult.model_validate_json(trial.tags.get(TAG_OUTCOME, ""))
    except ValidationError:
        return None


def asked_search(call: Call) -> Search:
    """Return the search of the spec; Refused if it has none."""
    search = call.spec.model.training.search
    if search is None:
        raise Refused("training.search: there is none, so there is no trial")
    return search


def asked_run(call: Call) -> str:
    """Return the run that trials are children of; Refused if none was given."""
    run_id = call.parameters.get("run-id", "")
    if not run_id:
        raise Refused("--run-id is missing: trials are kept below the run that guard opens")
    return run_id


def held_out(part: Part, call: Call) -> tuple[Part, Part]:
    """Return the training rows as those that a trial learns from and those that it is compared by.

    They are divided as the spec divides all rows, by its share; where it gives the split of each row, at random.

    Raises:
        Refused: There are too few of them to be divided so.
    """
    training = call.spec.model.training
    split = training.data.split
    if split.by == "given":
        split = split.model_copy(update={"by": "random", "column": None})
    try:
        learn, compare = positions(part.rows, part.y, split, (training.seed, _HELD_OUT))
    except Refused as error:
        raise Refused(f"{error}; a search divides the training rows once more") from None
    return part.take(learn), part.take(compare)


def _index(call: Call, search: Search) -> int:
    given = call.parameters.get("index", "")
    if not given.isdecimal() or int(given) >= search.trials:
        raise Refused(f'--index is "{given}", expected a whole number from 0 to {search.trials - 1}')
    return int(given)


def _tried(call: Call, search: Search, index: int) -> TrialResult:
    params = point(search.space, call.spec.model.training.seed, index)
    learn, compare = held_out(divided(call).train, call)
    started = time.monotonic()
    value, failed = None, ""
    try:
        value = _value(call, search.metric, params, learn, compare)
        log("tried", index=index, metric=search.metric, value=value, params=params)
    except Refused as error:
        failed = str(error)[:_LONGEST]
        log("the trial failed", index=index, params=params, reason=failed)
    return TrialResult(
        index=index,
        params=params,
        metric=search.metric,
        value=value,
        failed=failed,
        rows=len(learn.X),
        held_out_rows=len(compare.X),
        seconds=round(time.monotonic() - started, 3),
    )


def _value(call: Call, metric: str, params: dict[str, Any], learn: Part, compare: Part) -> float:
    context = context_of(call.spec, params)
    fitted = fit(call, learn, context)
    with TemporaryDirectory() as scratch:
        save(fitted, learn, compare, call.spec, call.source, Path(scratch))
        return score(call, metric, saved(call, Path(scratch)), compare, context)


def _write_down(registry: Registry, own: Run, result: TrialResult) -> None:
    params = {name: json.dumps(value) for name, value in result.params.items()}
    figures = {"seconds": result.seconds} | ({} if result.value is None else {result.metric: result.value})
    registry.log(own.id, params, figures)
    registry.tag(own.id, TAG_OUTCOME, result.model_dump_json(by_alias=True))
    status = "FAILED" if result.failed else "FINISHED"
    registry.connection.ask(lambda client: client.set_terminated(own.id, status=status))
