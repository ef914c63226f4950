"""The rows of a model: loaded, held against what was asked, and divided into those to learn from and those to judge by.

Every step that needs rows gets them here, so that all see the same: what decides is the spec and its seed alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlops_charts.log import log
from mlops_charts.spec.model import ModelSpec
from mlops_charts.steps.call import Call, Refused
from mlops_charts.steps.columns import features, normal, problems
from mlops_charts.steps.sources import Source, source_of
from mlops_charts.steps.splitting import positions


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the rows, in their order, counted from 0.

    Attributes:
        X: (n, columns) the features alone.
        y: (n,) the target.
        rows: (n, all columns) of the data, for slices and groups.
    """

    X: Any
    y: Any
    rows: Any

    def take(self, chosen: Any) -> Part:
        """Return the rows at some positions."""
        return Part(*(rows.iloc[chosen].reset_index(drop=True) for rows in (self.X, self.y, self.rows)))


@dataclass(frozen=True, eq=False)
class Divided:
    """The rows of a model, divided.

    Attributes:
        train: What training sees.
        test: What judges it.
        digest: The data digest.
    """

    train: Part
    test: Part
    digest: str


def data_digest(call: Call) -> str:
    """Return what the rows are, as one SHA-256 in hexadecimal, without running any code of the model.

    Raises:
        Refused: There are no such rows, or they may not be read.
        Unavailable: Where they are cannot be reached.
    """
    return source_of(call).digest()


def load(call: Call) -> Any:
    """Return all rows as a data frame, held against what was asked.

    Raises:
        Refused: They are not what was said; every problem has a line.
        Unavailable: Where they are cannot be reached.
    """
    return _loaded(source_of(call), call.spec.model)


def divided(call: Call) -> Divided:
    """Return the rows, divided by the spec and its seed.

    Raises:
        Refused: They are not what was said, are others than guard saw, or cannot be divided.
        Unavailable: Where they are cannot be reached.
    """
    model = call.spec.model
    source = source_of(call)
    digest = source.digest()
    seen = call.parameters.get("data-digest", "")
    if seen and seen != digest:
        raise Refused(f"{model.training.data.uri}: the data changed since guard looked at them; start the run again")
    whole = part_of(_loaded(source, model), model)
    train, test = positions(whole.rows, whole.y, model.training.data.split, model.training.seed)
    log("divided the rows", train=len(train), test=len(test), columns=whole.X.shape[1], by=model.training.data.split.by)
    return Divided(whole.take(train), whole.take(test), digest)


def part_of(rows: Any, model: ModelSpec) -> Part:
    """Return all rows of a frame as one part."""
    return Part(rows[features(rows, model)], rows[model.training.data.target], rows)


def _loaded(source: Source, model: ModelSpec) -> Any:
    training = model.training
    rows = normal(source.read())
    found = list(problems(rows, model))
    if found:
        raise Refused("\n".join(f"{training.data.uri}: {line}" for line in found))
    target = rows[training.data.target]
    if training.task == "classification" and target.dtype.kind == "f":
        rows = rows.assign(**{training.data.target: target.astype("int64")})
    return rows
