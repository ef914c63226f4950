"""A run as one HTML file that needs nothing else: no script, no font, no image from anywhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from mlops_charts.contract import REPORT_PAGE
from mlops_charts.local import plots
from mlops_charts.local.durations import said
from mlops_charts.local.records import REPORT, Node, Past
from mlops_charts.local.release_page import release_section
from mlops_charts.local.style import STYLE
from mlops_charts.local.summary import Summary, figure, metrics, number, shown
from mlops_charts.workspace.write import replace_text

_MOST_ROWS: Final = 200
_LIST_ROWS: Final = 30
_BRIEF: Final = 60  # characters in the line of a step
_NAMED_ELSEWHERE: Final = frozenset({"params", "metrics"})  # their names are not fields of ours
_TONES: Final[Mapping[str, str]] = {
    "Succeeded": "good", "Skipped": "quiet", "Omitted": "quiet", "Failed": "bad", "Error": "bad", "Stopped": "bad",
}  # fmt: skip


def write_page(past: Past, found: Summary, artifacts: Path) -> Path:
    """Write the report of a run and return its place."""
    place = past.folder / REPORT
    replace_text(place, page(past, found, artifacts))
    return place


def page(past: Past, found: Summary, artifacts: Path) -> str:
    """Return the report of a run."""
    style = STYLE + (plots.STYLE if found.releases else "")
    title = f"{found.model} {found.version}".strip()
    sections = (
        _head(found, past, title),
        _failed(found),
        *(release_section(story) for story in found.releases),
        _timeline(past),
        _judged(past, artifacts),
        _made(past),
        _passed(past),
        _facts(found, artifacts, past),
    )
    body = "\n".join(filter(None, sections))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}: run {escape(past.uid)}'
        f'</title><meta name="viewport" content="width=device-width"><style>{style}</style></head>\n'
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def _head(found: Summary, past: Past, title: str) -> str:
    pods = [node for node in past.nodes.values() if node.pod]
    cards = [
        ("version", found.version or "none"),
        ("decided", found.action or "nothing yet"),
        ("took", said(max(past.seconds, found.seconds))),
        ("steps run", str(sum(1 for node in pods if node.status == "Succeeded" and not node.reused))),
        ("passed over", str(sum(1 for node in shown(past) if node.status in {"Skipped", "Omitted"}))),
    ]
    made = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in cards)
    status = found.status if past.status == "Succeeded" else past.status
    tone = _TONES.get(status, "quiet")
    why = f"<p class=why>{escape(found.reason)}</p>" if found.reason else ""
    return (
        f"<header><h1>{escape(title)} <span class={tone}>{escape(status)}</span></h1>"
        f"<p>Run {escape(past.uid)} on this machine, began {escape(past.began[:19].replace('T', ' '))} UTC.</p>{why}"
        f"<dl class=cards>{made}</dl></header>"
    )


def _failed(found: Summary) -> str:
    parts = []
    for failure in found.failures:
        lines = "\n".join(failure.said)
        more = f"<pre>{escape(lines)}</pre>" if lines.removeprefix("error: ") != failure.reason else ""
        log = f"{more}<p class=quiet>All of it: {escape(failure.log)}</p>" if lines else ""
        parts.append(f"<h3>{escape(failure.step)}</h3><p class=bad>{escape(failure.reason)}</p>{log}")
    return _section("What went wrong", "".join(parts)) if parts else ""


def _timeline(past: Past) -> str:
    nodes = list(shown(past))
    whole = max([past.seconds, 0.001, *(node.started + node.seconds for node in nodes)])
    rows = "".join(_bar(node, whole) for node in nodes[:_MOST_ROWS])
    more = f"<p class=quiet>and {len(nodes) - _MOST_ROWS} more</p>" if len(nodes) > _MOST_ROWS else ""
    names = ("step", "from the start to the end of the run", "took", "what came of it")
    head = f"<tr>{''.join(f'<th>{name}</th>' for name in names)}</tr>"
    return _section("Timeline", f"<table class=time>{head}{rows}</table>{more}")


def _bar(node: Node, whole: float) -> str:
    left, width = 100 * node.started / whole, max(0.4, 100 * node.seconds / whole)
    tone = "reused" if node.reused else _TONES.get(node.status, "quiet")
    ran = node.seconds > 0 or node.pod
    bar = (
        f'<i class="{tone}" style="left:{min(left, 99.6):.2f}%;width:{min(width, 100 - left):.2f}%"></i>' if ran else ""
    )
    took = said(node.seconds) if ran and not node.reused else ""
    tries = f" ({node.tries} tries)" if node.tries > 1 else ""
    state = "taken over" if node.reused else escape(node.status)
    inner = " class=inner" if "/" in node.name or "(" in node.name else ""
    return (
        f"<tr{inner}><td>{escape(node.name)}</td><td class=line><b>{bar}</b></td><td>{took}{tries}</td>"
        f"<td><span class={tone}>{state}</span> {escape(_brief(node))}</td></tr>"
    )


def _brief(node: Node) -> str:
    """Return what a step found, or what stood for it; more of it stands further down."""
    found = figure(node)
    return found if len(found) <= _BRIEF else f"{found[:_BRIEF].rpartition(' ')[0]} ..."


def _judged(past: Past, artifacts: Path) -> str:
    """Return how the version was judged: metrics and gates, as validate found them, and its own report."""
    node = past.nodes.get("validate")
    if node is None or not (node.result or node.artifacts):
        return ""
    figures = metrics(node.result)
    numbers = _table(("metric", "value"), ((name, number(value)) for name, value in figures.items()))
    gates = "".join(_records(name, content) for name, content in node.result.items() if _listed(content))
    body = numbers + gates + _link(past, artifacts, node.artifacts.get("report", ""))
    return _section("Judgement", body) if body else ""


def _link(past: Past, artifacts: Path, report: str) -> str:
    """Return a link to the report of validation, which a gate that failed has left as well."""
    place = artifacts / report / REPORT_PAGE
    if not report or not place.exists():
        return ""
    relative = quote(os.path.relpath(place, past.folder))
    return f'<p><a href="{relative}">The whole report of validation</a></p>'


def _made(past: Past) -> str:
    """Return what the other steps found: the scalars of their results, and what stood for images."""
    parts = []
    for node in past.nodes.values():
        rows = [(key, content) for key, content in _flat(node.result) if content != ""] if "/" not in node.name else []
        note = f"<p>{escape(node.note)}</p>" if node.note else ""
        if (rows or note) and node.task != "validate":
            parts.append(f"<h3>{escape(node.name)}</h3>{note}{_table(('', ''), rows)}")
    return _section("What each step found", "".join(parts)) if parts else ""


def _passed(past: Past) -> str:
    nodes = [node for node in shown(past) if node.status in {"Skipped", "Omitted"}]
    rows = _table(("step", "why"), ((node.name, node.reason) for node in nodes))
    return _section("What did not run, and why", rows) if nodes else ""


def _facts(found: Summary, artifacts: Path, past: Past) -> str:
    facts = {
        "code digest": found.code_digest,
        "data digest": found.data_digest,
        "git commit": found.git_commit,
        "MLflow run": found.run_id,
        "image": found.image,
        "image digest": found.image_digest or "none: no image was built",
        "saved model": found.model_folder,
        "artifacts": str(artifacts),
        "logs": str(past.folder / "logs"),
    }
    return _section(
        "Names and digests", _table(("", ""), ((key, text) for key, text in facts.items() if text), code=True)
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, code: bool = False) -> str:
    tag = "code" if code else "span"
    lines = "".join(
        f"<tr><td>{escape(row[0])}</td>"
        + "".join(f"<td><{tag}>{escape(one)}</{tag}></td>" for one in row[1:])
        + "</tr>"
        for row in rows
    )
    names = f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in head)}</tr>" if any(head) else ""
    kind = "" if any(head) else " class=pairs"
    return f"<table{kind}>{names}{lines}</table>" if lines else ""


def _listed(content: Any) -> bool:
    return isinstance(content, list) and bool(content) and all(isinstance(one, Mapping) for one in content)


def _records(name: str, content: Sequence[Mapping[str, Any]]) -> str:
    """Return a list of objects as a table, a column for each scalar that any of them has."""
    keys = list(
        dict.fromkeys(key for one in content for key, held in one.items() if not isinstance(held, Mapping | list))
    )
    keys = [key for key in keys if any(_plain(one.get(key)) for one in content)]
    rows = ([_plain(one.get(key)) for key in keys] for one in content[:_LIST_ROWS])
    more = f"<p class=quiet>and {len(content) - _LIST_ROWS} more</p>" if len(content) > _LIST_ROWS else ""
    return f"<h3>{escape(name)}</h3>{_table([_words(key) for key in keys], rows)}{more}"


def _flat(result: Mapping[str, Any], prefix: str = "", *, verbatim: bool = False) -> Iterator[tuple[str, str]]:
    for key, content in result.items():
        name = f"{prefix}{key if verbatim else _words(key)}"
        if isinstance(content, Mapping):
            yield from _flat(content, f"{name} ", verbatim=verbatim or key in _NAMED_ELSEWHERE)
        elif not _listed(content):
            yield name, _plain(content)


def _words(key: str) -> str:
    """Return a name of a field as words."""
    if key == "cls":
        return "class"
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in key)


def _plain(content: Any) -> str:
    if isinstance(content, bool):
        return "yes" if content else "no"
    if isinstance(content, float):
        return number(content)
    if isinstance(content, list):
        return ", ".join(map(_plain, content))
    return "" if content is None else content if isinstance(content, str) else json.dumps(content)
