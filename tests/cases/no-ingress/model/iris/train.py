"""Trains a small classifier."""

from typing import Any

from sklearn.linear_model import LogisticRegression


def train(rows: Any, labels: Any, context: Any) -> Any:
    """Return a fitted estimator."""
    return LogisticRegression(max_iter=200, random_state=context.seed).fit(rows, labels)
