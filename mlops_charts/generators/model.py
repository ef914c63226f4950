"""What a generator is: a plan in, manifests out; no disk, no clock, no randomness."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from mlops_charts.plan import EnvironmentPlan, Plan


@dataclass(frozen=True)
class Part:
    """One object of a chart.

    Attributes:
        file: Name of its file in the chart's templates, `seldondeployment.yaml`.
        node: The manifest: a dict, a hikaru object, or `when(value, ...)` around one; values stand in it.
        origin: The path in model.yaml that caused it; a problem found in the object points there.
    """

    file: str
    node: Any
    origin: str = ""


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
