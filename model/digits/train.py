"""Trains the reader of handwritten digits."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import SVC


def train(X, y, context):
    """Return a support vector machine whose probabilities can be believed, fitted on the training split.

    Args:
        X: Data frame with 64 levels of grey for each image.
        y: Series with the digits.
        context: `params` are `C`, the price of a mistake in training, and `gamma`, how local the model is.
    """
    machine = SVC(kernel="rbf", **context.params)
    return CalibratedClassifierCV(machine, method="sigmoid", cv=3, ensemble=False).fit(X, y)
