"""Whether the servers of the benchmark serve the same model: each in its own format, to the rows of the example.

It knows formats alone, and must not know how a server is started.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CLASSES = ("setosa", "versicolor", "virginica")


def example_rows(folder: Path) -> tuple[list[list[float]], list[str]]:
    """Return the rows of a saved model's example, and the class that the model had for each."""
    said = json.loads((folder / "example.json").read_text())
    columns = [tensor["data"] for tensor in said["v2"]["inputs"]]
    return [list(row) for row in zip(*columns, strict=True)], said["answers"]["labels"]


def disagreement(expected: Sequence[str], body: bytes) -> str:
    """Return in one line how an answer differs from the classes that the model has; nothing where it does not."""
    try:
        found = classes(json.loads(body))
    except (ValueError, KeyError, IndexError, TypeError) as error:
        return f"no answer in any known format ({type(error).__name__}): {body[:200]!r}"
    if found == list(expected):
        return ""
    return f"it answers {', '.join(found) or 'nothing'}, where the model says {', '.join(expected)}"


def classes(answer: Any) -> list[str]:
    """Return the class of each row.

    Args:
        answer: Of version 2, whose first output is labels or numbers of classes; of Seldon's first protocol, with
            probabilities by class; or an object with labels.
    """
    if "outputs" in answer:
        return [_named(one) for one in answer["outputs"][0]["data"]]
    if "labels" in answer:
        return [_named(one) for one in answer["labels"]]
    return [CLASSES[row.index(max(row))] for row in answer["data"]["ndarray"]]


def _named(found: Any) -> str:
    return found if isinstance(found, str) else CLASSES[found]
