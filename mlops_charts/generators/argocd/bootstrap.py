"""What a person applies once: the root Application, its project, and health checks that Argo CD lacks."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from mlops_charts.chart import emit_manifest
from mlops_charts.generators.argocd.common import (
    API_VERSION,
    COMPARE_OPTIONS,
    GENERATE_PATHS,
    in_repository,
    sync_policy,
)
from mlops_charts.generators.argocd.readme import bootstrap_readme, health_header
from mlops_charts.spec.platform import IN_CLUSTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_charts.spec.platform import PlatformSpec

HEALTH_CHECKS: Final = {
    "argoproj.io_Application": "application.lua",
    "machinelearning.seldon.io_SeldonDeployment": "seldondeployment.lua",
}


def bootstrap_files(platform: PlatformSpec, source: str) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Yield path and content of apps/bootstrap/."""
    yield "apps/bootstrap/README.md", bootstrap_readme(platform, source)
    yield "apps/bootstrap/health.yaml", emit_manifest(_health(platform), health_header(platform, source))
    yield "apps/bootstrap/project.yaml", _project(platform)
    yield "apps/bootstrap/root.yaml", _root(platform)


def health_check(kind: str) -> str:
    """Return the Lua text by which Argo CD reads the health of a kind, named `group_Kind`."""
    return (files(__package__) / "health" / HEALTH_CHECKS[kind]).read_text(encoding="utf-8")


def _health(platform: PlatformSpec) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "argocd-cm",
            "namespace": platform.argocd.namespace,
            # Argo CD reads the ConfigMap only with this label.
            "labels": {"app.kubernetes.io/part-of": "argocd"},
        },
        "data": {f"resource.customizations.health.{kind}": health_check(kind) for kind in HEALTH_CHECKS},
    }


def _metadata(platform: PlatformSpec, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": platform.argocd.namespace,
        "labels": {"app.kubernetes.io/managed-by": "mlops-charts"},
    }


def _project(platform: PlatformSpec) -> dict[str, Any]:
    """Return the root's own project: Applications and AppProjects in Argo CD's namespace, and nothing else."""
    admitted = ("Application", "AppProject")
    return {
        "apiVersion": API_VERSION,
        "kind": "AppProject",
        "metadata": _metadata(platform, platform.argocd.bootstrap_project),
        "spec": {
            "description": "The root Application, which creates the Applications of all models.",
            "sourceRepos": [platform.git.url],
            "destinations": [{"server": IN_CLUSTER, "namespace": platform.argocd.namespace}],
            "namespaceResourceWhitelist": [{"group": "argoproj.io", "kind": kind} for kind in admitted],
        },
    }


def _root(platform: PlatformSpec) -> dict[str, Any]:
    """Return the root: without a finalizer, so that deleting it deletes no model."""
    metadata = _metadata(platform, platform.argocd.bootstrap_project)
    metadata["annotations"] = {COMPARE_OPTIONS: "ServerSideDiff=true", GENERATE_PATHS: "."}
    return {
        "apiVersion": API_VERSION,
        "kind": "Application",
        "metadata": metadata,
        "spec": {
            "project": platform.argocd.bootstrap_project,
            "source": {
                "repoURL": platform.git.url,
                "targetRevision": platform.git.branch,
                "path": in_repository(platform, "apps"),
                "directory": {"recurse": True, "exclude": "bootstrap/*"},
            },
            "destination": {"server": IN_CLUSTER, "namespace": platform.argocd.namespace},
            "syncPolicy": sync_policy(),
        },
    }
