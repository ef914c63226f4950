"""The generators: ours in an explicit table, and those that other packages install."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from mlops_charts.errors import BrokenGenerator
from mlops_charts.generators.monitoring import MonitoringGenerator
from mlops_charts.generators.pipeline import PipelineGenerator
from mlops_charts.generators.serving import ServingGenerator

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from mlops_charts.generators.model import Generator

ENTRY_POINTS = "mlops_charts.generators"
_WANTED = ("name", "kinds", "pipeline", "serving")


def built_in() -> tuple[Generator, ...]:
    """Return our own generators, in the order in which charts list their objects."""
    return (PipelineGenerator(), ServingGenerator(), MonitoringGenerator())


@cache
def installed() -> tuple[Generator, ...]:
    """Return the generators that packages of this environment offer, by name.

    An entry point names a class without arguments, or a generator.

    Raises:
        BrokenGenerator: One of them cannot be imported, or is no generator.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415 - reads the environment's metadata

    found = sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name)
    return tuple(_loaded(entry) for entry in found)


def _loaded(entry: EntryPoint) -> Generator:
    try:
        found = entry.load()
        made: Generator = found() if isinstance(found, type) else found
    except Exception as error:
        raise BrokenGenerator(f"{_named(entry)} cannot be loaded: {type(error).__name__}: {error}") from error
    missing = [name for name in _WANTED if not hasattr(made, name)]
    if missing:
        raise BrokenGenerator(f"{_named(entry)} is no generator: it lacks {', '.join(missing)}")
    return made


def _named(entry: EntryPoint) -> str:
    owner = f" of {entry.dist.name} {entry.dist.version}" if entry.dist else ""
    return f"the generator {entry.name}{owner} ({entry.value})"


def generators(extra: Sequence[Generator] = ()) -> tuple[Generator, ...]:
    """Return all generators: ours, the installed ones, and these."""
    return (*built_in(), *installed(), *extra)
