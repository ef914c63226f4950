"""Makes the rows: minutes of a market with 500 indicators, of which a dozen say something about the next minute."""

import numpy as np
import pandas as pd
from scipy.signal import lfilter

MINUTES = 8000
INDICATORS = 500
INFORMATIVE = 12
MEMORY = 0.9  # share of an indicator that is left a minute later
QUIET = 0.5  # moves of the price below this, in standard deviations of its noise, are worth no trade


def make(seed):
    """Return a row a minute: its time, the indicators then, and what would have been right to do."""
    rng = np.random.default_rng(seed)
    shocks = rng.normal(size=(MINUTES, INDICATORS)) * np.sqrt(1 - MEMORY**2)
    indicators = lfilter([1], [1, -MEMORY], shocks, axis=0).astype(np.float32)
    strength = np.zeros(INDICATORS)
    strength[rng.choice(INDICATORS, INFORMATIVE, replace=False)] = rng.choice([-0.25, 0.25], INFORMATIVE)
    move = indicators @ strength + rng.normal(size=MINUTES)
    signal = np.select([move > QUIET, move < -QUIET], ["buy", "sell"], "hold")
    rows = pd.DataFrame(indicators, columns=[f"indicator_{number:03}" for number in range(INDICATORS)])
    return rows.assign(minute=pd.date_range("2026-01-05", periods=MINUTES, freq="min"), signal=signal)
