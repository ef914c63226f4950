"""Replicas, autoscaling and room for a canary, from what one pod carries; pure.

A pod is sure of the processor that it requests and of nothing else, so it carries what that pays for, and never more
than was measured. It is meant to be used to seven tenths: a pod that is lost, and load that comes in bunches, then find
room.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

from mlops_charts.capacity.measured import Capacity

USED: Final = 0.7  # of what a pod carries
_GROWTH: Final = 3  # times the expected traffic that autoscaling must reach
_FEWEST: Final = 2  # pods: one may go at any time


@dataclass(frozen=True)
class Demand:
    """What is asked of the pods of one version.

    Attributes:
        requests_per_second: Expected traffic of the model.
        cores: That one pod requests.
        pods: How many a version has; the fewest of them under an autoscaler.
    """

    requests_per_second: float
    cores: float
    pods: int


@dataclass(frozen=True)
class Sizing:
    """What is recommended for one version.

    Attributes:
        per_pod: Requests per second that one pod carries within the objective.
        bound: What bounds that: `measured`, or `cpu`, the processor that it requests.
        replicas: Pods for the expected traffic.
        most: Pods that autoscaling should be able to reach.
        target: Requests per second and pod that autoscaling should aim at.
        cpu_percent: The same as processor use, in percent of the request; None where nothing says what a request costs.
        used: Share of what the pods that are asked for carry, by the expected traffic.
        largest_step: Percent of the traffic that the pods of a version carry with room to spare, at most 100.
    """

    per_pod: float
    bound: str
    replicas: int
    most: int
    target: float
    cpu_percent: int | None
    used: float
    largest_step: int


def sizing(capacity: Capacity, demand: Demand) -> Sizing | None:
    """Return what is recommended; None where no rate met the objective."""
    level = capacity.at_objective
    if level is None:
        return None
    paid = demand.cores / level.cpu_seconds if level.cpu_seconds else float("inf")
    carries = min(level.answered, paid)
    target = USED * carries
    expected = demand.requests_per_second
    replicas = max(_FEWEST, ceil(expected / target), ceil(expected / carries) + 1)
    percent = round(100 * target * level.cpu_seconds / demand.cores) if level.cpu_seconds else None
    return Sizing(
        per_pod=carries,
        bound="cpu" if paid < level.answered else "measured",
        replicas=replicas,
        most=max(replicas + 1, ceil(_GROWTH * expected / target)),
        target=target,
        cpu_percent=percent,
        used=expected / (demand.pods * carries),
        largest_step=min(100, int(100 * demand.pods * target / expected)),
    )
