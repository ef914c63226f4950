"""Plots over time as SVG that stands in a page: no script, its colours those of the page, light or dark.

It knows figures and words; it must not know what they mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 960
LEFT: Final = 52
RIGHT: Final = 12
_TOP: Final = 8
_CHARACTER: Final = 6.6  # width of one, in the units of the plot
_MOST_MARKS: Final = 150

STYLE: Final = (
    ":root{--old:#2f6fdb;--new:#d9822b;--for:#1a7f4b;--against:#b42318}@media(prefers-color-scheme:dark){:root{"
    "--old:#7aa7ff;--new:#f5a860;--for:#4cc38a;--against:#ff8f85}}svg.plot{display:block;width:100%;height:auto;"
    "margin:2px 0 10px;font:11px system-ui,sans-serif}svg.plot text{fill:var(--dim)}svg.plot .on{fill:var(--ink)}"
    "svg.plot .grid{stroke:var(--line);stroke-width:1}svg.plot .limit{stroke:var(--ink);stroke-width:1;"
    "stroke-dasharray:4 3}svg.plot .edge{stroke:var(--line);stroke-dasharray:2 3}.f-old{fill:var(--old)}"
    ".f-new{fill:var(--new)}.f-bad{fill:var(--against)}.f-band{fill:var(--back)}.s-for{stroke:var(--for)}"
    ".s-against{stroke:var(--against)}svg.plot polyline{fill:none;stroke-width:2;stroke-linejoin:round}"
    "svg.plot .area{opacity:.85}.m-for{fill:var(--for)}.m-against{fill:var(--against)}"
    ".key{display:inline-block;width:10px;height:10px;border-radius:3px;margin:0 5px 0 14px}.key:first-child{"
    "margin-left:0}.k-old{background:var(--old)}.k-new{background:var(--new)}.k-for{background:var(--for)}"
    ".k-against,.k-bad{background:var(--against)}.release td code{white-space:nowrap}"
    ".legend{color:var(--dim);font-size:13px;margin:6px 0 2px}"
)


@dataclass(frozen=True)
class Span:
    """The time that a plot is over.

    Attributes:
        begin: In seconds since 1970.
        end: The same.
    """

    begin: float
    end: float

    def x(self, at: float) -> float:
        """Return where a moment is, in the units of the plot."""
        whole = max(self.end - self.begin, 0.001)
        share = min(max((at - self.begin) / whole, 0.0), 1.0)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 2)


@dataclass(frozen=True)
class Mark:
    """A figure at a moment.

    Attributes:
        at: In seconds since 1970.
        figure: The figure.
        title: What is said of it where it is pointed at.
    """

    at: float
    figure: float
    title: str = ""


@dataclass(frozen=True)
class Line:
    """Figures that belong together.

    Attributes:
        tone: `for` or `against`.
        parts: Its parts, between which nothing is drawn.
    """

    tone: str
    parts: Sequence[Sequence[Mark]]


@dataclass(frozen=True)
class Layer:
    """A layer of a stack.

    Attributes:
        tone: `old`, `new` or `bad`.
        marks: What there is of it, at the same moments as of all others.
    """

    tone: str
    marks: Sequence[Mark]


def bands(span: Span, named: Sequence[tuple[float, str]]) -> str:
    """Return a strip of what went on: each name from its moment on to the next one's; what is too long is cut."""
    height, parts = 22, []
    ends = [*(at for at, _ in named[1:]), span.end]
    for (at, name), end in zip(named, ends, strict=True):
        left, right = span.x(at), span.x(end)
        room = int((right - left - 6) / _CHARACTER)
        text = name if len(name) <= room else f"{name[: room - 1]}…" if room > 3 else ""  # noqa: PLR2004 - not one letter
        width = f"{max(right - left - 1, 1):.2f}"
        parts.append(
            f'<g><title>{escape(name)}</title><rect class="f-band" x="{left}" y="2" width="{width}" '
            f'height="{height - 4}" rx="3"/><text class="on" x="{left + 4}" y="15">{escape(text)}</text></g>'
        )
    return _svg(height, parts, "what went on")


def stacked(span: Span, layers: Sequence[Layer], height: int, unit: str, edges: Iterable[float] = ()) -> str:
    """Return layers on top of each other, each figure holding until the next moment."""
    moments = [mark.at for mark in layers[0].marks] if layers else []
    whole = [sum(layer.marks[at].figure for layer in layers) for at in range(len(moments))]
    most = max([*whole, 1e-9])
    base = [0.0] * len(moments)
    parts = [*_grid(height, [(0.0, "0"), (0.5, f"{most / 2:,.3g}"), (1.0, f"{most:,.3g}")], unit)]
    for layer in layers:
        top = [low + mark.figure for low, mark in zip(base, layer.marks, strict=True)]
        if any(mark.figure for mark in layer.marks):
            borders = list(zip(moments, base, top, strict=True))
            parts.append(_area(span, borders, layer.tone, height, most))
        base = top
    parts += [_edge(span.x(at), height) for at in edges]
    parts += _axis(span, height)
    return _svg(height + 16, parts, unit)


def evidence(span: Span, lines: Sequence[Line], height: int, edges: Iterable[float] = ()) -> str:
    """Return lines of which 1 is what decides; what is far below 0 or above 1 is drawn at the border."""
    low, high = -0.2, 1.1
    parts: list[str] = []
    for share, text, kind in ((0, "none", "grid"), (1, "decides", "limit")):
        y = _y(share, height, low, high)
        parts.append(f'<line class="{kind}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{text}</text>')
    parts += [_edge(span.x(at), height) for at in edges]
    for line in lines:
        for part in line.parts:
            clipped = [(span.x(one.at), _y(min(max(one.figure, low), high), height, low, high), one) for one in part]
            points = " ".join(f"{x},{y}" for x, y, _ in clipped)
            parts.append(f'<polyline class="s-{line.tone}" points="{points}"/>')
            told = [one for one in clipped if one[2].title]
            parts += [
                f'<circle class="m-{line.tone}" cx="{x}" cy="{y}" r="2.5"><title>{escape(one.title)}</title></circle>'
                for x, y, one in told[-_MOST_MARKS:]
            ]
    parts += _axis(span, height)
    return _svg(height + 16, parts, "evidence")


def _area(span: Span, edges: Sequence[tuple[float, float, float]], tone: str, height: int, most: float) -> str:
    """Return a step from each moment to the next, along the top and back along the bottom.

    Args:
        span: The time.
        edges: Each moment with the lower and the upper border from it on.
        tone: Of the layer.
        height: Of the plot.
        most: What is at its top.
    """
    ends = [*(at for at, _, _ in edges[1:]), span.end]
    spans = [(span.x(x), low, high) for (at, low, high), end in zip(edges, ends, strict=True) for x in (at, end)]
    top = [(x, _y(high / most, height)) for x, _, high in spans]
    back = [(x, _y(low / most, height)) for x, low, _ in spans]
    points = " ".join(f"{x},{y}" for x, y in (*top, *reversed(back)))
    return f'<polygon class="area f-{tone}" points="{points}"/>'


def _y(share: float, height: int, low: float = 0.0, high: float = 1.0) -> float:
    return round(height - (share - low) / (high - low) * (height - _TOP), 2)


def _grid(height: int, at: Sequence[tuple[float, str]], unit: str) -> Iterable[str]:
    for share, text in at:
        y = _y(share, height)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end"><title>{escape(unit)}</title>{escape(text)}</text>'


def _edge(x: float, height: int) -> str:
    return f'<line class="edge" x1="{x}" x2="{x}" y1="{_TOP}" y2="{height}"/>'


def _axis(span: Span, height: int) -> Iterable[str]:
    whole = span.end - span.begin
    step = next((one for one in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600) if whole / one <= 10), 1800)  # noqa: PLR2004
    for index in range(int(whole / step) + 1):
        x = span.x(span.begin + index * step)
        anchor = "start" if not index else "middle" if x < WIDTH - RIGHT - 12 else "end"
        yield f'<text x="{x}" y="{height + 13}" text-anchor="{anchor}">{index * step} s</text>'


def _svg(height: float, parts: Iterable[str], label: str) -> str:
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )
