"""Names across the whole fleet: `a-b` with `c` makes what `a` with `b-c` makes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mlops_charts.problems import CODES, Position, Problem
from mlops_charts.rules.asked import Asked
from mlops_charts.spec.platform import IN_CLUSTER


class Name(NamedTuple):
    """A name that must be one model's alone, within the place it lives in."""

    kind: str
    place: str
    name: str


@dataclass(frozen=True)
class Served:
    """What one model takes of the names that all share.

    Attributes:
        model: The model.
        names: Its names.
        position: Where the model is named.
    """

    model: str
    names: tuple[Name, ...]
    position: Position | None = None

    @classmethod
    def of(cls, asked: Asked) -> "Served":
        """Return what a model takes; environments that platform.yaml lacks take nothing."""
        position = asked.source.position(("metadata", "name"))
        return cls(asked.spec.metadata.name, tuple(_names(asked)), position)


def _names(asked: Asked) -> Iterator[Name]:
    model, platform = asked.spec.metadata.name, asked.platform
    yield Name("model", "", model)
    yield Name("Application", "", f"{model}-pipeline")
    yield Name("namespace", IN_CLUSTER, platform.pipeline.namespace.format(model=model, environment="pipeline"))
    for environment in asked.environments:
        there = platform.environments.get(environment)
        if there:
            yield Name("Application", "", f"{model}-serving-{environment}")
            yield Name("namespace", there.cluster, there.namespace.format(model=model, environment=environment))
            if platform.ingress.type != "none":
                yield Name("host", "", platform.ingress.host.format(model=model, environment=environment))


def colliding_names(fleet: Iterable[Served]) -> Mapping[Name, tuple[Served, ...]]:
    """Return each name that more than one model takes, with those models in the order given."""
    takers: dict[Name, list[Served]] = defaultdict(list)
    for served in fleet:
        for name in dict.fromkeys(served.names):
            takers[name].append(served)
    return {name: tuple(models) for name, models in takers.items() if len(models) > 1}


def collisions(fleet: Iterable[Served]) -> Iterator[Problem]:
    """Yield one problem for each model that takes a name which an earlier model has."""
    code = "name-collision"
    for name, (first, *others) in colliding_names(fleet).items():
        for other in others:
            if first.model == other.model and name.kind != "model":
                continue  # follows from the model's name
            owner = f"the model {first.model}" if first.model != other.model else _place(first)
            message = f'the {name.kind} "{name.name}" is also made by {owner}'
            note = "rename one of the models, or an environment of platform.yaml"
            yield Problem(code, message, other.position, "metadata.name", note, CODES[code].severity)


def _place(served: Served) -> str:
    return served.position.file if served.position else f"another {served.model}"
