"""Iris behind Seldon's Python wrapper, as its documentation writes a model: an estimator and its predict_proba."""

import os

from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression


class Iris:
    """A model of Seldon's wrapper."""

    def __init__(self):  # noqa: ANN204 - a model as people write it
        """Train what KIND names."""
        kinds = {"logistic": LogisticRegression(max_iter=1000), "forest": RandomForestClassifier(100, random_state=0)}
        self._model = kinds[os.environ["KIND"]].fit(*load_iris(return_X_y=True))

    def predict(self, X, names, meta=None):  # noqa: ANN001, ANN201, ARG002, N803 - as above
        """Return probabilities."""
        return self._model.predict_proba(X)
