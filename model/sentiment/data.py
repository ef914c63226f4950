"""Makes the rows: what guests of a hotel might write, from a small grammar in which a "not" turns a word around.

The same words can say opposite things: "the soup was not bad and the room was good" pleases, "the soup was bad and the
room was not good" does not. Who counts words cannot tell them apart.
"""

import numpy as np
import pandas as pd

SENTENCES = 4000
MISTAKES = 0.03  # share of guests who click the wrong face
GOOD = ("good", "lovely", "great", "charming", "pleasant", "splendid", "superb", "delightful", "fine", "excellent")
BAD = ("bad", "awful", "poor", "dreary", "unpleasant", "terrible", "mediocre", "disappointing", "dull", "horrible")
THINGS = ("room", "soup", "staff", "breakfast", "bar", "garden", "bathroom", "porter", "view", "bed", "lobby", "wine")
OPENINGS = (
    "",
    "",
    "",
    "honestly ,",
    "we stayed two nights :",
    "i did not book it myself , but",
    "no complaints from me :",
)
VERBS = ("was", "was", "seemed", "looked")
NEGATIONS = ("not", "never", "hardly", "not really", "not at all")
EMPHASIS = ("", "", "very", "quite", "really")


def make(seed):
    """Return a row for each sentence, no two the same: its text, and whether its guest clicked positive or negative."""
    rng = np.random.default_rng(seed)
    meant = {}
    while len(meant) < SENTENCES:
        positive = bool(rng.integers(2))
        meant[sentence(rng, positive=positive)] = positive
    clicked = np.array(list(meant.values())) ^ (rng.random(SENTENCES) < MISTAKES)
    return pd.DataFrame({"text": list(meant), "sentiment": np.where(clicked, "positive", "negative")})


def sentence(rng, *, positive):
    """Return a sentence of one clause or two that mean the same."""
    clauses = [_clause(rng, positive=positive) for _ in range(rng.integers(1, 3))]
    return " ".join(f"{rng.choice(OPENINGS)} {' and '.join(clauses)} .".split())


def _clause(rng, *, positive):
    """Return a clause that praises or blames: half of them by denying the opposite."""
    denied = bool(rng.integers(2))
    word = rng.choice(GOOD if positive != denied else BAD)
    middle = rng.choice(NEGATIONS) if denied else rng.choice(EMPHASIS)
    return f"the {rng.choice(THINGS)} {rng.choice(VERBS)} {middle} {word}"
