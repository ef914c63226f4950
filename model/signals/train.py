"""Trains the trading signal."""

from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def train(X, y, context):
    """Return a linear model on the indicators that tell the classes apart best: microseconds a row.

    Args:
        X: Data frame with the indicators of each minute.
        y: Series with buy, hold or sell.
        context: `params` are `indicators`, how many are kept, and `C`, how freely they are weighted.
    """
    return make_pipeline(
        StandardScaler(),
        SelectKBest(k=context.params["indicators"]),
        LogisticRegression(C=context.params["C"], max_iter=500),
    ).fit(X, y)
