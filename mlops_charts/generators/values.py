"""Values that several generators put into their objects, declared once so that all of them agree.

Knows a plan of one environment and nothing of the objects that the values stand in.
"""

from __future__ import annotations

from typing import Final

from mlops_charts.chart import Value, value
from mlops_charts.planning import EnvironmentPlan

IMAGE: Final = "^[a-z0-9][A-Za-z0-9._:/@-]*$"
"""What an image reference is written with."""
QUANTITY: Final = r"^([0-9]+(\.[0-9]+)?|\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]{1,2})?$"
"""A quantity as Kubernetes writes it, without a sign."""


def namespace(environment: EnvironmentPlan) -> Value:
    """Return the namespace of the serving chart, as text in queries and rules."""
    return value(
        "namespace",
        environment.namespace,
        "Namespace that the chart is installed in.",
        pattern="^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    )
