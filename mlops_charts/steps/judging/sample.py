"""The rows that a model is judged by: what is true of them, and what the model answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlops_charts.saved_model import Answers
from mlops_charts.steps.call import Refused


class Undefined(Refused):
    """A metric or its interval does not exist on these rows; the message says why."""


@dataclass(frozen=True)
class Sample:
    """Rows with truth and answers, in one order.

    Attributes:
        task: classification, regression, ranking or custom.
        truth: (n,) of a classification indices into `classes`, of a regression or ranking floats, else as it came.
        answers: (n,) the same of what the model answered.
        probabilities: (n, known classes), None if the model gives none.
        classes: Labels as text: those that the model knows, then those that only the rows have.
        groups: (n,) indices of the list that a row of a ranking belongs to; None if there are no lists.
    """

    task: str
    truth: Any
    answers: Any
    probabilities: Any = None
    classes: tuple[str, ...] = ()
    groups: Any = None

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, index: Any) -> Sample:
        """Return some of the rows: of an array of indices or booleans."""
        chosen = {
            name: getattr(self, name)[index]
            for name in ("truth", "answers", "probabilities", "groups")
            if getattr(self, name) is not None
        }
        return replace(self, **chosen)

    def position(self, cls: str) -> int:
        """Return the index of a class.

        Raises:
            Undefined: There is none of this name.
        """
        for name in (cls, cls.lower()):  # True and true are one
            if name in self.classes:
                return self.classes.index(name)
        raise Undefined(f'there is no class "{cls}"; the classes are {", ".join(self.classes)}')


def sample(task: str, truth: Any, answers: Answers, classes: Sequence[str] = (), groups: Any = None) -> Sample:
    """Return rows to judge by.

    Args:
        task: classification, regression, ranking or custom.
        truth: (n,) the target of each row.
        answers: What the model says of them, in the same order.
        classes: Of a classification, the labels in the order of the probabilities.
        groups: (n,) of a ranking, what the rows of one list share.

    Raises:
        Refused: There are not as many answers as rows, or something that should be a number is none.
    """
    if len(answers.labels) != len(truth):
        raise Refused(f"the model gave {len(answers.labels):,} answers to {len(truth):,} rows")
    lists = None if groups is None else _numbered(groups)
    if task == "classification":
        return _classified(truth, answers, classes, lists)
    if task in {"regression", "ranking"}:
        said = _numbers(answers.labels, "the model's answer")
        return Sample(task, _numbers(truth, "the target"), said, groups=lists)
    return Sample(task, np.asarray(truth), np.asarray(answers.labels), answers.probabilities, groups=lists)


def label_text(label: Any) -> str:
    """Return a label as text, so that 1, 1.0 and numpy's 1 are one class, and so are True and true."""
    if isinstance(label, bool | np.bool_):
        return "true" if label else "false"
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    text = str(label)
    return text.lower() if text in {"True", "False"} else text


def _classified(truth: Any, answers: Answers, classes: Sequence[str], lists: Any) -> Sample:
    true, said = ([label_text(label) for label in np.asarray(column).tolist()] for column in (truth, answers.labels))
    known = [label_text(name) for name in classes]
    every = (*known, *sorted({*true, *said} - set(known)))
    index = {name: place for place, name in enumerate(every)}
    truths, labels = (np.array([index[name] for name in column], dtype=np.intp) for column in (true, said))
    probabilities = None if answers.probabilities is None else np.asarray(answers.probabilities, dtype=float)
    if probabilities is not None and not np.isfinite(probabilities).all():
        bad = int((~np.isfinite(probabilities).all(axis=1)).sum())
        raise Refused(f"the model gave probabilities that are no numbers to {bad:,} of {len(true):,} rows")
    return Sample("classification", truths, labels, probabilities, every, lists)


def _numbers(column: Any, what: str) -> Any:
    try:
        found = np.asarray(column, dtype=float).reshape(len(column))
    except (TypeError, ValueError):
        raise Refused(f"{what} is no number in every row, and the task needs one") from None
    bad = int((~np.isfinite(found)).sum())
    if bad:
        raise Refused(f"{what} is missing or infinite in {bad:,} of {len(found):,} test rows")
    return found


def _numbered(groups: Any) -> Any:
    index: dict[Any, int] = {}
    return np.array([index.setdefault(group, len(index)) for group in np.asarray(groups).tolist()], dtype=np.intp)
