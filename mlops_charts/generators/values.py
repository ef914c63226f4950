"""Values that several generators put into their objects, declared once so that all of them agree.

Knows a plan of one environment and nothing of the objects that the values stand in.
"""

from __future__ import annotations

import math
from typing import Final

from mlops_charts.chart import Value, value
from mlops_charts.planning import EnvironmentPlan
from mlops_charts.spec.scalars import seconds

IMAGE: Final = "^[a-z0-9][A-Za-z0-9._:/@-]*$"
"""What an image reference is written with."""
QUANTITY: Final = r"^([0-9]+(\.[0-9]+)?|\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]{1,2})?$"
"""A quantity as Kubernetes writes it, without a sign."""
SPAN: Final = "^[0-9]+[smhd]$"
"""A duration of one unit, as Prometheus reads it."""
_SHORTEST_WINDOW = 120  # seconds: four scrapes


def namespace(environment: EnvironmentPlan) -> Value:
    """Return the namespace of the serving chart, as text in queries and rules."""
    return value(
        "namespace",
        environment.namespace,
        "Namespace that the chart is installed in.",
        pattern="^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    )


def drift_window(environment: EnvironmentPlan) -> Value:
    """Return the time over which drift is taken, by the server and by its alerts."""
    found = span(max(seconds(environment.spec.monitoring.drift.window), _SHORTEST_WINDOW))
    origin = "monitoring.drift.window"
    return value(origin, found, "Time over which drift is taken.", pattern=SPAN, origin=origin)


def span(found: float) -> str:
    """Return seconds as a duration of one unit, as Prometheus reads it."""
    whole = math.ceil(found)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"
