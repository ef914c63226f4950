"""Estimators that were fitted on a data frame, made to take a matrix: columns by their position, not by their name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def by_position(estimator: Any) -> Any:
    """Return an estimator that neither asks for a data frame nor warns about getting none; it is changed in place.

    Names of columns are taken out of it and of all that it is made of; transformers of columns get the positions that
    they were fitted with. What was written by others may still ask for names: then its answers differ, and whoever
    saves it sees that.
    """
    for part in parts_of(estimator):
        state = part.__dict__
        positions = state.get("_transformer_to_input_indices")
        if positions and "transformers_" in state:
            state["transformers_"] = [
                (name, made, positions.get(name, columns)) for name, made, columns in state["transformers_"]
            ]
        state.pop("feature_names_in_", None)
    return estimator


def parts_of(estimator: Any) -> Iterator[Any]:
    """Yield an estimator and all estimators that it is made of."""
    return _parts(estimator, set())


def _parts(item: Any, seen: set[int]) -> Iterator[Any]:
    if id(item) in seen:
        return
    seen.add(id(item))
    if hasattr(item, "get_params") and hasattr(item, "__dict__"):
        yield item
        for below in list(vars(item).values()):
            yield from _parts(below, seen)
    elif isinstance(item, dict):
        for below in item.values():
            yield from _parts(below, seen)
    elif isinstance(item, list | tuple) or str(getattr(item, "dtype", "")) == "object":
        for below in getattr(item, "flat", item):
            yield from _parts(below, seen)
