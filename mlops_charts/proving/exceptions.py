"""The rules that an object of ours may break, each with the reason that a reviewer reads in the report.

Namespaces with such an object are labelled baseline; all their other pods are still held to restricted.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlops_charts.planning import EnvironmentPlan, Plan
from mlops_charts.validation.model import PolicyException

_CODE = "pod-security"
_BUILDERS = ("environment", "image")
_BUILDER = "kaniko unpacks an image's layers as root of its container, within what baseline admits"
_EXECUTOR = "Seldon injects its executor without capabilities.drop, and offers no way to set it"
_INITIALIZER = "Seldon injects its storage initializer without a security context, and offers no way to set one"


def pipeline_exceptions(plan: Plan) -> tuple[PolicyException, ...]:
    """Return the exceptions of the pipeline: the templates that build images, and no other."""
    return tuple(
        PolicyException("WorkflowTemplate", plan.model, _CODE, _BUILDER, f"spec/templates/{step}/*")
        for step in plan.pipeline.steps
        if step in _BUILDERS
    )


def serving_exceptions(plan: Plan, environment: EnvironmentPlan) -> tuple[PolicyException, ...]:
    """Return the exceptions of an environment: what Seldon adds to the pods of the model."""
    return tuple(_injected(plan)) if environment.executor else ()


def _injected(plan: Plan) -> Iterator[PolicyException]:
    for reason, place in ((_EXECUTOR, "annotations/seldon.io/no-engine"), (_INITIALIZER, "graph/modelUri")):
        yield PolicyException("SeldonDeployment", plan.model, _CODE, reason, f"spec/predictors/*/{place}")
