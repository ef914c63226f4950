"""The part of a run's report that tells a release: traffic, weights, what the judge found over time, the commits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Final

from mlops_charts.judge.verdict import Compared
from mlops_charts.local import plots
from mlops_charts.local.durations import said
from mlops_charts.local.plots import Layer, Line, Mark, Span
from mlops_charts.local.release_story import WORDS, Look, Story

_TONES: Final = {"settled": "good", "rolledBack": "bad", "failed": "bad", "stopped": "bad"}
_FINDINGS: Final = {"pass": "good", "fail": "bad", "noData": "bad", "undecided": "quiet"}
_SHORT: Final = 10  # characters of a commit or a digest


def release_section(story: Story) -> str:
    """Return the section of one release."""
    tone = _TONES.get(story.outcome, "quiet")
    title = f"Release of {story.version} in {story.environment}" if story.version else f"Release in {story.environment}"
    head = f"<h2>{escape(title)} <span class={tone}>{escape(WORDS[story.outcome])}</span></h2>"
    parts = (
        f"<p class=why>{escape(story.reason)}</p>" if story.reason else "",
        f"<p>This version was made bad on purpose: it {escape(story.bad)}.</p>" if story.bad else "",
        _cards(story) if story.moves else "",
        _plots(story) if story.moves else "",
        _verdicts(story),
        _commits(story),
        _left_out(story),
    )
    return f"<section class=release>{head}{''.join(parts)}</section>"


def _cards(story: Story) -> str:
    cards = [
        ("version", story.version),
        ("beside", story.rival or "nothing: it is the first"),
        ("strategy", story.strategy or "unknown"),
        ("took", said(story.seconds)),
        ("requests", f"{sum(sum(one.answered.values()) for one in story.traffic):,}"),
        ("of the new version", f"{sum(one.answered.get(story.version, 0) for one in story.traffic):,}"),
    ]
    if story.caught is not None:
        cards.append(("first traffic to rollback", said(story.caught)))
    made = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in cards)
    return f"<dl class=cards>{made}</dl>"


def _plots(story: Story) -> str:
    ends = [*(move.at for move in story.moves), *(look.at for look in story.looks), *(one.at for one in story.traffic)]
    begin = min([story.began, *(move.at for move in story.moves)])
    span = Span(begin, max([begin + story.seconds, *ends]))
    edges = [move.at for move in story.moves]
    strip = plots.bands(span, [(move.at, move.title) for move in story.moves])
    parts = [_legend(story), "<h3>Phases</h3>", strip]
    parts += ["<h3>Share of the traffic, in percent, as git says it</h3>", _weights(span, story, edges)]
    if story.traffic:
        parts += ["<h3>Requests that were answered, each second</h3>", _traffic(span, story, edges)]
    checks = list(dict.fromkeys(check.check for look in story.looks for check in look.checks))
    if checks:
        parts.append(
            "<p class=legend><span class='key k-for'></span>evidence that it is no worse than the margin admits"
            "<span class='key k-against'></span>evidence that it is worse</p>"
        )
    for check in checks:
        parts += [f"<h3>{escape(check)}</h3>", _evidence(span, story, check, edges)]
    return "".join(parts)


def _legend(story: Story) -> str:
    rival = f"<span class='key k-old'></span>{escape(story.rival)}" if story.rival else ""
    return (
        f"<p class=legend>{rival}<span class='key k-new'></span>{escape(story.version)}"
        "<span class='key k-bad'></span>failed requests</p>"
    )


def _weights(span: Span, story: Story, edges: Sequence[float]) -> str:
    layers = [
        Layer("new", [Mark(move.at, move.weights.get(story.version, 0)) for move in story.moves]),
        Layer("old", [Mark(move.at, _others(move.weights, story.version)) for move in story.moves]),
    ]
    return plots.stacked(span, layers, 64, "percent", edges)


def _others(counts: Mapping[str, int], version: str) -> int:
    return sum(count for name, count in counts.items() if name != version)


def _traffic(span: Span, story: Story, edges: Sequence[float]) -> str:
    layers = [
        Layer("bad", [Mark(one.at, one.failed) for one in story.traffic]),
        Layer("new", [Mark(one.at, one.answered.get(story.version, 0)) for one in story.traffic]),
        Layer("old", [Mark(one.at, _others(one.answered, story.version)) for one in story.traffic]),
    ]
    return plots.stacked(span, layers, 110, "requests a second", edges)


def _evidence(span: Span, story: Story, check: str, edges: Sequence[float]) -> str:
    lines = [Line("for", list(_parts(story, check, "pass"))), Line("against", list(_parts(story, check, "fail")))]
    return plots.evidence(span, lines, 84, edges)


def _parts(story: Story, check: str, side: str) -> Iterator[list[Mark]]:
    """Yield the evidence of a check, step by step: each begins with none."""
    for (phase, step), looks in groupby(story.looks, key=lambda look: (look.phase, look.step)):
        begun = next((move.at for move in story.moves if (move.phase, move.step) == (phase, step)), None)
        marks = [_mark(look, one, side) for look in looks for one in look.checks if one.check == check]
        if marks:
            yield [*([Mark(begun, 0.0)] if begun is not None and begun <= marks[0].at else []), *marks]


def _mark(look: Look, check: Compared, side: str) -> Mark:
    found, need = (check.log_pass, check.need_pass) if side == "pass" else (check.log_fail, check.need_fail)
    share = found / need if need > 0 else 0.0
    return Mark(look.at, share, f"{_sides(check)}: {found:.2f} of {need:.2f} ({share:.0%})")


def _sides(check: Compared) -> str:
    return " and ".join(f"{count:,}" for count in check.samples) + " samples"


def _verdicts(story: Story) -> str:
    """Return what the judge found last at each step."""
    rows = []
    for (phase, step), looks in groupby(
        (look for look in story.looks if look.checks), key=lambda look: (look.phase, look.step)
    ):
        last = list(looks)[-1]
        move = next((move for move in story.moves if (move.phase, move.step) == (phase, step)), None)
        rows += [_row(move.title if move and not index else "", check) for index, check in enumerate(last.checks)]
        why = f": {last.reason}" if last.decision != "advance" else ", because every check has passed"
        rows.append(f'<tr><td></td><td colspan="7">{escape(last.decision + why)}</td></tr>')
    names = ("step", "check", "found", "before", "new", "difference", "admitted", "samples")
    head = f"<tr>{''.join(f'<th>{name}</th>' for name in names)}</tr>"
    return f"<h3>What the judge found at each step</h3><table>{head}{''.join(rows)}</table>" if rows else ""


def _row(title: str, check: Compared) -> str:
    tone = _FINDINGS[check.finding]
    finding = {"noData": "no data"}.get(check.finding, check.finding)
    interval = f" [{_figure(check.interval[0])} to {_figure(check.interval[1])}]" if check.interval else ""
    cells = (
        escape(title),
        escape(check.check),
        f"<span class={tone}>{escape(finding)}</span>",
        escape(_with_unit(check.stable, check.unit)),
        escape(_with_unit(check.candidate, check.unit)),
        escape(f"{_with_unit(check.effect, check.effect_unit)}{interval}"),
        escape(_with_unit(check.margin, check.effect_unit)),
        escape(" / ".join(f"{count:,}" for count in check.samples)),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _with_unit(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "seconds":
        return f"{1000 * value:.3g} ms"
    sign = {"percent": " %", "ratio": " times"}.get(unit, f" {unit}" if unit else "")
    return f"{_figure(value)}{sign}"


def _figure(value: float) -> str:
    return f"{value:.3g}"


def _commits(story: Story) -> str:
    """Return the commits, which are the release."""
    rows = []
    for move in story.moves:
        shown = (name for name in ("Mlops-Verdict", "Mlops-Evidence") if move.trailers.get(name))
        trailers = ", ".join(f"{name.removeprefix('Mlops-').lower()} {_cut(move.trailers[name])}" for name in shown)
        at = f"{max(move.at - story.began, 0):.1f} s"
        cells = (at, f"<code>{escape(move.commit[:_SHORT])}</code>", escape(move.subject), escape(trailers))
        rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    head = "<tr><th>at</th><th>commit</th><th>subject</th><th>trailers</th></tr>"
    return f"<h3>Commits of the release</h3><table>{head}{''.join(rows)}</table>" if rows else ""


def _cut(text: str) -> str:
    name, colon, digest = text.partition(":")
    return f"{name}:{digest[:_SHORT]}" if colon else text


def _left_out(story: Story) -> str:
    lines: Iterable[str] = (f"<li>{escape(line)}</li>" for line in story.left_out)
    return f"<h3>Other than in the cluster</h3><ul>{''.join(lines)}</ul>" if story.left_out else ""
