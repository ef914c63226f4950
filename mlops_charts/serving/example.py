"""The proof that the model here is the one that was saved: it answers its example as it did then, in both protocols."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from traceback import format_exc
from typing import Any, Final

import numpy as np

from mlops_charts.contract import EXAMPLE
from mlops_charts.log import log
from mlops_charts.saved_model import Answers, BrokenModel, Rows, SavedModel, load
from mlops_charts.saved_model.example import Example, read_example
from mlops_charts.saved_model.wrapped import predict_failed
from mlops_charts.serving import protocol_seldon, protocol_v2
from mlops_charts.serving.asked import trusted_by
from mlops_charts.serving.declined import Declined
from mlops_charts.serving.inputs import Inputs

_TOLERANCE: Final = 1e-4  # of a value; what computes may differ a little from processor to processor


def check_example(model: SavedModel, folder: Path) -> int:
    """Return how many rows of the example the model answered as it did when it was saved.

    Raises:
        BrokenModel: It answers something else, or the example is not there.
    """
    example = _example(folder)
    inputs = Inputs(model.signature, len(example.answers.labels))
    try:
        requests = protocol_v2.read(example.v2, inputs).rows, protocol_seldon.read(example.seldon, inputs).rows
    except Declined as declined:
        raise BrokenModel(f"{folder / EXAMPLE} is no request to this model: {declined}") from None
    for rows in requests:
        _compare(_answered(model, rows, folder), example, folder)
    return len(example.answers.labels)


def _answered(model: SavedModel, rows: Rows, folder: Path) -> Answers:
    try:
        return model.answer(rows)
    except BrokenModel:
        raise
    except Exception as error:
        if not isinstance(error, ModuleNotFoundError):  # of which the line below says all
            log("model failed", error=type(error).__name__, traceback=format_exc())
        reason = predict_failed(model.signature, error)
        raise BrokenModel(f"the model does not answer {folder / EXAMPLE}: {reason}") from error


def _example(folder: Path) -> Example:
    try:
        return read_example(folder)
    except OSError as error:
        raise BrokenModel(f"{folder / EXAMPLE} cannot be read: {error.strerror}") from None
    except ValueError as error:
        reason = str(error).replace("\n", " ")
        raise BrokenModel(f"{folder / EXAMPLE} is no example of this version: {reason}") from None


def _compare(answers: Answers, example: Example, folder: Path) -> None:
    for row, (said, found) in enumerate(zip(example.answers.labels, answers.labels.tolist(), strict=True)):
        if not _same(said, found):
            raise _differs(folder, row, said, found)
    if example.answers.probabilities is None or answers.probabilities is None:
        return
    for row, (said, found) in enumerate(zip(example.answers.probabilities, answers.probabilities, strict=True)):
        if not np.allclose(said, found, rtol=_TOLERANCE, atol=_TOLERANCE):
            raise _differs(folder, row, said, found.tolist())


def _same(said: Any, found: Any) -> bool:
    if isinstance(said, float) and isinstance(found, int | float):
        return bool(np.isclose(said, found, rtol=_TOLERANCE, atol=_TOLERANCE))
    return said == found or (said is None and found != found)  # noqa: PLR0124 - JSON has no NaN


def _differs(folder: Path, row: int, said: Any, found: Any) -> BrokenModel:
    return BrokenModel(f"the model does not answer {folder / EXAMPLE} as it did: row {row}: {said} then, {found} now")


def main(folder: str) -> int:
    """Check the example of a folder where no server of ours is installed, and return an exit status."""
    trusted, allow_pickle = trusted_by(os.environ)
    try:
        check_example(load(Path(folder), trusted=trusted, allow_pickle=allow_pickle), Path(folder))
    except BrokenModel as broken:
        sys.stderr.write(f"error: {broken}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
