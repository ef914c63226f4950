"""The generators: ours in an explicit table, and those that other packages install."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from mlops_charts.generators.monitoring import MonitoringGenerator
from mlops_charts.generators.pipeline import PipelineGenerator
from mlops_charts.generators.serving import ServingGenerator

if TYPE_CHECKING:
    from mlops_charts.generators.model import Generator

ENTRY_POINTS = "mlops_charts.generators"


def built_in() -> tuple[Generator, ...]:
    """Return our own generators, in the order in which charts list their objects."""
    return (PipelineGenerator(), ServingGenerator(), MonitoringGenerator())


@cache
def installed() -> tuple[Generator, ...]:
    """Return the generators that packages of this environment offer, by name.

    An entry point names a class without arguments, or a generator.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415 - reads the environment's metadata

    found = sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name)
    loaded = [entry.load() for entry in found]
    return tuple(each() if isinstance(each, type) else each for each in loaded)


def generators(extra: Sequence[Generator] = ()) -> tuple[Generator, ...]:
    """Return all generators: ours, the installed ones, and these."""
    return (*built_in(), *installed(), *extra)
