"""Calling a model's own training, and asking what came of it. What train and the trials of a search do alike.

Training sees the rows that it is given and never those that judge it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from mlops_charts.saved_model import Answers, SavedModel, load
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.call import Call, Refused
from mlops_charts.steps.data import Part
from mlops_charts.steps.rows import rows_of
from mlops_charts.steps.user_code import Context, calling, expect_arguments, load_function, seeded

ARGUMENTS: Final = ("X", "y", "context")
_ANSWERING: Final = "an estimator with predict, or an onnx.ModelProto"


def fit(call: Call, part: Part, context: Context) -> Any:
    """Return what the entrypoint makes of some rows.

    Args:
        call: The call of the step.
        part: The rows to learn from; the entrypoint gets copies, so that it may change them.
        context: Parameters and seed.

    Raises:
        Refused: The entrypoint is no function of X, y and context, raised, or returned something that cannot answer.
        MemoryError: There was not enough memory.
    """
    entrypoint = call.spec.model.training.entrypoint
    function = load_function(call.source, entrypoint)
    expect_arguments(function, entrypoint, ARGUMENTS)
    X, y = part.X.copy(), part.y.copy()  # noqa: N806 - the field's own name
    seeded(context.seed)
    with calling(entrypoint):
        fitted = function(X, y, context)
    with calling(f"what {entrypoint} returned"):  # a property of it is code of the model too
        _check(fitted, call.spec)
    return fitted


def saved(call: Call, folder: Path) -> SavedModel:
    """Return the model that was saved in a folder, as it will be served."""
    training = call.spec.model.training
    return load(folder, trusted=training.trusted_types, allow_pickle=training.allow_pickle)


def answers_of(model: SavedModel, part: Part) -> Answers:
    """Return what a saved model says of some rows."""
    return model.answer(rows_of(part.X, model.signature))


def lists_of(spec: RunSpec, part: Part) -> Any:
    """Return what the rows of one list share, of a ranking that is divided by groups; else None."""
    split = spec.model.training.data.split
    ranked = spec.model.training.task == "ranking" and split.by == "group"
    return part.rows[split.column] if ranked else None


def _check(fitted: Any, spec: RunSpec) -> None:
    entrypoint, found = spec.model.training.entrypoint, type(fitted).__name__
    if fitted is None and spec.model.serving.entrypoint:  # which then holds all that computes
        return
    if fitted is None:
        raise Refused(f"{entrypoint}: returned nothing; it must return {_ANSWERING}")
    if isinstance(fitted, type):
        message = f"{entrypoint}: returned the class {fitted.__name__} itself; it must return a fitted object of it"
        raise Refused(message)
    if found == "ModelProto":
        return
    own = spec.model.training.framework == "custom" and spec.model.serving.entrypoint
    if not own and not callable(getattr(fitted, "predict", None)):
        raise Refused(f"{entrypoint}: returned {found}, which has no predict; it must return {_ANSWERING}")
    if not _is_fitted(fitted):
        raise Refused(f"{entrypoint}: returned a {found} that is not fitted; call its fit(X, y)")


def _is_fitted(fitted: Any) -> bool:
    from sklearn.base import BaseEstimator  # noqa: PLC0415 - 0.5 s
    from sklearn.exceptions import NotFittedError  # noqa: PLC0415
    from sklearn.utils.validation import check_is_fitted  # noqa: PLC0415

    if not isinstance(fitted, BaseEstimator):
        return True
    try:
        check_is_fitted(fitted)
    except NotFittedError:
        return False
    return True
