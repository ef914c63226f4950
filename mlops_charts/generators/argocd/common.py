"""What every Application of ours says alike: how it syncs, and where things stand in the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mlops_charts.spec.platform import PlatformSpec

API_VERSION: Final = "argoproj.io/v1alpha1"
FINALIZER: Final = "resources-finalizer.argocd.argoproj.io"
SYNC_WAVE: Final = "argocd.argoproj.io/sync-wave"
COMPARE_OPTIONS: Final = "argocd.argoproj.io/compare-options"
GENERATE_PATHS: Final = "argocd.argoproj.io/manifest-generate-paths"
SYNC_OPTIONS: Final = "argocd.argoproj.io/sync-options"
PROJECT_WAVE: Final = "-1"
APPLICATION_WAVE: Final = "0"


def in_repository(platform: PlatformSpec, path: str) -> str:
    """Return a path below the folder of platform.yaml as a path from the top of the repository."""
    return f"{platform.git.path}/{path}" if platform.git.path else path


def namespace_pattern(pattern: str, environment: str) -> str:
    """Return the glob of all namespaces that a pattern of platform.yaml makes in one environment."""
    return pattern.replace("{model}", "*").replace("{environment}", environment)


def sync_policy(*options: str) -> dict[str, Any]:
    """Return the policy of every Application: git is the record, and a retry takes the newest commit.

    Without `refresh` a sync that fails is retried at its old commit while the commit that rolls it back waits.
    """
    return {
        "automated": {"prune": True, "selfHeal": True},
        "retry": {
            "limit": 5,
            "refresh": True,
            "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"},
        },
        "syncOptions": [*options, "ServerSideApply=true"],
    }


def pod_security_labels(level: str, version: str) -> dict[str, str]:
    """Return a namespace's labels of Pod Security, at the cluster's minor version."""
    prefix = "pod-security.kubernetes.io"
    return {
        f"{prefix}/enforce": level,
        f"{prefix}/enforce-version": f"v{version}",
        f"{prefix}/audit": level,
        f"{prefix}/audit-version": f"v{version}",
        f"{prefix}/warn": level,
        f"{prefix}/warn-version": f"v{version}",
    }
