"""A request with real rows and the answers that it had, as example.json holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from mlops_charts.contract import EXAMPLE


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)


class ExampleAnswers(_Part):
    """What the saved model said of the rows.

    Attributes:
        labels: One of each row.
        probabilities: One of each row and class, in the order of the signature's classes; None if it gives none.
    """

    labels: list[Any]
    probabilities: list[list[float]] | None = None


class Example(_Part):
    """A request and its answers.

    Attributes:
        v2: The body of a request in the Open Inference Protocol: one tensor of each column.
        seldon: The body of the same request in Seldon's first protocol.
        answers: What the saved model said.
    """

    v2: dict[str, Any]
    seldon: dict[str, Any]
    answers: ExampleAnswers


def read_example(folder: Path) -> Example:
    """Return the example in a model's folder; OSError or pydantic's ValidationError if there is none."""
    return Example.model_validate_json((folder / EXAMPLE).read_bytes())


def example_text(example: Example) -> str:
    """Return the text of example.json."""
    return example.model_dump_json(indent=2, by_alias=True) + "\n"
