"""A model stored as an estimator: by skops, or as a pickle."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import float_info
from typing import Any

from mlops_charts.saved_model.isolated import Modules, borrowed
from mlops_charts.saved_model.labels import answers_of, class_values
from mlops_charts.saved_model.model import Answers, BrokenModel, Rows
from mlops_charts.saved_model.positions import by_position
from mlops_charts.saved_model.rows import columns_of, matrix_of
from mlops_charts.saved_model.signature import Signature
from mlops_charts.saved_model.trusted import TRUSTED


@dataclass(frozen=True)
class EstimatorModel:
    """A model stored as an estimator.

    Attributes:
        signature: What it takes and gives.
        estimator: What computes.
        classes: The labels in the order of the probabilities.
        largest: The largest finite number that it takes.
    """

    signature: Signature
    estimator: Any
    classes: Any
    largest: float = float_info.max

    def answer(self, rows: Rows) -> Answers:
        """Return what the model says of some rows."""
        if self.signature.frame:
            return self._asked(_frame(rows, self.signature))
        dtype = "float64" if self.signature.numeric else "object"
        return self._asked(matrix_of(rows, self.signature, dtype))

    def answer_matrix(self, matrix: Any) -> Answers:
        """Return what the model says of rows that are one matrix of numbers."""
        return self.answer(columns_of(matrix, self.signature)) if self.signature.frame else self._asked(matrix)

    def _asked(self, inputs: Any) -> Answers:
        rows = len(inputs)
        labels = answers_of(self.estimator.predict(inputs), rows, self.signature, self.classes).labels
        if not self.signature.probabilities:
            return Answers(labels)
        found = answers_of(self.estimator.predict_proba(inputs), rows, self.signature, self.classes)
        return Answers(labels, found.probabilities)


def skops_model(path: Path, signature: Signature, trusted: Sequence[str], code: Modules | None) -> EstimatorModel:
    """Return the model in a skops file; arguments and errors are those of `load_skops`."""
    return _estimator_model(load_skops(path, trusted, code), signature)


def load_skops(path: Path, trusted: Sequence[str], code: Modules | None) -> Any:
    """Return what is in a skops file.

    Args:
        path: The file.
        trusted: Types that may be loaded besides `TRUSTED`.
        code: The model's own modules, of which types may come.

    Raises:
        BrokenModel: It holds a type that is not trusted, or is no skops file.
    """
    allowed = (*TRUSTED, *trusted)
    _refuse_untrusted(path, allowed)
    return _loaded(path, allowed, code)


def untrusted_types(path: Path, trusted: Sequence[str]) -> list[str]:
    """Return the types in a skops file that are neither trusted by skops, nor by us, nor named."""
    import skops.io as sio  # noqa: PLC0415 - only models stored by skops need it

    allowed = {*TRUSTED, *trusted}
    return [name for name in sio.get_untrusted_types(file=path) if name not in allowed]


def _refuse_untrusted(path: Path, allowed: Sequence[str]) -> None:
    try:
        found = untrusted_types(path, allowed)
    except Exception as error:
        raise BrokenModel(f"{path} is no whole skops file: {_line(error)}") from error
    if found:
        raise BrokenModel(
            f"{path} holds types that are not trusted: {', '.join(found)}; if they belong to the model, name them in "
            "training.trustedTypes"
        )


def _loaded(path: Path, allowed: Sequence[str], code: Modules | None) -> Any:
    import skops.io as sio  # noqa: PLC0415 - as above

    def load() -> Any:
        return sio.load(path, trusted=list(allowed))

    try:
        if code is None:
            return load()
        with borrowed(code, {name.rpartition(".")[0] for name in allowed}):
            return load()
    except Exception as error:
        raise BrokenModel(f"{path} cannot be loaded: {_line(error)}") from error


def pickle_model(path: Path, signature: Signature, code: Modules | None) -> EstimatorModel:
    """Return the model in a pickle; see `load_pickle`."""
    return _estimator_model(load_pickle(path, code), signature)


def load_pickle(path: Path, code: Modules | None) -> Any:
    """Return what is in a pickle, which runs whatever is in it; BrokenModel if that fails."""
    find = _finder(code)

    class Unpickler(pickle.Unpickler):
        def find_class(self, module_name: str, global_name: str, /) -> Any:
            found = find(module_name, global_name)
            return super().find_class(module_name, global_name) if found is None else found

    try:
        with path.open("rb") as file:
            return Unpickler(file).load()
    except Exception as error:
        raise BrokenModel(f"{path} cannot be loaded: {_line(error)}") from error


def _finder(code: Modules | None) -> Callable[[str, str], Any]:
    def find(module: str, name: str) -> Any:
        if code is None or not code.has(module):
            return None
        found: Any = code.load(module)
        for part in name.split("."):
            found = getattr(found, part)
        return found

    return find


def _estimator_model(estimator: Any, signature: Signature) -> EstimatorModel:
    if not hasattr(estimator, "predict"):
        raise BrokenModel(f"what is stored, {type(estimator).__name__}, has no predict")
    stored = estimator if signature.frame else by_position(estimator)
    return EstimatorModel(signature, stored, class_values(signature))


def _frame(rows: Rows, signature: Signature) -> Any:
    import pandas as pd  # noqa: PLC0415 - only an estimator that asks for columns by name needs it

    return pd.DataFrame({column.name: rows[column.name] for column in signature.inputs})


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0] or type(error).__name__
