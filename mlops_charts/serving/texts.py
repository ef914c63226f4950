"""The JSON of labels and probabilities, written once for all rows that were computed together."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from mlops_charts.saved_model import Signature
from mlops_charts.serving.asks import Together


def label_texts(together: Together, signature: Signature) -> list[bytes]:
    """Return the JSON of each label; none if they are not of the plain type that the classes have."""
    kind = {"string": str, "integer": int, "boolean": bool}[signature.class_type]
    known: dict[Any, bytes] = {}
    for label in set(together.labels):
        if type(label) is not kind:
            return []
        known[label] = orjson.dumps(label)
    texts = together.texts["labels"] = [known[label] for label in together.labels]
    return texts


def probability_texts(together: Together) -> list[bytes]:
    """Return the JSON of each row of probabilities, without its brackets."""
    rows = np.ascontiguousarray(together.answers.probabilities)
    text = orjson.dumps(rows, option=orjson.OPT_SERIALIZE_NUMPY)
    texts = together.texts["probabilities"] = text[2:-2].split(b"],[")
    return texts


def flat_text(together: Together) -> bytes:
    """Return the JSON of all probabilities, one after the other, without brackets."""
    flat = np.ascontiguousarray(together.answers.probabilities).ravel()
    return orjson.dumps(flat, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
