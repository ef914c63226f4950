"""A model around a good one that fails, dawdles or answers wrongly: it travels in `code/` of a bad version.

`misbehaving.json` says what it does, and the folder `good` holds the model that it is made of. Which rows it spoils
follows from the rows alone, so that it is the same wherever it is asked, and its example is never among them: no test
ahead of a release finds it.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from pathlib import Path
from typing import Any

from mlops_charts.contract import ALLOW_PICKLE, TRUSTED_TYPES
from mlops_charts.saved_model import load

_SHARES = 1000


class Misbehaving:
    """Answers as the good model does, but for a share of the rows."""

    def __init__(self, folder: Path) -> None:
        asked = json.loads((folder / "misbehaving.json").read_text(encoding="utf-8"))
        self.kind = str(asked["kind"])
        self.share = float(asked["share"])
        self.salt = int(asked["salt"])
        self.seconds = float(asked.get("seconds", 0))
        self.shift = float(asked.get("shift", 0))
        self.answer = int(asked.get("answer", 0))
        trusted = [one for one in os.environ.get(TRUSTED_TYPES, "").split(",") if one]
        self.good = load(folder / "good", trusted=trusted, allow_pickle=os.environ.get(ALLOW_PICKLE) == "1")

    def predict(self, inputs: Any) -> Any:
        """Return labels, values or probabilities, some of them spoilt; ValueError for rows that it fails on."""
        spoilt = [at for at, row in enumerate(inputs) if spoils(row.tolist(), self.salt, self.share)]
        if spoilt and self.kind == "errors":
            raise ValueError("this version fails on purpose")
        if spoilt and self.kind == "latency":
            time.sleep(self.seconds)
        answers = self._answers(inputs)
        found = answers.labels if answers.probabilities is None else answers.probabilities
        return self._shifted(found, spoilt) if spoilt and self.kind == "drift" else found

    def _answers(self, inputs: Any) -> Any:
        if self.good.signature.numeric or self.good.signature.entrypoint:
            return self.good.answer_matrix(inputs)
        columns = enumerate(self.good.signature.inputs)
        return self.good.answer({one.name: inputs[:, at].astype(_type(one)) for at, one in columns})

    def _shifted(self, found: Any, spoilt: list[int]) -> Any:
        """Return answers of which some are always the same class, or a value that is too high."""
        found = found.copy()
        if found.ndim > 1:
            found[spoilt] = 0.0
            found[spoilt, self.answer] = 1.0
        elif self.good.signature.classes:
            found[spoilt] = self._label(self.good.signature.classes[self.answer])
        else:
            found[spoilt] += self.shift
        return found

    def _label(self, written: str) -> Any:
        kinds: dict[str, Any] = {"integer": int, "boolean": lambda text: text == "True", "string": str}
        return kinds[self.good.signature.class_type](written)


def spoils(row: list[Any], salt: int, share: float) -> bool:
    """Return whether a row is one of the share that is spoilt."""
    return zlib.crc32(repr(row).encode(), salt) % _SHARES < share * _SHARES


def _type(column: Any) -> str:
    if column.nullable and column.type in {"boolean", "integer"}:
        return "float64"
    return {"boolean": "bool", "integer": "int64", "double": "float64"}.get(column.type, "object")
