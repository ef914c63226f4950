"""How a version was judged before it became one, as its report of validation says it; a part of its card."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from pydantic import ValidationError

from mlops_charts.history.card import Fact, Section
from mlops_charts.history.lineage import REPORT, Lineage
from mlops_charts.steps.judging.report import ChampionVerdict, GateVerdict, Report
from mlops_charts.steps.judging.words import count, number, percent

_TITLE = "Validation"


def judged(found: Lineage) -> Section:
    """Return verdict, metrics and gates, as report.json of the run holds them."""
    content = found.files.get(REPORT)
    if content is None:
        reason = f"{REPORT} is not with its run in MLflow" if found.run else "the run is gone from MLflow"
        return Section(_TITLE, (Fact("report", missing=reason),))
    try:
        report = Report.model_validate_json(content)
    except ValidationError:
        return Section(_TITLE, (Fact("report", missing=f"{REPORT} is of another version of this program"),))
    facts = [
        Fact("verdict", report.verdict),
        *(Fact("reason", line) for line in report.failures),
        Fact("judged by", f"{count(report.test_rows, 'test row')}; it learnt from {count(report.train_rows)}"),
        _same_rows(report, found),
        *(Fact(name, number(value)) for name, value in report.metrics.items()),
        *(Fact(name, missing=reason) for name, reason in report.undefined.items()),
        *_champion(report.champion),
        Fact("digest of the report", f"sha256:{hashlib.sha256(content).hexdigest()}", code=True),
    ]
    rows = tuple(row for gate in report.gates for row in _gate(gate))
    head = ("gate", "found", "may lie between", "based on", "verdict") if rows else ()
    return Section(_TITLE, tuple(facts), head, rows, "" if rows else "No gate was asked for.")


def _same_rows(report: Report, found: Lineage) -> Fact:
    if report.data_digest == found.version.data:
        return Fact("rows", "those that it was trained of: the digests are the same")
    return Fact("rows", f"others than those that it was trained of: {report.data_digest[:12]}")


def _gate(gate: GateVerdict) -> Iterator[tuple[str, ...]]:
    limits = [f"{word} {number(at)}" for word, at in (("at least", gate.min), ("at most", gate.max)) if at is not None]
    if gate.max_spread is not None:
        limits.append(f"at most {number(gate.max_spread)} apart")
    what = gate.metric + (f" of {gate.cls}" if gate.cls else "")
    where = f" in each {gate.slice_column}" if gate.slice_column else ""
    sure = f", {percent(gate.confidence)} sure" if gate.on == "lowerBound" else ""
    verdict = "passed" if gate.passed else "failed"
    yield (
        f"{what} {' and '.join(limits)}{where}{sure}",
        *_found(gate.estimate, gate.low, gate.high, gate.rows),
        verdict,
    )
    for one in gate.slices:
        yield (f"- {gate.slice_column} = {one.value}", *_found(one.estimate, one.low, one.high, one.rows), one.status)


def _found(estimate: float | None, low: float | None, high: float | None, rows: int) -> tuple[str, str, str]:
    between = f"{'-' if low is None else number(low)} and {'-' if high is None else number(high)}"
    return (
        "none" if estimate is None else number(estimate),
        "" if low is None and high is None else between,
        f"{rows:,}",
    )


def _champion(found: ChampionVerdict | None) -> Iterator[Fact]:
    if found is None:
        yield Fact("against the champion", "not asked for")
        return
    against = f" (champion {found.version}, {count(found.rows)})" if found.version else ""
    yield Fact("against the champion", f"{found.verdict}: {found.sentence}{against}")
