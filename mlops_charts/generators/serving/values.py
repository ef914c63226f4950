"""Values of the serving chart that environments or operators set, declared once each.

Every field of the spec that an environment may override and that shows in a template is here; so all environments
have the same objects.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

from mlops_charts.chart import Value, value
from mlops_charts.generators.values import IMAGE, QUANTITY
from mlops_charts.planning import EnvironmentPlan, Plan
from mlops_charts.spec.operation import Autoscaling
from mlops_charts.spec.scalars import seconds

DURATION: Final = "^([0-9]{1,5}(h|m|s|ms)){1,4}$"  # what the Gateway API admits
_ANY_DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"  # what model.yaml admits, and the server reads
_NUMBER = r"^[0-9]+(\.[0-9]+)?$"
_DRAIN_SECONDS = 15  # until endpoints are gone everywhere, and a margin


def environment_name(environment: EnvironmentPlan) -> Value:
    """Return the environment's name."""
    return value(
        "environment",
        environment.name,
        "The environment's name.",
        pattern="^[a-z]([a-z0-9-]*[a-z0-9])?$",
        origin="environments",
    )


def host(environment: EnvironmentPlan) -> Value:
    """Return the host name of the route."""
    return value(
        "ingress.host",
        environment.host,
        "Host name of the model.",
        pattern="^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        origin="platform:ingress.host",
    )


def replicas(environment: EnvironmentPlan) -> Value:
    """Return the number of pods of each version."""
    return value("serving.replicas", environment.spec.serving.replicas, "Pods of each version.", minimum=1)


def resource(environment: EnvironmentPlan, key: str) -> Value:
    """Return `cpu` or `memory` of a serving pod."""
    what = {"cpu": "Processor that one pod asks for.", "memory": "Memory of one pod, asked for and at most."}[key]
    found = getattr(environment.spec.serving.resources, key)
    return value(f"serving.resources.{key}", found, what, pattern=QUANTITY)


def gpus(environment: EnvironmentPlan) -> Value:
    """Return the number of GPUs of a serving pod."""
    return value("serving.resources.gpu", environment.spec.serving.resources.gpu, "Whole GPUs of one pod.", minimum=0)


def timeout(environment: EnvironmentPlan) -> Value:
    """Return the longest that a request may take."""
    found = _duration(environment.spec.serving.timeout)
    return value("serving.timeout", found, "The longest that a request may take.", pattern=DURATION)


def grace_seconds(environment: EnvironmentPlan) -> Value:
    """Return how long a pod may take to stop."""
    found = math.ceil(seconds(environment.spec.serving.timeout)) + _DRAIN_SECONDS
    return value(
        "serving.terminationGracePeriodSeconds",
        found,
        "Seconds that a pod may take to answer what it has begun; more than serving.timeout.",
        minimum=1,
        origin="serving.timeout",
    )


def batch_size(environment: EnvironmentPlan) -> Value:
    """Return the most rows of a batch."""
    found = environment.spec.serving.batching.max_size
    return value("serving.batching.maxSize", found, "The most rows of one batch.", minimum=1)


def batch_delay(environment: EnvironmentPlan) -> Value:
    """Return how long a request waits for others."""
    found = environment.spec.serving.batching.max_delay
    return value(
        "serving.batching.maxDelay", found, "The longest that a request waits for others.", pattern=_ANY_DURATION
    )


def log_sample(environment: EnvironmentPlan) -> Value:
    """Return the share of requests that is kept, as text because it stands in an argument."""
    found = _decimal(environment.spec.serving.request_log.sample)
    return value("serving.requestLog.sample", found, "Share of the requests that is kept, 0 to 1.", pattern=_NUMBER)


def log_features(environment: EnvironmentPlan) -> Value:
    """Return whether inputs are kept too."""
    found = environment.spec.serving.request_log.features
    return value("serving.requestLog.features", found, "Whether the inputs of kept requests are kept too.")


def log_retain(environment: EnvironmentPlan) -> Value:
    """Return how long requests are kept."""
    found = environment.spec.serving.request_log.retain
    return value("serving.requestLog.retain", found, "How long requests are kept.", pattern=_ANY_DURATION)


def max_replicas(autoscaling: Autoscaling) -> Value:
    """Return the most pods of a version; the fewest are the release's own `minReplicas`."""
    return value("serving.autoscaling.max", autoscaling.max, "The most pods of each version.", minimum=1)


def cpu_percent(percent: int) -> Value:
    """Return the use of the processor that is aimed at."""
    return value(
        "serving.autoscaling.cpuPercent", percent, "Processor use that is aimed at, in percent.", minimum=1, maximum=100
    )


def requests_per_second(rate: float) -> Value:
    """Return the load of a pod that is aimed at, as text because KEDA takes it so."""
    return value(
        "serving.autoscaling.requestsPerSecond",
        _decimal(rate),
        "Requests per second and pod that are aimed at.",
        pattern=_NUMBER,
    )


def runtime_image(plan: Plan) -> Value:
    """Return the image of the judge and of the test."""
    return value(
        "images.runtime",
        plan.images.runtime,
        "Image of the judge.",
        pattern=IMAGE,
        origin="platform:pipeline.runtimeImage",
    )


def server_image(plan: Plan) -> Value:
    """Return the image of a prepackaged server."""
    images = plan.platform.images
    found = images.sklearn_server if plan.spec.serving.runtime == "sklearn" else images.mlflow_server
    return value(
        "images.server",
        found,
        "Image of the prepackaged server.",
        pattern=IMAGE,
        origin="platform:images",
    )


def _duration(text: str) -> str:
    """Return a duration in whole milliseconds, largest unit first, as the Gateway API admits it."""
    rest = max(1, round(seconds(text) * 1000))
    parts = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def _decimal(number: float) -> str:
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
