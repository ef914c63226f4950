"""What each step reads and writes, what it may reach, and who hands it what.

The steps of our own are fixed by `contract.STEPS`; those that are foreign tools, and the user's, are described here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from mlops_charts import contract
from mlops_charts.contract import StepContract
from mlops_charts.planning import Plan
from mlops_charts.spec.training import ExtraStep

Place = Literal["mlflow", "git", "registry", "packages", "data", "pushgateway"]

_IMAGE: Final = ("image", "image-digest")
TOOLS: Final[Mapping[str, StepContract]] = {
    "environment": StepContract((), ("environment-context",)),
    "image": StepContract(("image",), ("context",), ("image-digest",)),
    "scan": StepContract(_IMAGE),
    "sbom": StepContract(_IMAGE, (), (), ("sbom",)),
    "sign": StepContract(_IMAGE),
    "provenance": StepContract(_IMAGE, ("predicate",)),
}


@dataclass(frozen=True, slots=True)
class Nature:
    """What sort of pod a step of ours is.

    Attributes:
        reaches: What it talks to besides the artifact store, which every pod of a workflow needs.
        model_code: Whether it runs the model's own code: its image, its variables, its secrets.
        heavy: Whether it holds the rows or the model in memory: its resources and its nodes.
        gpu: Whether it computes on GPUs.
        minutes: The longest that it may take; 0 means as long as training may.
    """

    reaches: frozenset[Place]
    model_code: bool = False
    heavy: bool = False
    gpu: bool = False
    minutes: int = 30


def _reaching(*places: Place) -> frozenset[Place]:
    return frozenset(places)


NATURES: Final[Mapping[str, Nature]] = {
    "guard": Nature(_reaching("mlflow", "git", "data", "registry")),
    "trial": Nature(_reaching("mlflow", "data"), model_code=True, heavy=True, gpu=True, minutes=0),
    "search": Nature(_reaching("mlflow"), model_code=True),
    "train": Nature(_reaching("mlflow", "data"), model_code=True, heavy=True, gpu=True, minutes=0),
    "validate": Nature(_reaching("mlflow", "data"), model_code=True, heavy=True, minutes=0),
    "version": Nature(_reaching("mlflow")),
    "monitor": Nature(_reaching("mlflow", "data", "pushgateway"), model_code=True, heavy=True, minutes=0),
    "build": Nature(_reaching("mlflow"), model_code=True),
    "deploy": Nature(_reaching("mlflow", "git")),
}
_TOOL_REACHES: Final[Mapping[str, frozenset[Place]]] = {
    "environment": _reaching("registry", "packages"),
    "image": _reaching("registry", "packages"),
    "scan": _reaching("registry"),
    "sbom": _reaching("registry"),
    "sign": _reaching("registry"),  # without a key, the signing services stand among the registry's addresses
    "provenance": _reaching("registry"),
}


def extra_steps(plan: Plan) -> dict[str, ExtraStep]:
    """Return the user's own steps by name."""
    return {step.name: step for step in plan.spec.pipeline.steps}


def pods(plan: Plan) -> tuple[str, ...]:
    """Return the steps that run as pods, in their order; a search has its trials ahead of it."""
    return tuple(pod for step in plan.pipeline.steps for pod in (("trial", step) if step == "search" else (step,)))


def interface(plan: Plan, step: str) -> StepContract:
    """Return what a step reads and writes."""
    extra = extra_steps(plan).get(step)
    if extra is not None:
        return StepContract((), extra.inputs, (), extra.outputs)
    return contract.STEPS.get(step) or TOOLS[step]


def reaches(plan: Plan, step: str) -> frozenset[Place]:
    """Return what the pods of a step talk to."""
    if step in extra_steps(plan):
        return _reaching("data")
    if step == "guard" and not plan.images.environment:
        return NATURES[step].reaches - {"registry"}  # it asks there only whether the environment image exists
    if step in NATURES:
        return NATURES[step].reaches
    return _TOOL_REACHES[step]


def groups(steps: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the steps in rows that run one after the other; scan and sbom read the same image side by side."""
    rows: list[tuple[str, ...]] = []
    for step in steps:
        if step == "sbom" and rows and rows[-1] == ("scan",):
            rows[-1] = ("scan", "sbom")
        else:
            rows.append((step,))
    return rows


def wiring(plan: Plan) -> dict[str, dict[str, str]]:
    """Return for each pod the artifacts that it reads, each with the step that wrote it last before."""
    found: dict[str, dict[str, str]] = {}
    producers: dict[str, str] = {}
    for row in groups(pods(plan)):
        for step in row:
            wanted = interface(plan, step).artifacts_in
            found[step] = {artifact: producers[artifact] for artifact in wanted if artifact in producers}
        producers |= {artifact: step for step in row for artifact in interface(plan, step).artifacts_out}
    return found
