"""The one exception of this room: a chart that was built wrong, told with the file and the path in it."""

from __future__ import annotations

from mlops_charts.errors import MlopsChartsError


class ChartError(MlopsChartsError, ValueError):
    """A mistake of whoever builds a chart, never of whoever writes a model.yaml.

    Attributes:
        message: what is wrong, without the place.
        file: the template in which it was found, if it was found in one.
        path: keys and list indices from the root of the manifest to the place.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.file = ""
        self.path: tuple[object, ...] = ()

    def under(self, step: object) -> ChartError:
        """Say that the place lies below one more key or index."""
        self.path = (step, *self.path)
        return self

    def in_file(self, file: str) -> ChartError:
        """Say in which file the place is."""
        self.file = file
        return self

    def __str__(self) -> str:
        where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path).lstrip(".")
        return ": ".join(part for part in (self.file, where, self.message) if part)
