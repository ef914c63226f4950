"""A saved model asked once about every test row, and the report that follows from its answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlops_charts.saved_model import SavedModel
from mlops_charts.steps.call import Call
from mlops_charts.steps.data import Divided, Part
from mlops_charts.steps.fitting import lists_of
from mlops_charts.steps.judging.gates import few_rows, judge_gate
from mlops_charts.steps.judging.latency import measure
from mlops_charts.steps.judging.metrics import LATENCY, defined_metrics
from mlops_charts.steps.judging.own import own_metrics
from mlops_charts.steps.judging.report import ChampionVerdict, Report
from mlops_charts.steps.judging.sample import Sample, sample
from mlops_charts.steps.judging.subject import Subject, slice_values
from mlops_charts.steps.rows import rows_of
from mlops_charts.steps.user_code import calling


@dataclass(frozen=True, eq=False)
class Examined:
    """A model and what it answered.

    Attributes:
        model: The saved model.
        subject: Its answers to the test rows, as gates ask them.
    """

    model: SavedModel
    subject: Subject


def examine(call: Call, model: SavedModel, test: Part, *, champion: bool = False) -> Examined:
    """Ask a model about all test rows at once, and about some by themselves for the latency.

    Args:
        call: The call of the step.
        model: What is judged.
        test: The test rows.
        champion: Whether it is the champion, which may ask for columns that are no features any more, and whose
            latency counts only where that is what is compared.

    Raises:
        Refused: The answers do not fit the rows, or the model's own metrics are not there.
    """
    spec = call.spec.model
    rows = rows_of(test.rows if champion else test.X, model.signature)
    with calling("the saved model"):  # its entrypoint is the user's code
        answers = model.answer(rows)
        timed = not champion or (spec.validation.champion and spec.validation.champion.metric == LATENCY)
        latency = measure(model, rows, len(test.y)) if timed else None
    judged = sample(spec.training.task, test.y, answers, model.signature.classes, lists_of(call.spec, test))
    columns = {gate.slice.column for gate in spec.validation.gates if gate.slice}
    subject = Subject(
        rows=judged,
        slices={column: slice_values(test.rows, column) for column in sorted(columns)},
        own=own_metrics(call.spec, call.source, test.y, answers.labels),
        latency=latency,
        seed=spec.training.seed,
    )
    return Examined(model, subject)


def conclude(call: Call, examined: Examined, rows: Divided, champion: ChampionVerdict | None) -> Report:
    """Hold a model against all gates, and return the report with the verdict.

    Raises:
        Refused: The model's own metrics raised.
    """
    asked, subject = call.spec.model.validation, examined.subject
    gates = tuple(judge_gate(gate, subject, asked.min_rows) for gate in asked.gates)
    lost = (champion.sentence,) if champion and not champion.passed else ()
    failures = (
        *few_rows(len(subject.rows), asked.min_rows),
        *(line for gate in gates for line in gate.failures),
        *lost,
    )
    figures, undefined = defined_metrics(subject.rows)
    return Report(
        model=call.spec.name,
        task=call.spec.model.training.task,
        run_id=call.parameters["run-id"],
        data_digest=rows.digest,
        verdict="failed" if failures else "passed",
        failures=failures,
        test_rows=len(subject.rows),
        train_rows=len(rows.train.y),
        min_rows=asked.min_rows,
        positive_class=_positive(subject.rows),
        classes=_counts(subject.rows),
        metrics={**figures, **_own(subject), **({LATENCY: subject.latency.p99} if subject.latency else {})},
        undefined=undefined,
        gates=gates,
        champion=champion,
        latency=subject.latency.figures() if subject.latency else None,
    )


def _own(subject: Subject) -> dict[str, float]:
    return subject.own.figures() if subject.own else {}


def _positive(rows: Sample) -> str:
    return rows.classes[1] if len(rows.classes) == 2 else ""  # noqa: PLR2004 - yes and no


def _counts(rows: Sample) -> dict[str, int]:
    if not rows.classes:
        return {}
    counts = np.bincount(rows.truth, minlength=len(rows.classes))
    return {name: int(found) for name, found in zip(rows.classes, counts, strict=True)}
