"""The Applications of a model, the project they live in, and the bootstrap."""

from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml

from mlops_charts.chart import emit_manifest
from mlops_charts.generators.argocd import model_apps, platform_apps
from mlops_charts.generators.argocd.bootstrap import HEALTH_CHECKS, health_check
from mlops_charts.planning import Plan, decide
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.validation.applications import application_settings
from mlops_charts.validation.model import Rendered

TWO = {
    "staging": {"namespace": "{model}-staging"},
    "prod": {"cluster": "https://prod.example.com", "namespace": "{model}-prod"},
}
KINDS = frozenset({("monitoring.coreos.com", "PodMonitor"), ("", "ConfigMap"), ("argoproj.io", "Workflow")})
GIT = "https://git.example.com/ml/models.git"


def platform(**blocks: Any) -> PlatformSpec:
    return PlatformSpec.model_validate({"environments": TWO, **blocks})


def plan(spec: dict[str, Any] | None = None, **blocks: Any) -> Plan:
    asked = {"metadata": {"name": "iris", "owner": "flowers"}, "training": {"data": {"uri": "sklearn://iris"}}}
    return decide(
        ModelSpec.model_validate({**asked, **(spec or {})}), platform(**blocks), {"train.py": b"x"}, "model/iris"
    )


def apps(spec: dict[str, Any] | None = None, **blocks: Any) -> dict[str, dict[str, Any]]:
    return dict(model_apps(plan(spec, **blocks)))


def shared(**blocks: Any) -> dict[str, Any]:
    """Return what a repository has once, read back where it is text."""
    found = platform_apps(platform(**blocks), KINDS)
    return {
        path: yaml.safe_load(each) if isinstance(each, str) and path.endswith(".yaml") else each for path, each in found
    }


def test_a_model_has_one_application_for_each_chart_and_environment() -> None:
    """Names and files follow the model and the environment."""
    assert {path: app["metadata"]["name"] for path, app in apps().items()} == {
        "apps/models/iris-pipeline.yaml": "iris-pipeline",
        "apps/models/iris-serving-staging.yaml": "iris-serving-staging",
        "apps/models/iris-serving-prod.yaml": "iris-serving-prod",
    }


def test_serving_reads_its_values_files_in_order() -> None:
    """The later file wins, and the release file is the last."""
    source = apps()["apps/models/iris-serving-prod.yaml"]["spec"]["source"]
    assert source == {
        "repoURL": GIT,
        "targetRevision": "main",
        "path": "charts/iris/serving",
        "helm": {
            "releaseName": "iris",
            "valueFiles": ["values.yaml", "environment-prod.yaml", "values-prod.yaml", "release-prod.yaml"],
        },
    }


def test_a_release_branch_is_a_second_source() -> None:
    """The chart comes from the deployed branch and the release file from its own, by the name of that source."""
    spec = apps(git={"url": GIT, "releaseBranch": "releases", "path": "ml"})["apps/models/iris-serving-prod.yaml"][
        "spec"
    ]
    chart, releases = spec["sources"]
    assert "source" not in spec
    assert releases == {"repoURL": GIT, "targetRevision": "releases", "ref": "releases"}
    assert chart["path"] == "ml/charts/iris/serving"
    assert chart["targetRevision"] == "main"
    assert chart["helm"]["valueFiles"][-1] == "$releases/ml/charts/iris/serving/release-prod.yaml"


def test_a_release_branch_does_not_render_the_fleet_at_each_commit() -> None:
    """The second source has no path of its own, so the folder is named from the top of the repository."""
    found = apps(git={"url": GIT, "releaseBranch": "releases", "path": "ml"})
    paths = {
        path: app["metadata"]["annotations"]["argocd.argoproj.io/manifest-generate-paths"]
        for path, app in found.items()
    }
    assert paths["apps/models/iris-serving-prod.yaml"] == "/ml/charts/iris/serving"
    assert paths["apps/models/iris-pipeline.yaml"] == "."


def test_the_pipeline_is_made_from_the_deployed_branch_alone() -> None:
    """A release branch holds nothing of the pipeline."""
    spec = apps(git={"url": GIT, "releaseBranch": "releases"})["apps/models/iris-pipeline.yaml"]["spec"]
    assert spec["source"]["path"] == "charts/iris/pipeline"
    assert spec["source"]["targetRevision"] == "main"


def test_destinations_and_pod_security_follow_the_plan() -> None:
    """The cluster is the environment's, and the level is what the runtime can meet."""
    python = apps()["apps/models/iris-serving-prod.yaml"]["spec"]
    executor = apps({"serving": {"runtime": "sklearn"}})["apps/models/iris-serving-prod.yaml"]["spec"]
    assert python["destination"] == {"server": "https://prod.example.com", "namespace": "iris-prod"}
    assert level(python) == "restricted"
    assert level(executor) == "baseline"
    assert level(apps()["apps/models/iris-pipeline.yaml"]["spec"]) == "baseline"


def level(spec: dict[str, Any]) -> str:
    return str(spec["syncPolicy"]["managedNamespaceMetadata"]["labels"]["pod-security.kubernetes.io/enforce"])


@pytest.mark.parametrize("path", ["apps/models/iris-pipeline.yaml", "apps/models/iris-serving-prod.yaml"])
def test_an_application_syncs_by_itself_and_retries_the_newest_commit(path: str) -> None:
    """A sync that fails never holds back the commit that rolls it back."""
    policy = apps()[path]["spec"]["syncPolicy"]
    assert policy["automated"] == {"prune": True, "selfHeal": True}
    assert policy["retry"]["refresh"] is True
    assert policy["syncOptions"] == ["CreateNamespace=true", "ServerSideApply=true"]


def test_only_an_application_that_serves_waits_for_a_person_before_it_goes() -> None:
    """The pipeline may go with its file; what serves may not."""
    option = "argocd.argoproj.io/sync-options"
    assert {path: app["metadata"]["annotations"].get(option) for path, app in apps().items()} == {
        "apps/models/iris-pipeline.yaml": None,
        "apps/models/iris-serving-staging.yaml": "Prune=confirm,Delete=confirm",
        "apps/models/iris-serving-prod.yaml": "Prune=confirm,Delete=confirm",
    }


@pytest.mark.parametrize("branch", [None, "releases"])
@pytest.mark.parametrize("runtime", ["python", "sklearn"])
def test_the_proofs_of_applications_find_nothing(branch: str | None, runtime: str) -> None:
    """What is generated passes what is asked of any Application."""
    git = {"url": GIT, "releaseBranch": branch}
    found = {**apps({"serving": {"runtime": runtime}}, git=git), **shared(git=git)}
    rendered = [Rendered(each, path, "") for path, each in found.items() if path.endswith(".yaml")]
    assert list(application_settings([], rendered)) == []


def test_the_project_of_the_models_admits_what_they_need_and_no_more() -> None:
    """One repository, their namespaces, the kinds of the charts, and Namespace by pattern."""
    project = shared()["apps/projects/models.yaml"]
    in_cluster = "https://kubernetes.default.svc"
    assert project["spec"] == {
        "description": "The pipelines and the serving of all models.",
        "sourceRepos": [GIT],
        "destinations": [
            {"server": in_cluster, "namespace": "*-pipeline"},
            {"server": in_cluster, "namespace": "*-staging"},
            {"server": "https://prod.example.com", "namespace": "*-prod"},
        ],
        "clusterResourceWhitelist": [
            {"group": "", "kind": "Namespace", "name": "*-pipeline"},
            {"group": "", "kind": "Namespace", "name": "*-prod"},
            {"group": "", "kind": "Namespace", "name": "*-staging"},
        ],
        "namespaceResourceWhitelist": [
            {"group": "", "kind": "ConfigMap"},
            {"group": "argoproj.io", "kind": "Workflow"},
            {"group": "monitoring.coreos.com", "kind": "PodMonitor"},
        ],
    }


def test_the_project_admits_every_application_of_a_model() -> None:
    """Every destination fits one of the project's."""
    admitted = shared()["apps/projects/models.yaml"]["spec"]["destinations"]
    wanted = [app["spec"]["destination"] for app in apps().values()]
    assert [one for one in wanted if not any(fits(one, each) for each in admitted)] == []


def fits(wanted: dict[str, str], admitted: dict[str, str]) -> bool:
    return wanted["server"] == admitted["server"] and fnmatchcase(wanted["namespace"], admitted["namespace"])


def test_environments_that_share_a_namespace_are_one_destination() -> None:
    """A pattern that stands twice is admitted once."""
    both = {"a": {"namespace": "ml-{model}"}, "b": {"namespace": "ml-{model}"}}
    spec = shared(environments=both)["apps/projects/models.yaml"]["spec"]
    assert [one["namespace"] for one in spec["destinations"]] == ["*-pipeline", "ml-*"]


def test_projects_come_before_applications() -> None:
    """An Application without its project cannot sync."""
    wave = "argocd.argoproj.io/sync-wave"
    waves = {int(app["metadata"]["annotations"][wave]) for app in apps().values()}
    assert waves == {0}
    assert int(shared()["apps/projects/models.yaml"]["metadata"]["annotations"][wave]) < min(waves)


def test_the_root_renders_everything_but_the_bootstrap() -> None:
    """It has a project of its own, and no finalizer: deleting it deletes no model."""
    root = shared(git={"url": GIT, "path": "ml"})["apps/bootstrap/root.yaml"]
    assert root["spec"]["source"]["path"] == "ml/apps"
    assert root["spec"]["source"]["directory"] == {"recurse": True, "exclude": "bootstrap/*"}
    assert root["spec"]["project"] == "models-root"
    assert "finalizers" not in root["metadata"]


def test_the_root_may_create_applications_and_projects_only() -> None:
    """Its project admits two kinds in Argo CD's namespace, and nothing of the cluster."""
    spec = shared()["apps/bootstrap/project.yaml"]["spec"]
    assert spec["destinations"] == [{"server": "https://kubernetes.default.svc", "namespace": "argocd"}]
    assert [one["kind"] for one in spec["namespaceResourceWhitelist"]] == ["Application", "AppProject"]
    assert "clusterResourceWhitelist" not in spec


def test_the_health_checks_are_a_part_of_argocd_cm() -> None:
    """Two keys with the Lua as it is, and the label without which Argo CD does not read the ConfigMap."""
    found = shared()["apps/bootstrap/health.yaml"]
    assert found["metadata"]["name"] == "argocd-cm"
    assert found["metadata"]["labels"] == {"app.kubernetes.io/part-of": "argocd"}
    assert found["data"] == {f"resource.customizations.health.{kind}": health_check(kind) for kind in HEALTH_CHECKS}


@pytest.mark.parametrize("path", ["apps/bootstrap/README.md", "apps/bootstrap/health.yaml"])
def test_the_bootstrap_says_how_it_is_applied(path: str) -> None:
    """On the server's side, under a field manager of its own."""
    text = dict(platform_apps(platform(), KINDS))[path]
    assert isinstance(text, str)
    assert "kubectl apply --server-side --field-manager=mlops-charts -f apps/bootstrap/" in text
    assert "Generated by mlops-charts from platform.yaml" in text.splitlines()[0]


def test_manifests_are_plain_and_the_same_each_time() -> None:
    """Nothing but data stands in them, and the same plan gives the same text."""
    texts = [{path: emit_manifest(app, "x") for path, app in apps().items()} for _ in range(2)]
    assert texts[0] == texts[1]
    assert {path: yaml.safe_load(text) for path, text in texts[0].items()} == apps()
