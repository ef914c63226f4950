"""Rows become requests, a body a line: what `replay` sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Literal

from mlops_charts.saved_model import read_signature
from mlops_charts.steps.examples import requests_of
from mlops_charts.steps.rows import rows_of

_MOST: Final = 10_000
_SEED: Final = 20


def write_bodies(model: Path, rows: Any, file: Path, protocol: Literal["v2", "seldon"]) -> int:
    """Write a request of one row a line, and return how many there are.

    Args:
        model: The folder of the saved model, which takes the rows.
        rows: A DataFrame of features; of more than 10,000 rows as many are drawn, the same ones every time.
        file: What is written.
        protocol: Of the requests.

    Raises:
        Refused: A column is missing, or holds what the model does not take.
    """
    if len(rows) > _MOST:
        rows = rows.sample(_MOST, random_state=_SEED)
    signature = read_signature(model)
    columns = rows_of(rows, signature)
    place = ("v2", "seldon").index(protocol)
    with file.open("w", encoding="utf-8") as lines:
        for number in range(len(rows)):
            row = {name: values[number : number + 1] for name, values in columns.items()}
            lines.write(json.dumps(requests_of(row, signature)[place], separators=(",", ":")) + "\n")
    return len(rows)
