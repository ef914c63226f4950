"""Gates: what a version must achieve, held against what it does. Every gate is judged, however many fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import numpy as np

from mlops_charts.spec.quality import Gate
from mlops_charts.steps.judging.intervals import CONFIDENCE, Interval
from mlops_charts.steps.judging.report import GateVerdict, SliceVerdict
from mlops_charts.steps.judging.sample import Undefined
from mlops_charts.steps.judging.subject import Subject
from mlops_charts.steps.judging.words import apart, count, number, percent

SLICE_ROWS: Final = 30
"""A slice of fewer test rows, or of fewer than minRows, is too small to judge, unless it is bad beyond doubt."""

_ROUNDING: Final = 1e-12  # of sums of floats: 0.3 * 3 passes a min of 0.9


def few_rows(rows: int, min_rows: int) -> tuple[str, ...]:
    """Return a line if there are fewer test rows than a verdict may rest on."""
    if rows >= min_rows:
        return ()
    return (f"{count(rows, 'test row')} are fewer than minRows {min_rows:,}, by {min_rows - rows:,}",)


def judge_gate(gate: Gate, subject: Subject, min_rows: int) -> GateVerdict:
    """Return what became of a gate.

    Args:
        gate: What is asked.
        subject: The model on its test rows.
        min_rows: The fewest rows that a verdict may rest on.

    Raises:
        Refused: The model's own metrics raised.
    """
    if gate.slice is not None:
        return _sliced(gate, subject, min(min_rows, SLICE_ROWS))
    verdict = GateVerdict(**_asked(gate), passed=False, rows=_units(gate, subject), confidence=CONFIDENCE)
    try:
        estimate = subject.value(gate.metric, gate.cls)
        found = _interval(gate, subject)
    except Undefined as reason:
        return verdict.model_copy(update={"failures": (f"{_name(gate)} cannot be judged: {reason}",)})
    failures = _misses(gate, estimate, found, _on(gate, subject))
    return verdict.model_copy(
        update={
            "passed": not failures,
            "failures": failures,
            "estimate": estimate,
            **(asdict(found) if found else {}),
        }
    )


def _asked(gate: Gate) -> dict[str, object]:
    return {
        "metric": gate.metric,
        "cls": gate.cls or "",
        "on": gate.on,
        "min": gate.min,
        "max": gate.max,
        "slice_column": gate.slice.column if gate.slice else "",
        "max_spread": gate.max_spread,
    }


def _units(gate: Gate, subject: Subject) -> int:
    try:
        return subject.units(gate.metric)
    except Undefined:
        return 0


def _interval(gate: Gate, subject: Subject, index: object = None) -> Interval | None:
    """Return the bounds; None where nothing bounds the metric or it would cost much, and nobody asked for bounds."""
    asked = gate.on == "lowerBound"
    if subject.is_own(gate.metric) and not asked:
        return None
    try:
        return subject.interval(gate.metric, gate.cls, index)
    except Undefined:
        if asked:
            raise
        return None


def _name(gate: Gate) -> str:
    return gate.metric if gate.cls is None else f"{gate.metric} of {gate.cls}"


def _on(gate: Gate, subject: Subject, index: object = None) -> str:
    """Return on what a figure rests, in words."""
    if gate.metric == "latencyP99Seconds":
        return f"on {count(subject.units(gate.metric), 'call')} of one row each"
    rows = subject.rows if index is None else subject.rows.take(index)
    said = f"on {count(len(rows), 'test row')}"
    if gate.cls is None or subject.is_own(gate.metric):
        return said
    return f"{said}, {int((rows.truth == rows.position(gate.cls)).sum()):,} of them {gate.cls}"


def _misses(gate: Gate, estimate: float, found: Interval | None, on: str, where: str = "") -> tuple[str, ...]:
    """Return a line for min and for max, where the figure that counts is beyond."""
    bound = gate.on == "lowerBound" and found is not None
    name = _name(gate)
    lines = []
    for limit, kind, side, word in (
        (gate.min, "min", found.low if found else estimate, "lower"),
        (gate.max, "max", found.high if found else estimate, "upper"),
    ):
        value = side if bound else estimate
        if limit is None or not _beyond(value, limit, kind):
            continue
        text, asked, distance = apart(value, limit)
        relation = "below" if kind == "min" else "above"
        if bound:
            what = f"the {percent(CONFIDENCE)} {word} bound {text} of {name}{where} (estimate {number(estimate)})"
        else:
            what = f"{name} {text}{where}"
        lines.append(f"{what} is {relation} {kind} {asked} by {distance}, {on}")
    return tuple(lines)


def _beyond(value: float, limit: float, kind: str) -> bool:
    slack = _ROUNDING * max(1.0, abs(limit))
    return value < limit - slack if kind == "min" else value > limit + slack


# --- slices ---
def _sliced(gate: Gate, subject: Subject, fewest: int) -> GateVerdict:
    column = gate.slice.column if gate.slice else ""
    values = subject.slices[column]
    slices = tuple(_slice(gate, subject, column, value, fewest) for value in sorted(set(values)))
    judged = [one for one in slices if one.status in {"passed", "failed"} and one.rows >= fewest]
    spread, wide = _spread(gate, column, judged)
    failures = (*(one.reason for one in slices if one.status == "failed"), *wide)
    if not judged and not failures:
        most = max(one.rows for one in slices)
        asked = f"none that has the metric has {count(fewest, 'test row')}, and the largest has {most:,}"
        failures = (f"{_name(gate)} cannot be judged in the {count(len(slices), 'slice')} of {column}: {asked}",)
    return GateVerdict(
        **_asked(gate),
        passed=not failures,
        rows=len(subject.rows),
        confidence=CONFIDENCE,
        estimate=_whole(gate, subject),
        spread=spread,
        slices=slices,
        failures=failures,
        notes=tuple(one.reason for one in slices if one.status in {"tooSmall", "undefined"}),
    )


def _whole(gate: Gate, subject: Subject) -> float | None:
    try:
        return subject.value(gate.metric, gate.cls)
    except Undefined:
        return None


def _slice(gate: Gate, subject: Subject, column: str, value: str, fewest: int) -> SliceVerdict:
    index = subject.slices[column] == value
    rows = int(index.sum())
    where = f' in {column} = "{value}"'
    try:
        estimate = subject.value(gate.metric, gate.cls, index)
        found = _interval(gate, subject, index)
    except Undefined as reason:
        said = f"{_name(gate)}{where} cannot be judged: {reason}"
        return SliceVerdict(value=value, rows=rows, status="undefined", reason=said)
    bounds = {"low": found.low, "high": found.high} if found else {}
    misses = "; ".join(_misses(gate, estimate, found, _on(gate, subject, index), where))
    if rows >= fewest or (misses and _beyond_doubt(gate, found)):
        status = "failed" if misses else "passed"
        return SliceVerdict(value=value, rows=rows, status=status, estimate=estimate, reason=misses, **bounds)
    said = f"{_name(gate)}{where} is too small to judge: {count(rows, 'test row')}, fewer than {fewest}"
    return SliceVerdict(value=value, rows=rows, status="tooSmall", estimate=estimate, reason=said, **bounds)


def _beyond_doubt(gate: Gate, found: Interval | None) -> bool:
    """Return whether even the end of the interval that speaks for the model is not good enough."""
    if found is None:
        return False
    low = gate.min is not None and _beyond(found.high, gate.min, "min")
    return low or (gate.max is not None and _beyond(found.low, gate.max, "max"))


def _spread(gate: Gate, column: str, judged: Sequence[SliceVerdict]) -> tuple[float | None, tuple[str, ...]]:
    if gate.max_spread is None:
        return None, ()
    known = [(one.estimate, one) for one in judged if one.estimate is not None]
    if len(known) < 2:  # noqa: PLR2004 - one slice differs from nothing
        return None, (f"{_name(gate)} cannot be compared: of the slices of {column} {len(known)} can be judged",)
    (low, worst), (high, best) = min(known, key=lambda one: one[0]), max(known, key=lambda one: one[0])
    spread = float(np.subtract(high, low))
    if not _beyond(spread, gate.max_spread, "max"):
        return spread, ()
    text, asked, distance = apart(spread, gate.max_spread)
    ends = [f'{column} = "{one.value}" ({number(at)}, {count(one.rows)})' for at, one in ((low, worst), (high, best))]
    line = f"{_name(gate)} differs by {text} between {ends[0]} and {ends[1]}, above maxSpread {asked} by {distance}"
    return spread, (line,)
