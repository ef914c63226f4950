"""What a repository has once: the models' project, and the bootstrap that a person applies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_charts.generators.argocd.bootstrap import bootstrap_files
from mlops_charts.generators.argocd.common import (
    API_VERSION,
    FINALIZER,
    PROJECT_WAVE,
    SYNC_WAVE,
    namespace_pattern,
)
from mlops_charts.spec.platform import IN_CLUSTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_charts.spec.platform import PlatformSpec


def platform_apps(
    platform: PlatformSpec, kinds: frozenset[tuple[str, str]], source: str = "platform.yaml"
) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Yield path and manifest of the models' project and of the bootstrap; where a file needs more than that, its text.

    Args:
        platform: The cluster.
        kinds: API group and kind of all that the charts may contain.
        source: The file that the text says it comes from.
    """
    yield f"apps/projects/{platform.argocd.project}.yaml", _models_project(platform, kinds)
    yield from bootstrap_files(platform, source)


def _models_project(platform: PlatformSpec, kinds: frozenset[tuple[str, str]]) -> dict[str, Any]:
    destinations = _destinations(platform)
    patterns = sorted({namespace for _, namespace in destinations})
    return {
        "apiVersion": API_VERSION,
        "kind": "AppProject",
        "metadata": {
            "name": platform.argocd.project,
            "namespace": platform.argocd.namespace,
            "labels": {"app.kubernetes.io/managed-by": "mlops-charts"},
            "annotations": {SYNC_WAVE: PROJECT_WAVE},
            # The project stays until its last Application is gone: without it, they could not clean up behind them.
            "finalizers": [FINALIZER],
        },
        "spec": {
            "description": "The pipelines and the serving of all models.",
            "sourceRepos": [platform.git.url],
            "destinations": [{"server": server, "namespace": namespace} for server, namespace in destinations],
            "clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": name} for name in patterns],
            "namespaceResourceWhitelist": [{"group": group, "kind": kind} for group, kind in sorted(kinds)],
        },
    }


def _destinations(platform: PlatformSpec) -> list[tuple[str, str]]:
    """Return server and namespace pattern of all that the models may be deployed to."""
    pipelines = (IN_CLUSTER, namespace_pattern(platform.pipeline.namespace, "pipeline"))
    served = {
        (environment.cluster, namespace_pattern(environment.namespace, name))
        for name, environment in platform.environments.items()
    }
    return sorted({pipelines, *served})
