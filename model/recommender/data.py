"""Makes the rows: what a shop showed to its visitors, and what they bought. Nobody rated anything, as in most shops."""

import numpy as np
import pandas as pd

USERS = 1200
ITEMS = 200
SHOWN = 30  # items to each user
BOUGHT = 2.0  # of them, on average
TASTES = 4  # hidden from the model, which sees a noisy picture of them


def make(seed):
    """Return a row for each item shown to a user: what was known then, and 1 if it was bought."""
    rng = np.random.default_rng(seed)
    user = np.repeat(np.arange(USERS), SHOWN)
    item = np.concatenate([rng.choice(ITEMS, SHOWN, replace=False) for _ in range(USERS)])
    taste, style = rng.normal(size=(USERS, TASTES)), rng.normal(size=(ITEMS, TASTES))
    match = (taste[user] * style[item]).sum(axis=1) / np.sqrt(TASTES)
    popularity, price = rng.gamma(2, size=ITEMS)[item], rng.lognormal(3, 0.6, size=ITEMS)[item]
    budget, mobile = rng.lognormal(3.2, 0.4, size=USERS)[user], rng.integers(2, size=USERS)[user]
    too_dear = np.maximum(np.log(price / budget), 0) * (0.7 + 0.8 * mobile)  # a small screen makes impatient
    wish = 1.6 * match + 0.4 * popularity - too_dear + rng.gumbel(size=len(user))
    return pd.DataFrame(
        {
            "user": user,
            "item": item,
            "similarity": match + rng.normal(scale=0.5, size=len(user)),  # to what the user bought before
            "recent_views": rng.poisson(np.exp(0.5 * match - 0.5)),
            "popularity": popularity,
            "price": price,
            "budget": budget,
            "mobile": mobile,
            "bought": (wish > np.quantile(wish, 1 - BOUGHT / SHOWN)).astype(int),
        }
    )
