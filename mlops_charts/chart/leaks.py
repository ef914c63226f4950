"""The mark by which a value is recognised that was turned into a string by mistake."""

from __future__ import annotations

from mlops_charts.chart.errors import ChartError

MARK = "<mlops-charts node "


def refuse_leak(text: str) -> None:
    """Raise ChartError if the repr of a node has slipped into a string."""
    if MARK in text:
        raise ChartError(f"a value was turned into a string: {text[:80]!r}; use text() to put it inside a string")
