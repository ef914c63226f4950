"""What the namespace may use at most, where platform.yaml says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import metadata
from mlops_charts.planning import Plan

# Under a quota every container must state what it uses, and Argo's own containers state nothing.
_LIMITS: Final = {"cpu": "500m", "memory": "256Mi", "ephemeral-storage": "1Gi"}
_REQUESTS: Final = {"cpu": "50m", "memory": "64Mi", "ephemeral-storage": "64Mi"}


def quotas(plan: Plan) -> Iterator[Part]:
    """Yield the quota and the defaults that it calls for; nothing without one."""
    if plan.platform.quotas:
        yield Part("resourcequota.yaml", _quota(plan))
        yield Part("limitrange.yaml", _defaults(plan))


def _quota(plan: Plan) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": metadata(plan, f"{plan.model}-pipeline", component="pipeline"),
        "spec": {"hard": dict(sorted(plan.platform.quotas.items()))},
    }


def _defaults(plan: Plan) -> dict[str, Any]:
    limit = {"type": "Container", "default": dict(_LIMITS), "defaultRequest": dict(_REQUESTS)}
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": metadata(plan, f"{plan.model}-pipeline", component="pipeline"),
        "spec": {"limits": [limit]},
    }
