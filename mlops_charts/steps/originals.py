"""What an estimator itself says of rows, before it is stored: what every stored form is held against."""

from __future__ import annotations

from typing import Any

from mlops_charts.saved_model import Answers, BrokenModel, Signature
from mlops_charts.saved_model.labels import answers_of, class_values
from mlops_charts.steps.call import Refused
from mlops_charts.steps.user_code import calling


def original_answers(fitted: Any, X: Any, signature: Signature, entrypoint: str) -> Answers | None:  # noqa: N803
    """Return the answers of an estimator to a data frame.

    Args:
        fitted: What training returned.
        X: The rows.
        signature: What the model takes and gives.
        entrypoint: training.entrypoint, for messages.

    Returns:
        The answers; None where the estimator stands behind a serving.entrypoint and does not take these rows itself.

    Raises:
        Refused: It cannot answer, or answers what the data do not have.
    """
    if not hasattr(fitted, "predict"):
        if signature.entrypoint:
            return None
        raise Refused(f"{entrypoint} returned {_kind(fitted)}, which has no predict; it must return a fitted estimator")
    try:
        with calling(f"predict of what {entrypoint} returned"):
            return _asked(fitted, X, signature)
    except Refused:
        if signature.entrypoint:
            return None
        raise


def _asked(fitted: Any, X: Any, signature: Signature) -> Answers:  # noqa: N803
    classes = class_values(signature)
    labels = fitted.predict(X)
    _known(labels, signature, classes)
    answers = answers_of(labels, len(X), signature, classes)
    if not signature.probabilities:
        return answers
    given = answers_of(fitted.predict_proba(X), len(X), signature, classes)
    return Answers(answers.labels, given.probabilities)


def _known(labels: Any, signature: Signature, classes: Any) -> None:
    if signature.task != "classification":
        return
    known = set(classes.tolist())
    strange = [label for label in set(getattr(labels, "tolist", lambda: list(labels))()) if label not in known]
    if strange:
        found = ", ".join(sorted(map(repr, strange))[:3])
        raise BrokenModel(f"it answers {found}, which is no class of the data ({', '.join(signature.classes[:5])})")


def _kind(fitted: Any) -> str:
    return "nothing" if fitted is None else f"{type(fitted).__module__}.{type(fitted).__qualname__}"
