"""The report as a page that needs nothing but itself, and as JSON. It knows the report and what plots show, no more."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any, Final

from mlops_charts.contract import REPORT_JSON, REPORT_PAGE
from mlops_charts.steps.judging.lists import LIST_METRICS
from mlops_charts.steps.judging.meanings import MEANINGS
from mlops_charts.steps.judging.plots import pictures
from mlops_charts.steps.judging.ranges import drop_range, gate_range
from mlops_charts.steps.judging.report import ChampionVerdict, GateVerdict, Report
from mlops_charts.steps.judging.sample import Sample
from mlops_charts.steps.judging.words import count, number, percent

_MOST_CLASSES: Final = 25  # in the table of mistakes
_CARDS: Final = 4
_OWN: Final = "a metric of the model's own"
_OF_ONE: Final = "Precision, recall, specificity, f1 and rocAuc"
_WORDS: Final = {
    "passed": "passed",
    "failed": "failed",
    "tooSmall": "too few rows",
    "undefined": "not judged",
    "worse": "worse",
    "notWorse": "not worse",
    "inconclusive": "cannot tell",
    "skipped": "skipped",
}


def write_report(report: Report, rows: Sample, folder: Path) -> None:
    """Write report.json and report.html.

    Args:
        report: What was found.
        rows: The test rows with truth and answers, for pictures.
        folder: Where they go.
    """
    text = report.model_dump_json(indent=2, by_alias=True) + "\n"
    (folder / REPORT_JSON).write_text(text, encoding="utf-8")
    (folder / REPORT_PAGE).write_text(page(report, rows), encoding="utf-8")


def page(report: Report, rows: Sample) -> str:
    """Return the report as HTML."""
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    sections = (
        _head(report),
        _gates(report),
        _champion(report.champion),
        _mistakes(rows),
        _metrics(report),
        _foot(report),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.model)}: validation {report.verdict}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{''.join(sections)}</main>\n</body>\n</html>\n"
    )


def _head(report: Report) -> str:
    name = escape(report.model)
    passed = report.verdict == "passed"
    good = sum(gate.passed for gate in report.gates)
    verdict = f"{name} may become a version" if passed else f"{name} was stopped"
    basis = f"Judged by {count(report.test_rows, 'test row')} that training never saw."
    gates = f" {good} of {count(len(report.gates), 'gate')} passed." if report.gates else " No gate was asked for."
    lines = "".join(f"<li>{escape(line)}</li>" for line in report.failures)
    return (
        f'<h1>Validation of {name}</h1>\n<div class="verdict {report.verdict}"><b>{verdict}</b>{basis}{gates}'
        f"{f'<ul>{lines}</ul>' if lines else ''}</div>\n{_cards(report)}"
    )


def _cards(report: Report) -> str:
    shown = list(report.metrics.items())[:_CARDS]
    cards = [(name, number(value), MEANINGS.get(name, _OWN)) for name, value in shown]
    if report.latency:
        slowest = f"{1000 * report.latency.p99_seconds:.3g} ms"
        cards = [card for card in cards if card[0] != "latencyP99Seconds"]
        cards.append(("time for one row", slowest, "99 of 100 are answered within this time"))
    return (
        '<div class="cards">'
        + "".join(
            f'<div class="card"><span class="small soft">{escape(name)}</span><strong>{figure}</strong>'
            f'<span class="small soft">{escape(meaning)}</span></div>'
            for name, figure, meaning in cards
        )
        + "</div>\n"
    )


# --- gates ---
def _gates(report: Report) -> str:
    if not report.gates:
        return ""
    body = "".join(_gate(gate) for gate in report.gates)
    bounds = percent(report.gates[0].confidence)
    return (
        '<h2>Gates</h2>\n<p class="soft">What was asked, and what was found. The dot is the estimate; the band shows '
        f"how far the true value may lie on either side, each end with {bounds} confidence; the dashed line is the "
        'limit.</p>\n<div class="panel scroll"><table><thead><tr><th>Asked</th><th class="num">Found</th>'
        f'<th></th><th class="num">Based on</th><th></th></tr></thead><tbody>{body}</tbody></table></div>\n'
    )


def _gate(gate: GateVerdict) -> str:
    found = "" if gate.estimate is None else number(gate.estimate)
    status = "passed" if gate.passed else "failed"
    notes = "".join(f'<p class="small soft">{escape(line)}</p>' for line in gate.notes)
    row = (
        f'<tr><td>{_asked(gate)}{notes}</td><td class="num">{found}</td><td>{gate_range(gate, gate, gate.passed)}</td>'
        f'<td class="num">{_basis(gate, gate.rows)}</td><td>{_badge(status)}</td></tr>'
    )
    return row + "".join(
        f'<tr class="slice"><td class="soft">&emsp;{escape(gate.slice_column)} = {escape(one.value)}</td>'
        f'<td class="num">{"" if one.estimate is None else number(one.estimate)}</td>'
        f"<td>{gate_range(gate, one, one.status != 'failed')}</td>"
        f'<td class="num">{count(one.rows)}</td><td>{_badge(one.status)}</td></tr>'
        for one in gate.slices
    )


def _basis(gate: GateVerdict, found: int) -> str:
    unit = "call" if gate.metric == "latencyP99Seconds" else "list" if gate.metric in LIST_METRICS else "row"
    return count(found, unit)


def _asked(gate: GateVerdict) -> str:
    what = f"<b>{escape(gate.metric)}</b>" + (f" of {escape(gate.cls)}" if gate.cls else "")
    limits = [f"{word} {number(at)}" for word, at in (("at least", gate.min), ("at most", gate.max)) if at is not None]
    if gate.slice_column:
        limits = [" and ".join(limits) + f" in each {escape(gate.slice_column)}"] if limits else []
    if gate.max_spread is not None:
        limits.append(f"values of {escape(gate.slice_column)} at most {number(gate.max_spread)} apart")
    sure = f", {percent(gate.confidence)} sure" if gate.on == "lowerBound" else ""
    return f"{what} {'; '.join(limits)}{sure}"


def _badge(status: str) -> str:
    return f'<span class="badge {status}">{_WORDS[status]}</span>'


# --- champion ---
def _champion(found: ChampionVerdict | None) -> str:
    if found is None:
        return ""
    kind = found.verdict if found.verdict in {"skipped", "inconclusive"} else "passed" if found.passed else "failed"
    badge = f'<span class="badge {kind}">{_WORDS[found.verdict]}</span>'
    notes = "".join(f'<p class="small soft">{escape(note)}</p>' for note in found.notes)
    figures = ""
    if found.new is not None and found.champion is not None and found.drop is not None:
        figures = (
            f'<table><tbody><tr><td>{escape(found.metric)} of this model</td><td class="num">{number(found.new)}</td>'
            f"<td></td></tr><tr><td>of champion {escape(found.version)}, on the same rows</td>"
            f'<td class="num">{number(found.champion)}</td><td></td></tr>'
            f'<tr><td>drop (below 0 is better)</td><td class="num">{number(found.drop)}</td>'
            f"<td>{drop_range(found)}</td></tr></tbody></table>"
        )
    outcome = "" if found.verdict == "skipped" else f" It {'may go on' if found.passed else 'is stopped'}."
    sentence = found.sentence[:1].upper() + found.sentence[1:]
    return (
        f'<h2>Against what serves now</h2>\n<div class="panel"><p>{badge} {escape(sentence)}.{outcome}</p>'
        f"{figures}{notes}</div>\n"
    )


# --- mistakes ---
def _mistakes(rows: Sample) -> str:
    shown = [
        f'<figure><h3>{escape(title)}</h3><span class="small soft">{said}</span>{picture}</figure>'
        for title, said, picture in pictures(rows)
    ]
    if rows.task == "classification" and len(rows.classes) <= _MOST_CLASSES:
        shown.insert(0, _matrix(rows))
    if not shown:
        return ""
    return f'<h2>Where it errs</h2>\n<div class="pair">{"".join(shown)}</div>\n'


def _matrix(rows: Sample) -> str:
    from mlops_charts.steps.judging.metrics import confusion  # noqa: PLC0415 - a page of other tasks needs none

    counts = confusion(rows)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in rows.classes)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(_cells(counts[k], k))}</tr>'
        for k, name in enumerate(rows.classes)
    )
    return (
        '<figure class="wide"><h3>Right and wrong</h3><span class="small soft">Test rows by what is true (a line each) '
        'and what was answered (a column each).</span><div class="scroll"><table class="matrix"><thead><tr><th></th>'
        f"{head}</tr>"
        f"</thead><tbody>{body}</tbody></table></div></figure>"
    )


def _cells(line: Any, k: int) -> Iterable[str]:
    most = max(int(line.sum()), 1)
    for at, found in enumerate(line.tolist()):
        kind = "right" if at == k else "wrong"
        share = round(12 + 58 * found / most) if found else 0
        yield f'<td class="{kind}" style="--share:{share}%">{found or "·"}</td>'


# --- figures and where they come from ---
def _metrics(report: Report) -> str:
    body = "".join(
        f'<tr><td>{escape(name)}</td><td class="num">{number(value)}</td>'
        f'<td class="soft">{escape(MEANINGS.get(name, _OWN))}</td></tr>'
        for name, value in report.metrics.items()
    ) + "".join(
        f'<tr><td>{escape(name)}</td><td class="num">none</td><td class="soft">{escape(reason)}</td></tr>'
        for name, reason in report.undefined.items()
    )
    positive = ""
    if report.positive_class:
        positive = f" {_OF_ONE} are of <b>{escape(report.positive_class)}</b>, the second of two classes."
    elif report.classes:
        positive = f" {_OF_ONE} are the mean over all classes."
    return (
        f'<h2>All metrics</h2>\n<p class="soft">On the test rows.{positive}</p>\n'
        f'<div class="panel scroll"><table><tbody>{body}</tbody></table></div>\n'
    )


def _foot(report: Report) -> str:
    lines = [f"The model learnt from {count(report.train_rows, 'row')}."]
    if report.classes:
        rows = ", ".join(f"{escape(name)} {found:,}" for name, found in list(report.classes.items())[:_MOST_CLASSES])
        lines.append(f"Test rows of each class: {rows}.")
    if report.latency:
        half, slow = (f"{1000 * at:.3g} ms" for at in (report.latency.p50_seconds, report.latency.p99_seconds))
        lines.append(
            f"One row takes {half} (half of {report.latency.calls:,} calls) and {slow} (99 of 100) in the quietest "
            f"round, on the machine that validated: {escape(report.latency.machine)}. Other machines, and a server "
            "with many callers, differ."
        )
    lines.append("Bounds take the test rows as independent; rows of one patient, user or day are less than they seem.")
    lines.append(f"Run <code>{escape(report.run_id)}</code>, data <code>{escape(report.data_digest)}</code>.")
    return f"<footer>{''.join(f'<p>{line}</p>' for line in lines)}</footer>\n"
