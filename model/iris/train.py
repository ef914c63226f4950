"""Trains the classifier of iris flowers."""

from sklearn.ensemble import RandomForestClassifier


def train(X, y, context):
    """Return a forest fitted on the training split.

    Args:
        X: Data frame with the features.
        y: Series with the species.
        context: The run; `context.params` and `context.seed` come from model.yaml.
    """
    model = RandomForestClassifier(random_state=context.seed, **context.params)
    return model.fit(X, y)
