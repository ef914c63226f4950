"""Metrics of our own."""

from typing import Any


def compute(truth: Any, answers: Any, context: Any) -> dict[str, float]:
    """Return more metrics."""
    return {"share": float((answers == "yes").mean())}
