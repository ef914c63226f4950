"""Which kinds the AppProject of a platform admits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from mlops_charts.generators.kinds import admitted_kinds
from mlops_charts.generators.model import Part
from mlops_charts.generators.table import built_in
from mlops_charts.planning import EnvironmentPlan, Plan
from mlops_charts.spec.platform import PlatformSpec

POD, SERVICE = ("", "Pod"), ("", "Service")
ROUTE, FETCHED = ("gateway.networking.k8s.io", "HTTPRoute"), ("external-secrets.io", "ExternalSecret")
CHOSEN = frozenset({POD, SERVICE, ROUTE, FETCHED})


@dataclass(frozen=True)
class Other:
    """A generator of somebody else."""

    kinds: frozenset[tuple[str, str]]
    name: str = "other"

    def pipeline(self, plan: Plan) -> Iterable[Part]:
        """Yield nothing."""
        del plan
        return ()

    def serving(self, plan: Plan, environment: EnvironmentPlan) -> Iterable[Part]:
        """Yield nothing."""
        del plan, environment
        return ()


def platform(ingress: str = "gatewayApi", provider: str = "existing") -> PlatformSpec:
    return PlatformSpec.model_validate({"ingress": {"type": ingress}, "secrets": {"provider": provider}})


@pytest.mark.parametrize(
    ("ingress", "provider", "expected"),
    [
        ("gatewayApi", "existing", {ROUTE}),
        ("istio", "sealed-secrets", set()),
        ("none", "existing", {SERVICE}),
        ("istio", "external-secrets", {FETCHED}),
    ],
)
def test_kinds_of_another_platform_are_not_admitted(
    ingress: str, provider: str, expected: set[tuple[str, str]]
) -> None:
    """Nor is the Pod of `helm test`, which Argo CD does not run."""
    assert admitted_kinds(platform(ingress, provider), built_in()) & CHOSEN == expected


def test_all_other_kinds_are_admitted() -> None:
    """Whatever one model may have, the project of all of them admits."""
    declared = {kind for generator in built_in() for kind in generator.kinds}
    assert declared - admitted_kinds(platform(), built_in()) == CHOSEN - {ROUTE}


@pytest.mark.parametrize("kind", sorted(CHOSEN))
def test_what_a_generator_of_somebody_else_names_is_admitted(kind: tuple[str, str]) -> None:
    """Also where ours never render it."""
    assert kind in admitted_kinds(platform("istio"), (*built_in(), Other(frozenset({kind}))))
