"""A card as Markdown and as one HTML file that asks for no other. It must not know where facts come from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Final

from mlops_charts.history.card import Card, Fact, Section

_MORE_STYLE: Final = """
h1 { font-size: 1.7rem; color: var(--ink); margin-bottom: .2rem; }
ol.chain { list-style: none; padding: 0; margin: 1.1rem 0 0; display: grid; gap: .6rem;
  grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); }
ol.chain li { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .7rem .95rem;
  border-left: 4px solid var(--hue0); }
ol.chain li.missing { border-left-color: var(--line); }
ol.chain b { display: block; font-size: .85rem; color: var(--soft); font-weight: 600; }
dl { display: grid; grid-template-columns: minmax(9rem, 15rem) 1fr; margin: 0; }
dt { color: var(--soft); padding: .35rem 1rem .35rem 0; } dd { margin: 0; padding: .35rem 0; overflow-wrap: anywhere; }
.missing { color: var(--warn); }
.panel + .panel, dl + .scroll { margin-top: .8rem; }
td { overflow-wrap: break-word; } .panel td:first-child { min-width: 11.5rem; }
"""


def markdown(card: Card) -> str:
    """Return a card as Markdown."""
    lines = [f"# {_plain(card.model)} {card.version}", ""]
    if card.description:
        lines += [_plain(card.description), ""]
    lines += [f"**{_plain(card.verdict)}.** Made {card.made}.", "", "## Lineage", ""]
    lines += [f"{number}. {_line(fact)}" for number, fact in enumerate(card.chain, 1)]
    for section in card.sections:
        lines += ["", f"## {_plain(section.title)}", "", *_body(section)]
    lines += ["", "## What is missing", ""]
    lines += [f"- {_plain(line)}" for line in card.missing] or ["Nothing."]
    return "\n".join(lines) + "\n"


def html(card: Card) -> str:
    """Return a card as HTML."""
    from mlops_charts.steps.judging import page  # noqa: PLC0415 - the report's own looks, which a card shares

    style = Path(page.__file__).with_name("page.css").read_text(encoding="utf-8") + _MORE_STYLE
    title = f"{card.model} {card.version}"
    tone = "passed" if card.sound else "failed"
    chain = "".join(
        f'<li class="{"" if fact.text else "missing"}"><b>{escape(fact.name)}</b>{_value(fact)}</li>'
        for fact in card.chain
    )
    lines = "".join(f"<li>{escape(line)}</li>" for line in card.missing)
    missing = f"<ul>{lines}</ul>" if lines else "<p>Nothing.</p>"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(title)}</h1>\n<p class="soft">{escape(card.description)}</p>\n'
        f'<div class="verdict {tone}"><b>{escape(card.verdict)}</b>Made {escape(card.made)}.</div>\n'
        f'<h2>Lineage</h2>\n<p class="soft">From the rows to the traffic.</p>\n<ol class="chain">{chain}</ol>\n'
        f"{''.join(map(_section, card.sections))}"
        f'<h2>What is missing</h2>\n<div class="panel">{missing}</div>\n'
        "</main>\n</body>\n</html>\n"
    )


# --- Markdown ---
def _body(section: Section) -> Iterable[str]:
    if section.note:
        yield f"{_plain(section.note)}"
        yield ""
    yield from (f"- {_line(fact)}" for fact in section.facts)
    if section.rows:
        yield ""
        yield f"| {' | '.join(map(_cell, section.head))} |"
        yield f"|{'---|' * len(section.head)}"
        yield from (f"| {' | '.join(map(_cell, row))} |" for row in section.rows)


def _line(fact: Fact) -> str:
    if not fact.text:
        return f"{_plain(fact.name)}: *missing*: {_plain(fact.missing)}"
    return f"{_plain(fact.name)}: {_code(fact.text) if fact.code else _plain(fact.text)}"


def _code(text: str) -> str:
    return f"`{' '.join(text.replace('`', ' ').split())}`"


def _plain(text: str) -> str:
    """Return words of a user as Markdown that says the same and does nothing."""
    return re.sub(r"([\\`*_\[\]<#|])", r"\\\1", " ".join(text.split()))


def _cell(text: str) -> str:
    return _plain(text)


# --- HTML ---
def _section(section: Section) -> str:
    note = f'<p class="soft">{escape(section.note)}</p>' if section.note else ""
    facts = "".join(f"<dt>{escape(fact.name)}</dt><dd>{_value(fact)}</dd>" for fact in section.facts)
    panel = f'<div class="panel">{f"<dl>{facts}</dl>"}</div>' if facts else ""
    return f"<h2>{escape(section.title)}</h2>\n{note}{panel}{_table(section)}\n"


def _value(fact: Fact) -> str:
    if not fact.text:
        return f'<span class="missing">missing: {escape(fact.missing)}</span>'
    return f"<code>{escape(fact.text)}</code>" if fact.code else escape(fact.text)


def _table(section: Section) -> str:
    if not section.rows:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in section.head)
    body = "".join(f"<tr>{''.join(f'<td>{_word(one)}</td>' for one in row)}</tr>" for row in section.rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="panel scroll">{table}</div>'


def _word(text: str) -> str:
    kinds = {
        "passed": "passed",
        "holds": "passed",
        "failed": "failed",
        "tooSmall": "tooSmall",
        "undefined": "undefined",
    }
    if text in kinds:
        return f'<span class="badge {kinds[text]}">{escape(text)}</span>'
    return escape(text)
