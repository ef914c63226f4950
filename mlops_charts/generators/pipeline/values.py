"""The few values of the pipeline chart: images, what training may use, and the switch of the schedule."""

from __future__ import annotations

import math

from mlops_charts.chart import Value, value
from mlops_charts.generators.values import IMAGE, QUANTITY
from mlops_charts.planning import Plan
from mlops_charts.spec.scalars import quantity

_MEBI = 1024 * 1024


def runtime_image(plan: Plan) -> Value:
    """The image of our own steps."""
    return value("images.runtime", plan.images.runtime, "Image that the steps run in.", pattern=IMAGE)


def training_image(plan: Plan) -> Value:
    """The image of the steps that run the model's code."""
    if plan.images.training == plan.images.runtime:
        return runtime_image(plan)
    description = "Image of the steps that run the model's own code."
    return value("images.training", plan.images.training, description, pattern=IMAGE, origin="training.image")


def tool_image(plan: Plan, tool: str) -> Value:
    """The image of a foreign tool: kaniko, trivy, syft or cosign."""
    image: str = getattr(plan.platform.images, tool)
    return value(f"images.{tool}", image, f"Image of {tool}.", pattern=IMAGE, origin="build")


def training_cpu(plan: Plan) -> Value:
    """Processor of a training pod."""
    cpu = plan.spec.training.resources.cpu
    description = "Processor of a training pod, in cores or thousandths of one (500m)."
    return value("training.cpu", cpu, description, pattern=QUANTITY, origin="training.resources.cpu")


def training_memory(plan: Plan) -> Value:
    """Memory of a training pod in MiB: a number, because what a retry gets is computed from it."""
    memory = mebibytes(plan.spec.training.resources.memory)
    description = "Memory of a training pod at its first try, in MiB."
    return value("training.memoryMi", memory, description, minimum=1, origin="training.resources.memory")


def suspended() -> Value:
    """Whether the schedule rests."""
    return value("schedule.suspended", False, "Whether scheduled retraining rests.", origin="training.schedule")


def mebibytes(text: str) -> int:
    """Return a quantity of bytes in MiB, rounded up to at least one."""
    return max(1, math.ceil(quantity(text) / _MEBI))
