"""Each rule of Argo CD refuses what only it can refuse."""

from typing import Any

import pytest
from proof_samples import GONE, Path, apps, change, found, pipeline, plus, put, serving, within

from mlops_charts.validation.model import Rendered, Scope
from mlops_charts.validation.proofs import FLEET_PROOFS, PROOFS

APP, SERVES, ROOT = "Application/iris-pipeline", "Application/iris-serving-staging", "Application/models-root"
PROJECT = "AppProject/models"
POLICY = ("spec", "syncPolicy")
ANNOTATIONS = ("metadata", "annotations")
WAVE = (*ANNOTATIONS, "argocd.argoproj.io/sync-wave")
HOOK = (*ANNOTATIONS, "argocd.argoproj.io/hook")
HELM_HOOK = (*ANNOTATIONS, "helm.sh/hook")
OPTIONS = (*ANNOTATIONS, "argocd.argoproj.io/sync-options")
COMPARE = (*ANNOTATIONS, "argocd.argoproj.io/compare-options")
PATHS = (*ANNOTATIONS, "argocd.argoproj.io/manifest-generate-paths")
ENFORCE = (*POLICY, "managedNamespaceMetadata", "labels", "pod-security.kubernetes.io/enforce")
BARE = ["CreateNamespace=true", "ServerSideApply=true"]

IN_SCOPE: list[tuple[str, str, Path, Any, str]] = [
    ("argo-cd-waves", "Workflow/iris-1a2b", WAVE, "0", "sync-wave"),
    ("argo-cd-waves", "Workflow/iris-1a2b", WAVE, "later", "sync-wave"),
    ("argo-cd-waves", "ConfigMap/iris-source-1a2b", WAVE, "1", "sync-wave"),
    ("argo-cd-waves", "ConfigMap/iris-source-1a2b", WAVE, "-1", "sync-wave"),
    ("argo-cd-hooks-and-options", "Workflow/iris-1a2b", HOOK, "PostSync", "argocd-hook"),
    ("argo-cd-hooks-and-options", "ConfigMap/iris-source-1a2b", HELM_HOOK, "pre-install", "argocd-hook"),
    ("argo-cd-hooks-and-options", "Workflow/iris-1a2b", OPTIONS, "A=b, PruneLast=true", "argocd-sync-option"),
]

FLEET: list[tuple[str, str, Path, Any, str, Path]] = [
    ("settings", APP, (*POLICY, "automated", "prune"), False, "application-sync-policy", ()),
    ("settings", APP, (*POLICY, "automated", "selfHeal"), GONE, "application-sync-policy", ()),
    ("settings", APP, (*POLICY, "retry", "refresh"), GONE, "application-sync-policy", ()),
    (
        *("settings", APP, ("spec", "ignoreDifferences"), [{"jqPathExpressions": [".spec.predictors[].traffic"]}]),
        *("application-ignore-differences", ("spec", "ignoreDifferences", 0, "jqPathExpressions", 0)),
    ),
    (
        *("settings", APP, ("spec", "ignoreDifferences"), [{"jsonPointers": ["/spec/rules/0/weight"]}]),
        *("application-ignore-differences", ("spec", "ignoreDifferences", 0, "jsonPointers", 0)),
    ),
    ("settings", APP, ("spec", "ignoreDifferences"), [{"jsonPointers": ["/spec/replicas"]}], "", ()),
    (
        *("settings", SERVES, ("spec", "source", "helm", "ignoreMissingValueFiles"), True),
        *("application-ignore-missing-values", ()),
    ),
    ("settings", APP, ("metadata", "finalizers"), GONE, "application-finalizer", ()),
    (
        *("settings", ROOT, ("metadata", "finalizers"), ["resources-finalizer.argocd.argoproj.io"]),
        *("application-finalizer", ()),
    ),
    *(
        ("settings", APP, (*POLICY, "syncOptions"), options, "application-options", ())
        for options in (BARE[:1], BARE[1:], [*BARE, "Prune=confirm"], [*BARE, "PruneLast=true"])
    ),
    ("settings", APP, COMPARE, "IgnoreExtraneous", "application-options", ()),
    ("settings", APP, PATHS, GONE, "application-options", ()),
    ("settings", APP, ENFORCE, GONE, "application-namespace", ()),
    ("settings", APP, ENFORCE, "baseline", "application-namespace", ()),
    ("settings", SERVES, OPTIONS, "Prune=confirm", "application-confirmation", ()),
    ("admissions", APP, ("spec", "project"), "modles", "application-project", ()),
    (
        *("admissions", APP, ("spec", "source", "repoURL"), "https://git.example.com/other.git"),
        *("project-source", ()),
    ),
    ("admissions", APP, ("spec", "destination", "server"), "https://10.0.0.1", "project-destination", None),
    ("admissions", PROJECT, ("spec", "namespaceResourceWhitelist", 8), GONE, "project-kind", ("kind",)),
    ("admissions", PROJECT, ("spec", "clusterResourceWhitelist"), GONE, "project-kind", None),
    ("admissions", PROJECT, ("spec", "clusterResourceWhitelist", 0, "name"), "fraud-*", "project-kind", None),
    (
        *("admissions", PROJECT, ("spec", "clusterResourceWhitelist", 0, "name"), GONE),
        *("project-wildcard", ("spec", "clusterResourceWhitelist", 0)),
    ),
    ("admissions", PROJECT, ("spec", "sourceRepos", 0), "*", "project-wildcard", ()),
    ("admissions", PROJECT, ("spec", "destinations", 0, "namespace"), "*", "project-wildcard", ()),
    (
        *("admissions", PROJECT, ("spec", "namespaceResourceWhitelist", 0, "kind"), "*"),
        *("project-wildcard", ("spec", "namespaceResourceWhitelist", 0)),
    ),
    (
        *("admissions", "AppProject/models-root", ("spec", "namespaceResourceWhitelist", 1), GONE),
        *("project-kind", ("kind",)),
    ),
]


@pytest.mark.parametrize(("proof", "target", "path", "value", "code"), IN_SCOPE)
def test_one_change_of_an_object_is_refused(*, proof: str, target: str, path: Path, value: str, code: str) -> None:
    """The proof finds exactly the annotation that was changed."""
    assert [(code, path)] == found(PROOFS[proof], within(pipeline(), target, path, value))


@pytest.mark.parametrize(("proof", "target", "path", "value", "code", "where"), FLEET)
def test_one_change_of_apps_is_refused(
    *, proof: str, target: str, path: Path, value: Any, code: str, where: Path | None
) -> None:
    """The proof finds what was changed; `where` is empty if it stands at that very place, None if anywhere."""
    every = _fleet(proof, [serving(), pipeline()], put(apps(), target, path, value))
    assert {code} - {""} == {one for one, _ in every}
    assert where is None or not code or [where or path] == [place for _, place in every]


def _fleet(proof: str, scopes: list[Scope], rendered: tuple[Rendered, ...]) -> list[tuple[str, Path]]:
    return [(one.code, one.path) for one in FLEET_PROOFS[f"application-{proof}"](scopes, rendered)]


def test_a_second_workflow_in_the_last_wave_is_refused() -> None:
    """A Workflow stands alone in its wave."""
    metadata = {"name": "other", "annotations": {WAVE[-1]: "1"}}
    scope = plus(pipeline(), {"kind": "Workflow", "metadata": metadata})
    assert found(PROOFS["argo-cd-waves"], scope) == [("sync-wave", WAVE)]


def test_a_chart_test_is_left_out_of_waves_and_kinds() -> None:
    """Argo CD does not sync what Helm runs as a test: the serving scope has one, and the project has no Pod."""
    assert "Pod" in {one.kind for one in serving().objects}
    assert _fleet("admissions", [serving()], apps()) == []


def test_two_applications_of_one_name_are_refused() -> None:
    """Names are unique in the fleet, whatever file they stand in."""
    twin = next(one for one in apps() if one.name == "iris-pipeline")
    assert _fleet("names", [], (*apps(), twin)) == [("duplicate-application", ("metadata", "name"))]


def test_two_applications_over_one_object_are_refused() -> None:
    """An object in one namespace belongs to one Application; phases of one Application may repeat it."""
    scopes = [serving(), serving(), pipeline()]
    assert _fleet("names", scopes, apps()) == []
    twin = change(next(one for one in apps() if one.name == "iris-pipeline"), ("metadata", "name"), "iris-two")
    every = _fleet("names", scopes, (*apps(), twin))
    assert {("shared-object", ("metadata", "name"))} == set(every)
    assert len(pipeline().objects) == len(every)


def test_an_application_that_serves_is_known_by_what_it_renders() -> None:
    """A chart elsewhere that renders a SeldonDeployment asks for confirmation as well."""
    path = ("spec", "source", "path")
    moved = put(put(apps(), SERVES, path, "charts/iris"), SERVES, OPTIONS, GONE)
    scope = Scope("x", "iris-staging", tuple(Rendered(one.manifest, "x.yaml") for one in serving().objects))
    assert _fleet("settings", [scope], moved) == [("application-confirmation", OPTIONS)]
