"""The reference for drift: which share of the rows fell where when the model was made, as profile.json says it.

Whoever measures drift counts with `counts` of the same bins, so that a row falls there as it fell here. The bins are
few, whatever the rows are, so that a server counts in constant memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from mlops_charts.contract import PROFILE


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)


class NumberBins(_Part):
    """Bins of numbers.

    Attributes:
        kind: What sort of bins they are.
        measured: What is counted: the number itself, or the length of a text in characters.
        edges: Rising; bin i holds what is above edge i-1 and at most edge i, the first and the last bin are open.
        shares: Of all rows, for each bin; one more than there are edges.
        missing: The share of rows without a number.
    """

    kind: Literal["numbers"] = "numbers"
    measured: Literal["value", "length"] = "value"
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    missing: float = 0.0

    def counts(self, values: Any) -> Any:
        """Return how many values fall into each bin, and last how many are missing.

        Args:
            values: (n,) numbers, of which NaN is missing; texts, of which None is missing, where lengths are measured.
        """
        import numpy as np  # noqa: PLC0415 - the command line reads profiles without numpy

        numbers = lengths(values) if self.measured == "length" else np.asarray(values, dtype=np.float64)
        known = numbers[~np.isnan(numbers)]
        found = np.bincount(np.searchsorted(self.edges, known, side="left"), minlength=len(self.edges) + 1)
        return np.append(found, len(numbers) - len(known))


class CategoryBins(_Part):
    """Bins of texts or classes.

    Attributes:
        kind: What sort of bins they are.
        categories: The commonest, or every class.
        shares: Of all rows, for each of them.
        other: The share of rows with another category.
        missing: The share of rows without any.
    """

    kind: Literal["categories"] = "categories"
    categories: tuple[str, ...]
    shares: tuple[float, ...]
    other: float = 0.0
    missing: float = 0.0

    def counts(self, values: Iterable[Any]) -> Any:
        """Return how many values fall into each category, and last how many are others, and missing.

        Args:
            values: Texts or labels, of which None is missing.
        """
        import numpy as np  # noqa: PLC0415 - the command line reads profiles without numpy

        where = {category: index for index, category in enumerate(self.categories)}
        other = len(where)
        found = [other + 1 if value is None else where.get(label(value), other) for value in values]
        return np.bincount(np.asarray(found, dtype=np.int64), minlength=other + 2)


Bins = Annotated[NumberBins | CategoryBins, Field(discriminator="kind")]


class Profile(_Part):
    """The reference of a model.

    Attributes:
        rows: Training rows that the features are of.
        features: Bins of each feature that is watched.
        prediction_rows: Test rows that the predictions are of.
        predictions: Bins of what the model says: classes, values or scores.
    """

    rows: int
    features: dict[str, Bins]
    prediction_rows: int
    predictions: Bins


def label(value: Any) -> str:
    """Return a label as signature.json writes it."""
    return str(value.item() if hasattr(value, "item") else value)


def lengths(texts: Iterable[Any]) -> Any:
    """Return (n,) the lengths of texts, as floats; NaN for what is missing."""
    import numpy as np  # noqa: PLC0415 - the command line reads profiles without numpy

    return np.asarray([np.nan if text is None else len(text) for text in texts], dtype=np.float64)


def read_profile(folder: Path) -> Profile | None:
    """Return the profile in a model's folder, None if there is none; pydantic's ValidationError if it is broken."""
    path = folder / PROFILE
    return Profile.model_validate_json(path.read_bytes()) if path.is_file() else None


def profile_text(profile: Profile) -> str:
    """Return the text of profile.json."""
    return profile.model_dump_json(indent=2, by_alias=True) + "\n"
