"""Makes the rows: scikit-learn's handwritten digits, each read by one of three scanners."""

import numpy as np
from sklearn.datasets import load_digits

SCANNERS = ("ward-a", "ward-b", "archive")
DARKER, GRAINIER = 0.85, 1.0  # the archive's old scanner: its share of the light, and its noise in levels of grey


def make(seed):
    """Return a row for each image: 64 levels of grey from 0 to 16, the scanner, and the digit as the target."""
    rng = np.random.default_rng(seed)
    rows = load_digits(as_frame=True).frame
    scanner = rng.choice(SCANNERS, size=len(rows), p=[0.4, 0.35, 0.25])
    pixels = [column for column in rows if column.startswith("pixel")]
    old = scanner == "archive"
    noise = rng.normal(scale=GRAINIER, size=(old.sum(), len(pixels)))
    rows.loc[old, pixels] = (rows.loc[old, pixels] * DARKER + noise).round().clip(0, 16)
    return rows.assign(scanner=scanner)
