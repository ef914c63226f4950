"""What a signal is worth, beside how often it is right."""

import numpy as np

SIDE = {"buy": 1, "hold": 0, "sell": -1}


def compute(truth, answers, context):
    """Return what the signals earn a minute, and how many minutes they trade in.

    Args:
        truth: What would have been right, minute by minute.
        answers: What the model says, in the same order.
        context: `params["cost"]` is what a trade costs, in units of a right move.

    Returns:
        hitValue: Mean of +1 for a trade in the right direction, -1 in the wrong one, less its cost; 0 for no trade.
        tradeShare: Share of the minutes with a trade.
    """
    right, side = (np.array([SIDE[signal] for signal in signals]) for signals in (truth, answers))
    return {
        "hitValue": float((right * side - context.params["cost"] * abs(side)).mean()),
        "tradeShare": float(abs(side).mean()),
    }
