"""What a generator is: a plan in, manifests out; no disk, no clock, no randomness."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from mlops_charts.chart.errors import ChartError
from mlops_charts.planning import EnvironmentPlan, Plan

_FILE: Final = re.compile(r"([a-z0-9][a-z0-9-]*/)*[a-z0-9][a-z0-9.-]*\.yaml", re.ASCII)


@dataclass(frozen=True)
class Part:
    """One object of a chart.

    Attributes:
        file: Name of its file in the chart's templates, `seldondeployment.yaml`.
        node: The manifest: a dict, a hikaru object, or `when(value, ...)` around one; values stand in it.
        origin: The path in model.yaml that caused it; a problem found in the object points there. One that begins
            with `platform:` is a path in platform.yaml.

    Raises:
        ChartError: The name is none of a YAML file below templates.
    """

    file: str
    node: Any
    origin: str = ""

    def __post_init__(self) -> None:
        if not _FILE.fullmatch(self.file):
            raise ChartError(
                f"{self.file!r} is no name for a file of templates: take lower-case letters, digits, - and .yaml at"
                " its end, such as configmap-kafka.yaml"
            )


class Generator(Protocol):
    """Turns a plan into objects of the two charts of a model.

    Attributes:
        name: What the generator is called in messages.
        kinds: API group and kind of all that it may ever render; the AppProject admits these and no others.
    """

    name: str
    kinds: frozenset[tuple[str, str]]

    def pipeline(self, plan: Plan) -> Iterable[Part]:
        """Yield the objects that make the model."""

    def serving(self, plan: Plan, environment: EnvironmentPlan) -> Iterable[Part]:
        """Yield the objects that serve the model.

        Called once for each environment: the objects must be the same but for the defaults of their values, and
        these differences become `environment-<name>.yaml`.
        """
