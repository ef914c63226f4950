"""A class of the model's own around whatever computes: serving.entrypoint."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from sys import float_info
from typing import Any

from mlops_charts.saved_model.isolated import Modules
from mlops_charts.saved_model.labels import answers_of, class_values
from mlops_charts.saved_model.model import Answers, BrokenModel, Rows
from mlops_charts.saved_model.rows import matrix_of
from mlops_charts.saved_model.signature import Signature

_TAKES = {
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
}


@dataclass(frozen=True)
class WrappedModel:
    """A model that answers through a class of its own.

    Attributes:
        signature: What it takes and gives.
        made: The class's one instance.
        classes: The labels in the order of the probabilities.
        largest: The largest finite number that it takes.
    """

    signature: Signature
    made: Any
    classes: Any
    largest: float = float_info.max

    def answer(self, rows: Rows) -> Answers:
        """Return what the model says of some rows; BrokenModel if it answers another shape than it may."""
        return self.answer_matrix(matrix_of(rows, self.signature, "float64" if self.signature.numeric else "object"))

    def answer_matrix(self, matrix: Any) -> Answers:
        """Return what the model says of rows that are one matrix, of objects if a column is text."""
        output = self.made.predict(matrix)
        try:
            return answers_of(output, len(matrix), self.signature, self.classes)
        except BrokenModel as error:
            raise BrokenModel(f"{self.signature.entrypoint}: {error}") from None


def wrapped_model(folder: Path, signature: Signature, code: Modules) -> WrappedModel:
    """Return the model in a folder, behind its entrypoint.

    Raises:
        BrokenModel: The file or the class is missing, or making it raises.
    """
    file, _, name = signature.entrypoint.partition(":")
    module = file.removesuffix(".py").replace("/", ".")
    try:
        made = _made(getattr(code.load(module), name), folder)
    except Exception as error:
        raise BrokenModel(f"serving.entrypoint {signature.entrypoint} {_why(error, 'cannot be made')}") from error
    if not callable(getattr(made, "predict", None)):
        raise BrokenModel(f"serving.entrypoint {signature.entrypoint} has no predict(inputs)")
    return WrappedModel(signature, made, class_values(signature))


def predict_failed(signature: Signature, error: Exception) -> str:
    """Return in one line that a model raised where it must not, and who has to do what."""
    who = f"serving.entrypoint {signature.entrypoint}" if signature.entrypoint else "what is stored"
    return f"{who} {_why(error, 'fails')}"


def _why(error: Exception, what: str) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return (
            f'needs the package "{package}", which is not installed; name it in the model\'s requirements.txt, which '
            "training.requirements of model.yaml points to"
        )
    said = " ".join(str(error).split())
    return f"{what}: {type(error).__name__}: {said}" if said else f"{what}: {type(error).__name__}"


def _made(kind: Any, folder: Path) -> Any:
    parameters = inspect.signature(kind).parameters.values()
    return kind(folder) if any(parameter.kind in _TAKES for parameter in parameters) else kind()
