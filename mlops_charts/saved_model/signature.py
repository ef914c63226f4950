"""What a model takes and gives, as signature.json says it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from mlops_charts.contract import SIGNATURE

Type = Literal["boolean", "integer", "double", "string", "bytes"]
Format = Literal["onnx", "skops", "pickle", "code"]  # code: the entrypoint holds all that computes


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)


class Column(_Part):
    """One column of the input.

    Attributes:
        name: As in the data.
        type: Its type; integers and doubles of every width count as one.
        nullable: Whether the training rows had missing values in it.
    """

    name: str
    type: Type
    nullable: bool = False


class Signature(_Part):
    """What a model takes and gives.

    Attributes:
        task: classification, regression, ranking or custom.
        format: How the model is stored.
        inputs: The columns, in the order in which the model takes them.
        classes: Of a classification, the labels in the order of the probabilities; else empty.
        class_type: The type of the labels in the data; what `classes` writes as text is answered as that type.
        target: The column that was learnt.
        probabilities: Whether the model gives a probability for each class.
        entrypoint: FILE.py:CLASS around what is stored, below `code/`; empty if the model answers itself.
        trusted_types: Types that skops needed beyond its own list, for people to read; what may be loaded is never
            read here.
        frame: Whether what is stored asks for its columns by name and gets a data frame, for which pandas is needed.
    """

    task: Literal["classification", "regression", "ranking", "custom"]
    format: Format
    inputs: tuple[Column, ...]
    classes: tuple[str, ...] = ()
    class_type: Literal["string", "integer", "boolean"] = "string"
    target: str = "target"
    probabilities: bool = False
    entrypoint: str = ""
    trusted_types: tuple[str, ...] = ()
    frame: bool = False

    @property
    def numeric(self) -> bool:
        """Whether every column is a number, so that rows can be one matrix."""
        return all(column.type in {"boolean", "integer", "double"} for column in self.inputs)

    @property
    def distributions(self) -> tuple[str, ...]:
        """Packages that loading what is stored needs, besides what the entrypoint asks for itself."""
        stored = {"onnx": ("onnxruntime",), "skops": ("scikit-learn", "skops"), "pickle": ("scikit-learn",)}
        return ("numpy", *stored.get(self.format, ()), *(("pandas",) if self.frame else ()))


def read_signature(folder: Path) -> Signature:
    """Return the signature in a model's folder; OSError or pydantic's ValidationError if there is none."""
    return Signature.model_validate_json((folder / SIGNATURE).read_bytes())


def signature_text(signature: Signature) -> str:
    """Return the text of signature.json."""
    return signature.model_dump_json(indent=2, by_alias=True) + "\n"
