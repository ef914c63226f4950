"""What validation found, as report.json holds it. It knows no numpy, so that whoever reads a report loads nothing."""

from __future__ import annotations

from typing import Final, Literal

from mlops_charts.steps.call import Result

SCHEMA_VERSION: Final = 1

Status = Literal["passed", "failed", "tooSmall", "undefined"]


class SliceVerdict(Result):
    """A metric in the rows that share a value of a column.

    Attributes:
        value: The value of the column; `(missing)` where it has none.
        rows: Test rows in the slice.
        status: Whether it passed; or is too small to judge, or lacks what the metric needs.
        estimate: The metric; none where it does not exist.
        low: Lower bound, one-sided; none where nothing bounds it.
        high: Upper bound, one-sided.
        reason: Why it did not pass.
    """

    value: str
    rows: int
    status: Status
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


class GateVerdict(Result):
    """One gate and what became of it.

    Attributes:
        metric: The metric.
        cls: The class that it is taken of; empty for all.
        on: Whether the estimate had to pass, or the bound of its interval.
        min: The least that passes.
        max: The most that passes.
        slice_column: The column whose values make slices; empty without slices.
        max_spread: The most that the best and the worst slice may differ.
        passed: Whether everything that the gate asks is so.
        rows: What it rests on: test rows, those of the class, lists of a ranking, or calls of a latency.
        estimate: The metric over all test rows; none where it does not exist.
        low: Lower bound with `confidence`, one-sided; none where nothing bounds the metric.
        high: Upper bound with `confidence`, one-sided.
        confidence: Of each bound by itself.
        method: How the bounds were found.
        spread: Difference of the best and the worst slice.
        slices: Each slice.
        failures: A line for each thing that is not as asked.
        notes: What could not be judged, and why.
    """

    metric: str
    cls: str = ""
    on: Literal["estimate", "lowerBound"] = "estimate"
    min: float | None = None
    max: float | None = None
    slice_column: str = ""
    max_spread: float | None = None
    passed: bool
    rows: int
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float
    method: str = ""
    spread: float | None = None
    slices: tuple[SliceVerdict, ...] = ()
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ChampionVerdict(Result):
    """The comparison with the version that serves now, on the same rows.

    Attributes:
        verdict: worse: by more than maxDrop, with the confidence; notWorse: by no more than it, with the confidence;
            inconclusive: the rows cannot tell; skipped: there was nothing to compare.
        passed: Whether the new version may go on.
        sentence: The verdict in words, or why it was skipped.
        version: The champion's version.
        metric: What was compared.
        new: The metric of the new version.
        champion: The metric of the champion.
        drop: How much worse the new version is, in the metric's unit; below 0 it is better.
        low: The drop is not less than this, with `confidence`.
        high: The drop is not more than this, with `confidence`.
        confidence: Of each bound by itself.
        max_drop: The drop that is allowed.
        excludable: The smallest drop that these rows could have excluded, had both been equally good;
            none where no row tells them apart.
        rows: Rows, or lists of a ranking, that were compared; of latencies the calls.
        method: How the bounds were found.
        notes: What to bear in mind.
    """

    verdict: Literal["worse", "notWorse", "inconclusive", "skipped"]
    passed: bool
    sentence: str
    version: str = ""
    metric: str = ""
    new: float | None = None
    champion: float | None = None
    drop: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    max_drop: float | None = None
    excludable: float | None = None
    rows: int = 0
    method: str = ""
    notes: tuple[str, ...] = ()


class LatencyFigures(Result):
    """How long the saved model takes for one row, on the machine that validated it.

    Attributes:
        p50_seconds: Half of the calls took no longer.
        p99_seconds: 99 of 100 took no longer.
        calls: How many were measured, in the quietest round.
        machine: What machine that was.
    """

    p50_seconds: float
    p99_seconds: float
    calls: int
    machine: str


class Report(Result):
    """All that validation found.

    Attributes:
        schema_version: Of this form; it rises when a field changes its meaning or goes.
        model: The model's name.
        task: What it predicts.
        run_id: The run that was judged.
        data_digest: Digest of the data.
        verdict: Whether it may become a version.
        failures: A line for each reason why not.
        test_rows: Rows that it was judged by.
        train_rows: Rows that it learnt from.
        min_rows: The fewest test rows that were asked for.
        positive_class: Of two classes, the one that metrics without a class are taken of; else empty.
        classes: The classes, and how many test rows are of each.
        metrics: Every metric that exists on these rows.
        undefined: The other metrics of the task, and why they do not.
        gates: Each gate.
        champion: The comparison with what serves now; none if it was not asked for.
        latency: How long one row takes.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    model: str
    task: str
    run_id: str
    data_digest: str
    verdict: Literal["passed", "failed"]
    failures: tuple[str, ...]
    test_rows: int
    train_rows: int
    min_rows: int
    positive_class: str = ""
    classes: dict[str, int]
    metrics: dict[str, float]
    undefined: dict[str, str]
    gates: tuple[GateVerdict, ...]
    champion: ChampionVerdict | None = None
    latency: LatencyFigures | None = None
