"""Trains the ranking of what a shop shows."""

from sklearn.ensemble import GradientBoostingRegressor


def train(X, y, context):
    """Return boosted trees that score a user and an item: the higher, the likelier bought.

    Args:
        X: Data frame with what is known of each user and item that met.
        y: Series with 1 where the item was bought, else 0.
        context: `params` are those of the trees, and `seed` makes them the same each time.
    """
    return GradientBoostingRegressor(random_state=context.seed, **context.params).fit(X, y)
