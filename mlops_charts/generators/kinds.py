"""Which kinds the charts of a platform may hold at all: the fence that the AppProject draws around them.

Knows the choices of platform.yaml; a model's own choices never narrow it, because one project serves all models.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mlops_charts.generators.model import Generator
from mlops_charts.generators.table import built_in
from mlops_charts.spec.platform import PlatformSpec

Kinds = frozenset[tuple[str, str]]

_POD: Final = ("", "Pod")  # of `helm test`, which Argo CD does not run
_SERVICE: Final = ("", "Service")
_ROUTE: Final = ("gateway.networking.k8s.io", "HTTPRoute")
_FETCHED: Final = ("external-secrets.io", "ExternalSecret")


def admitted_kinds(platform: PlatformSpec, generators: Iterable[Generator]) -> Kinds:
    """Return API group and kind of all that Argo CD may apply here.

    What a generator of somebody else names is admitted as it is, also where ours would never render it.
    """
    ours = {type(generator) for generator in built_in()}
    never = _never(platform)
    return frozenset(
        kind for generator in generators for kind in generator.kinds if kind not in never or type(generator) not in ours
    )


def _never(platform: PlatformSpec) -> Kinds:
    """Return the kinds that our own generators render on other platforms alone."""
    ingress = platform.ingress.type
    absent = {
        _POD: True,
        _SERVICE: ingress != "none",
        _ROUTE: ingress != "gatewayApi",
        _FETCHED: platform.secrets.provider != "external-secrets",
    }
    return frozenset(kind for kind, is_absent in absent.items() if is_absent)
