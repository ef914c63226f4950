"""The Applications of one model: one makes it, and one for each environment serves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_charts.generators.argocd.common import (
    API_VERSION,
    APPLICATION_WAVE,
    COMPARE_OPTIONS,
    FINALIZER,
    GENERATE_PATHS,
    SYNC_OPTIONS,
    SYNC_WAVE,
    in_repository,
    pod_security_labels,
    sync_policy,
)
from mlops_charts.spec.platform import IN_CLUSTER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlops_charts.planning import EnvironmentPlan, Plan

_RELEASES = "releases"  # what the second source is called in paths of values files


@dataclass(frozen=True)
class _Child:
    """One chart in one place.

    Attributes:
        name: The Application.
        chart: "pipeline" or "serving".
        cluster: URL of the API server.
        namespace: Where the chart goes.
        pod_security: Pod Security level of that namespace.
        sources: Where the chart and its values come from, as a part of the Application's spec.
        generate_paths: Folder whose commits concern the Application.
        annotations: Further annotations.
    """

    name: str
    chart: str
    cluster: str
    namespace: str
    pod_security: str
    sources: Mapping[str, Any]
    generate_paths: str
    annotations: Mapping[str, str]


def model_apps(plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield path and manifest of each Application of a model."""
    for child in (_pipeline(plan), *(_serving(plan, environment) for environment in plan.environments)):
        yield f"apps/models/{child.name}.yaml", _application(plan, child)


def _pipeline(plan: Plan) -> _Child:
    return _Child(
        name=plan.names.pipeline_application(),
        chart="pipeline",
        cluster=IN_CLUSTER,
        namespace=plan.pipeline.namespace,
        pod_security=plan.pipeline.pod_security,
        sources={"source": _source(plan, "pipeline", ["values.yaml"])},
        generate_paths=".",
        annotations={},
    )


def _serving(plan: Plan, environment: EnvironmentPlan) -> _Child:
    one_branch = plan.platform.git.release_branch is None
    return _Child(
        name=plan.names.serving_application(environment.name),
        chart="serving",
        cluster=environment.cluster,
        namespace=environment.namespace,
        pod_security=environment.pod_security,
        sources=_one_source(plan, environment.name) if one_branch else _two_sources(plan, environment.name),
        generate_paths="." if one_branch else f"/{_folder(plan, 'serving')}",
        annotations={SYNC_OPTIONS: "Prune=confirm,Delete=confirm"},
    )


def _one_source(plan: Plan, environment: str) -> dict[str, Any]:
    files = [*_values_files(environment), f"release-{environment}.yaml"]
    return {"source": _source(plan, "serving", files)}


def _two_sources(plan: Plan, environment: str) -> dict[str, Any]:
    """The chart comes from the deployed branch and the release file from its own."""
    folder = _folder(plan, "serving")
    files = [*_values_files(environment), f"${_RELEASES}/{folder}/release-{environment}.yaml"]
    git = plan.platform.git
    releases = {"repoURL": git.url, "targetRevision": git.release_branch, "ref": _RELEASES}
    return {"sources": [_source(plan, "serving", files), releases]}


def _values_files(environment: str) -> tuple[str, ...]:
    return ("values.yaml", f"environment-{environment}.yaml", f"values-{environment}.yaml")


def _source(plan: Plan, chart: str, values_files: list[str]) -> dict[str, Any]:
    return {
        "repoURL": plan.platform.git.url,
        "targetRevision": plan.platform.git.branch,
        "path": _folder(plan, chart),
        "helm": {"releaseName": plan.model, "valueFiles": values_files},
    }


def _folder(plan: Plan, chart: str) -> str:
    return in_repository(plan.platform, f"charts/{plan.model}/{chart}")


def _application(plan: Plan, child: _Child) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "Application",
        "metadata": {
            "name": child.name,
            "namespace": plan.platform.argocd.namespace,
            "labels": {**plan.labels, "app.kubernetes.io/component": child.chart},
            "annotations": {
                **plan.annotations,
                SYNC_WAVE: APPLICATION_WAVE,
                COMPARE_OPTIONS: "ServerSideDiff=true",
                GENERATE_PATHS: child.generate_paths,
                **child.annotations,
            },
            "finalizers": [FINALIZER],
        },
        "spec": {
            "project": plan.platform.argocd.project,
            **child.sources,
            "destination": {"server": child.cluster, "namespace": child.namespace},
            "syncPolicy": {
                **sync_policy("CreateNamespace=true"),
                "managedNamespaceMetadata": {
                    "labels": pod_security_labels(child.pod_security, plan.platform.kubernetes.version)
                },
            },
        },
    }
