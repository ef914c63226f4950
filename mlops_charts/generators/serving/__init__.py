"""The serving chart: one SeldonDeployment with two slots, what brings traffic to them, and what guards them.

Knows the plan and the chart. Monitoring objects are another generator's; the state of a release is read from values,
never from the release commands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlops_charts.generators.model import Part
from mlops_charts.generators.serving.access import accounts, judge_role
from mlops_charts.generators.serving.helm_test import helm_test
from mlops_charts.generators.serving.judge import judge
from mlops_charts.generators.serving.network import policies
from mlops_charts.generators.serving.release_rules import release_constraints
from mlops_charts.generators.serving.release_values import release_records
from mlops_charts.generators.serving.scaling import budgets
from mlops_charts.generators.serving.secrets import external_secrets, external_secrets_needed, externals, secret_uses
from mlops_charts.generators.serving.seldon import seldon_deployment
from mlops_charts.generators.serving.traffic import traffic
from mlops_charts.planning import EnvironmentPlan, Plan

__all__ = [
    "ServingGenerator",
    "external_secrets_needed",
    "externals",
    "release_constraints",
    "release_records",
    "secret_uses",
]

_KINDS = frozenset(
    {
        ("", "ConfigMap"),
        ("", "Pod"),
        ("", "Service"),
        ("", "ServiceAccount"),
        ("batch", "CronJob"),
        ("external-secrets.io", "ExternalSecret"),
        ("gateway.networking.k8s.io", "HTTPRoute"),
        ("machinelearning.seldon.io", "SeldonDeployment"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("policy", "PodDisruptionBudget"),
        ("rbac.authorization.k8s.io", "Role"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
    }
)


class ServingGenerator:
    """Everything that serves a model, but for its monitoring."""

    name = "serving"
    kinds = _KINDS

    def pipeline(self, plan: Plan) -> Iterable[Part]:
        """Yield nothing: what makes the model is another generator's."""
        del plan
        return ()

    def serving(self, plan: Plan, environment: EnvironmentPlan) -> Iterator[Part]:
        """Yield the objects of one environment, in reading order."""
        yield from seldon_deployment(plan, environment)
        yield from traffic(plan, environment)
        yield from budgets(plan)
        yield from judge(plan, environment)
        yield from accounts(plan)
        yield from judge_role(plan, environment)
        yield from policies(plan, environment)
        yield from external_secrets(plan, environment)
        yield from helm_test(plan, environment)
