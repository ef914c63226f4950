"""Small pictures as SVG text: axes, lines, points. They take their colours from the page, so that dark is dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import Final

from mlops_charts.steps.judging.words import number

_WIDTH, _HEIGHT = 360, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 12, 44
_STEPS: Final = (1, 2, 2.5, 5, 10)
Point = tuple[float, float]


@dataclass(frozen=True)
class Axes:
    """A rectangle with numbers along two of its sides.

    Attributes:
        x: Least and most along.
        y: Least and most upward.
        along: What stands below.
        upward: What stands beside.
        title: What the picture shows, for whoever cannot see it.
    """

    x: Point
    y: Point
    along: str
    upward: str
    title: str

    def at(self, point: Point) -> Point:
        """Return where a point stands in the picture."""
        (x0, x1), (y0, y1) = self.x, self.y
        right, up = (point[0] - x0) / (x1 - x0), (point[1] - y0) / (y1 - y0)
        return _LEFT + right * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    def line(self, points: Iterable[Point], kind: str) -> str:
        """Return a line through points; `kind` is a class of the page's style."""
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(self.at, points))
        return f'<polyline class="{kind}" points="{text}"/>'

    def dots(self, points: Iterable[Point], kind: str, radius: float = 2.5) -> str:
        """Return points."""
        return "".join(
            f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>' for x, y in map(self.at, points)
        )

    def bars(self, edges: Sequence[float], heights: Sequence[float], kind: str) -> str:
        """Return a bar between each two edges."""
        found = []
        for left, right, height in zip(edges, edges[1:], heights, strict=False):
            (x0, y0), (x1, y1) = self.at((left, 0)), self.at((right, height))
            found.append(
                f'<rect class="{kind}" x="{x0 + 0.5:.1f}" y="{y1:.1f}" width="{max(x1 - x0 - 1, 0.5):.1f}" '
                f'height="{y0 - y1:.1f}"/>'
            )
        return "".join(found)

    def drawn(self, *parts: str) -> str:
        """Return the whole picture."""
        (x0, y0), (x1, y1) = self.at((self.x[0], self.y[0])), self.at((self.x[1], self.y[1]))
        frame = [f'<path class="axis" d="M{x0:.1f} {y1:.1f}V{y0:.1f}H{x1:.1f}"/>']
        for tick in ticks(*self.x):
            x, _ = self.at((tick, self.y[0]))
            frame.append(f'<text class="tick" x="{x:.1f}" y="{y0 + 16:.1f}" text-anchor="middle">{number(tick)}</text>')
        for tick in ticks(*self.y):
            _, y = self.at((self.x[0], tick))
            frame.append(f'<path class="grid" d="M{x0:.1f} {y:.1f}H{x1:.1f}"/>')
            frame.append(f'<text class="tick" x="{x0 - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{number(tick)}</text>')
        middle = (y0 + y1) / 2
        frame.append(
            f'<text class="name" x="{(x0 + x1) / 2:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(self.along)}'
            f'</text><text class="name" transform="translate(13 {middle:.1f}) rotate(-90)" text-anchor="middle">'
            f"{escape(self.upward)}</text>"
        )
        return (
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(self.title)}">'
            f"{''.join(frame)}{''.join(parts)}</svg>"
        )


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round numbers between two, about as many as asked for."""
    if not high > low:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** floor(log10(rough))
    step = next(power * one for one in _STEPS if power * one >= rough * (1 - 1e-9))
    first = ceil(low / step - 1e-9)
    return [i * step for i in range(first, floor(high / step + 1e-9) + 1)]


def span(low: float, high: float) -> Point:
    """Return a range that holds two numbers with some air, and is never empty."""
    air = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
    return low - air, high + air
