"""What the server counts, without a server."""

from __future__ import annotations

import numpy as np
from model_servers import IRIS

from mlops_charts import contract
from mlops_charts.saved_model import Answers
from mlops_charts.serving.asked import Identity
from mlops_charts.serving.metrics import Metrics


def test_very_many_classes_share_a_series() -> None:
    """Whatever a model's classes are, its predictions have 200 series at most, and every row is in one of them."""
    classes = tuple(f"c{number:04}" for number in range(5000))
    metrics = Metrics(Identity(), IRIS.model_copy(update={"classes": classes}))
    metrics.begin()
    metrics.answered(Answers(np.array(["c0000", "c0198", "c0199", "c4999", "c4999"], object)))

    lines = [line for line in metrics.text().splitlines() if line.startswith(f"{contract.PREDICTIONS}{{")]
    counted = {line.partition('value="')[2].partition('"')[0]: float(line.rpartition(" ")[2]) for line in lines}
    assert len(lines) == 200
    assert {value: rows for value, rows in counted.items() if rows} == {"c0000": 1, "c0198": 1, "(others)": 3}
