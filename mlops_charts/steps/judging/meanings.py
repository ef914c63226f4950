"""What each metric means, for readers who are no statisticians."""

from __future__ import annotations

from typing import Final

MEANINGS: Final = {
    "accuracy": "share of rows that are answered rightly",
    "balancedAccuracy": "share that is answered rightly, every class weighing the same",
    "precision": "of the rows that are said to be of a class, the share that is",
    "recall": "of the rows of a class, the share that is found",
    "specificity": "of the rows of other classes, the share that raises no false alarm",
    "f1": "precision and recall in one number (their harmonic mean)",
    "rocAuc": "how often a row of a class gets a higher score than another row; 0.5 is chance",
    "logLoss": "how surprised the model's probabilities are by the truth; 0 is never",
    "brier": "mean squared distance of the probabilities from the truth; 0 is perfect",
    "mae": "mean size of the error, in the target's unit",
    "rmse": "root of the mean squared error, in the target's unit; large errors weigh more",
    "mape": "mean size of the error as a share of the true value",
    "r2": "share of the target's variation that is explained; 0 is no better than the mean",
    "medianAbsoluteError": "half of the errors are no larger, in the target's unit",
    "maxError": "the largest error, in the target's unit",
    "ndcg": "how good the order of a list is, the first places weighing most; 1 is perfect",
    "map": "mean of the precision at each relevant place of a list",
    "mrr": "mean of 1 / place of the first relevant item",
    "hitRate": "share of lists with something relevant among the first ten",
    "latencyP99Seconds": "99 of 100 single rows are answered within this many seconds",
}
