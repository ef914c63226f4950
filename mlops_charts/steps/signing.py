"""The signature of a model, from the rows that it was trained on and what training returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_charts.saved_model import Column, Signature
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.call import Refused
from mlops_charts.steps.rows import type_of

if TYPE_CHECKING:
    from mlops_charts.steps.data import Part

_CLASS_TYPES = {"string": "string", "integer": "integer", "boolean": "boolean", "double": "integer"}


def signature_of(fitted: Any, train: Part, spec: RunSpec) -> Signature:
    """Return the signature of a model that is not stored yet; its format is still to be decided.

    Args:
        fitted: What training returned.
        train: What it was trained on.
        spec: The run.

    Raises:
        Refused: A column or the target is of a type that no model takes or gives.
    """
    task, classified = spec.model.training.task, spec.model.training.task == "classification"
    return Signature(
        task=task,
        format="code",
        inputs=tuple(_column(train.X[name]) for name in train.X.columns),
        classes=_classes(fitted, train.y) if classified else (),
        class_type=_class_type(train.y) if classified else "string",
        target=spec.model.training.data.target,
        probabilities=classified and hasattr(fitted, "predict_proba"),
        entrypoint=spec.model.serving.entrypoint or "",
    )


def _column(column: Any) -> Column:
    kind = type_of(column)
    if kind is None:
        raise Refused(
            f'column "{column.name}" holds {column.dtype}, which no model takes; turn it into numbers or text'
        )
    return Column(name=str(column.name), type=kind, nullable=bool(column.isna().any()))


def _class_type(y: Any) -> Any:
    kind = type_of(y)
    if kind not in _CLASS_TYPES or (kind == "double" and bool((y % 1 != 0).any())):
        raise Refused(f'the target "{y.name}" holds {kind or y.dtype}; classes are text, whole numbers or booleans')
    return _CLASS_TYPES[kind]


def _classes(fitted: Any, y: Any) -> tuple[str, ...]:
    """Return the labels in the order of the estimator's probabilities, or sorted if it does not say."""
    known: Any = getattr(fitted, "classes_", None)
    data = sorted(y.unique().tolist())
    found = known.tolist() if getattr(known, "ndim", 0) == 1 else data
    strange = [label for label in found if label not in data]
    if strange:
        raise Refused(
            f"what training returned knows the classes {_some(found)}; the target has {_some(data)}: it must answer "
            "with the labels of the data"
        )
    return tuple(str(int(label)) if isinstance(label, float) else str(label) for label in found)


def _some(labels: list[Any]) -> str:
    return ", ".join(map(str, labels[:5])) + (", ..." if len(labels) > 5 else "")  # noqa: PLR2004 - enough to see
