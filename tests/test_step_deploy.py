"""How a version is handed to releases."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pipeline_plans import plan_of
from pipeline_runs import MODEL, PLATFORM, PROD, Pipeline
from release_remotes import RELEASE
from repositories import git

import mlops_charts
from mlops_charts import contract
from mlops_charts.chart import merge
from mlops_charts.errors import Mistake
from mlops_charts.release import nothing_released
from mlops_charts.release.deciding import frozen_until
from mlops_charts.release.start import flying_version
from mlops_charts.spec.platform import Freeze
from mlops_charts.steps.call import Refused, Unavailable

IMAGE, DIGEST = "ghcr.io:443/acme/iris:1.0.0-abc", f"sha256:{'a' * 64}"
CLUSTER: Mapping[str, str] = {}


def versioned(pipeline: Pipeline, version: str = "1.0.0") -> str:
    """Return the run of a version, as the steps before leave them."""
    registry = pipeline.registry
    run = registry.open(f"code of {version}", "data", "abc", "commit")
    tags = {contract.TAG_CODE: run.code, contract.TAG_DATA: run.data, contract.TAG_VERSION: version}
    registry.register(f"{run.artifacts}/model", run.id, tags)
    registry.advance(run.id, "monitored")
    return run.id


def deploy(pipeline: Pipeline, version: str = "1.0.0", image: str = IMAGE, digest: str = DIGEST) -> Any:
    """Deploy what was built now."""
    return pipeline.step("deploy", action="train", version=version, image=image, image_digest=digest)[0]


def test_a_release_starts_with_one_commit(tmp_path: Path) -> None:
    """The state has the version by its image's digest and the policy; the commit says who; the run is at its end."""
    pipeline = Pipeline(tmp_path, environ={"ARGO_WORKFLOW_NAME": "iris-a1b2"})
    run_id = versioned(pipeline)
    result = deploy(pipeline)
    state = pipeline.state()
    assert (result.outcome, result.phase, result.environment, result.message) == (
        "started", "warming", "staging", "iris 1.0.0 starts in staging (warming)",
    )  # fmt: skip
    assert result.image == state.blue.image == f"ghcr.io:443/acme/iris@{DIGEST}"
    assert (state.blue.run_id, state.blue.code_digest, state.blue.data_digest) == (run_id, "code of 1.0.0", "data")
    assert (state.policy["steps"], state.policy["maxDurationSeconds"]) == ([5, 25, 50], 21600)
    assert [check["metric"] for check in state.policy["checks"]] == [
        "errorRate",
        "latency",
        "predictionDrift",
    ]
    assert git(pipeline.server, "log", "-1", "--format=%B", "main").splitlines() == [
        "Start the release of iris 1.0.0 in staging: none -> warming", "",
        "Mlops-Model: iris", "Mlops-Environment: staging",
        "Mlops-Version: 1.0.0", "Mlops-Workflow: iris-a1b2", f"Mlops-Run: {run_id}", "Mlops-Event: start", "",
    ]  # fmt: skip
    assert git(pipeline.server, "rev-parse", "main").strip() == result.commit
    assert pipeline.state(PROD) == nothing_released()
    run, (version,) = pipeline.registry.run(run_id), pipeline.registry.versions()
    assert (run.stage, run.tags[contract.TAG_IMAGE], run.tags[contract.TAG_IMAGE_DIGEST]) == ("deployed", IMAGE, DIGEST)
    assert (version.image, version.image_digest) == (IMAGE, DIGEST)


def test_a_second_call_changes_nothing(tmp_path: Path) -> None:
    """Nor does one that knows the version alone: its image is in the registry."""
    pipeline = Pipeline(tmp_path, environ=CLUSTER)
    versioned(pipeline)
    first = deploy(pipeline)
    before = git(pipeline.server, "rev-parse", "main")
    again, _ = pipeline.step("deploy", action="resume", known_version="1.0.0")
    assert (again.outcome, again.image, again.commit) == ("unchanged", first.image, first.commit)
    assert again.message == "iris 1.0.0 is in staging already (warming)"
    assert git(pipeline.server, "rev-parse", "main") == before


def test_argo_s_node_says_which_workflow_it_was(tmp_path: Path) -> None:
    """Argo tells a step the id of its node alone, which is the name of the Workflow and a number."""
    pipeline = Pipeline(tmp_path, environ={"ARGO_NODE_ID": "iris-a1b2-3018231841"})
    versioned(pipeline)
    deploy(pipeline)
    assert "Mlops-Workflow: iris-a1b2" in git(pipeline.server, "log", "-1", "--format=%B", "main").splitlines()


@pytest.mark.parametrize("runtime", ["python", "seldon-core", "sklearn", "mlflow"])
@pytest.mark.parametrize("ingress", ["gatewayApi", "istio", "none"])
def test_helm_takes_the_release_file_that_was_committed(tmp_path: Path, ingress: str, runtime: str) -> None:
    """Real Helm holds it against the schema of the serving chart, and what that renders serves this very version."""
    helm, yaml = pytest.importorskip("helm_python"), pytest.importorskip("yaml")
    serving = {"runtime": runtime, "protocol": "seldon" if runtime in contract.PREPACKAGED else "v2"}
    release = {"strategy": "blueGreen"} if ingress == "none" else {}
    platform = {**PLATFORM, "ingress": {"type": ingress}}
    model = {**MODEL, "serving": serving, "release": release}
    pipeline = Pipeline(tmp_path, model=model, platform=platform, environ=CLUSTER)
    versioned(pipeline)
    result = deploy(pipeline)
    files = mlops_charts.render(plan_of(model, platform, pipeline.files)).tree.files
    charts = "charts/iris/serving"
    for path in (path for path in files if path.startswith(charts)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(files[path])
    given = (files[f"{charts}/environment-staging.yaml"], git(pipeline.server, "show", f"main:{RELEASE}"))
    values = merge(*map(yaml.safe_load, given))
    printed = helm.Chart.load(str(tmp_path / charts)).render(values, name="iris", namespace="iris-staging")
    (text,) = (text for name, text in printed.items() if name.endswith("/seldondeployment.yaml"))
    (predictor,) = yaml.safe_load(text)["spec"]["predictors"]
    assert predictor["name"] == "blue"
    if runtime in contract.PREPACKAGED:
        assert predictor["graph"]["modelUri"] == result.model_uri
    else:
        (container,) = predictor["componentSpecs"][0]["spec"]["containers"]
        assert container["image"] == result.image == f"ghcr.io:443/acme/iris@{DIGEST}"


def test_a_newer_version_supersedes_one_in_flight(tmp_path: Path) -> None:
    """The result and the commit name it."""
    pipeline = Pipeline(tmp_path)
    for version in ("1.0.0", "1.1.0"):
        versioned(pipeline, version)
        result = deploy(pipeline, version)
    assert (result.supersedes, flying_version(pipeline.state())) == ("1.0.0", "1.1.0")
    assert "It supersedes 1.0.0, whose release was in flight (warming)." in git(pipeline.server, "log", "-1", "main")


def test_a_person_may_have_to_approve(tmp_path: Path) -> None:
    """Then no pod starts yet."""
    pipeline = Pipeline(tmp_path, model={**MODEL, "validation": {"approval": "manual"}})
    versioned(pipeline)
    assert deploy(pipeline).phase == "awaitingApproval"
    assert not pipeline.state().blue.enabled


def test_a_freeze_leaves_the_run_built(tmp_path: Path) -> None:
    """Nothing is committed, it is no failure, and the next run goes on from there."""
    freeze = {"from": "2020-01-01T00:00:00Z", "to": "2120-01-01T00:00:00Z"}
    pipeline = Pipeline(tmp_path, platform={"environments": {"staging": {"freeze": [freeze]}, "prod": {}}})
    run_id = versioned(pipeline)
    result = deploy(pipeline)
    assert (result.outcome, result.phase) == ("frozen", "none")
    assert result.message.startswith("iris 1.0.0 waits: staging is frozen until 2120-01-01T00:00:00Z")
    assert (pipeline.state(), pipeline.registry.run(run_id).stage) == (nothing_released(), "built")
    assert deploy(replace(pipeline, platform=PLATFORM)).outcome == "started"


def test_a_freeze_has_its_beginning_and_not_its_end() -> None:
    """Time zones count, and of several that are on the last end is told."""
    moment = datetime(2026, 12, 20, tzinfo=UTC)
    days = [("2026-12-20T01:00:00+01:00", "2026-12-21T00:00:00Z"), ("2026-12-01T00:00:00Z", "2027-01-02T00:00:00Z")]
    freeze = [Freeze.model_validate({"from": begin, "to": end}) for begin, end in days]
    assert frozen_until(freeze, moment) == "2027-01-02T00:00:00Z"
    assert frozen_until(freeze[:1], moment) == "2026-12-21T00:00:00Z"
    assert frozen_until(freeze[:1], datetime(2026, 12, 21, tzinfo=UTC)) == ""


def test_a_rejected_version_has_come_to_its_end(tmp_path: Path) -> None:
    """It was handed to releases, and they said no: the next run does not try again."""
    pipeline = Pipeline(tmp_path)
    run_id = versioned(pipeline)
    pipeline.put(nothing_released().model_copy(update={"rejected": ({"version": "1.0.0"},)}))
    with pytest.raises(Refused, match=r"version 1\.0\.0 was rejected"):
        deploy(pipeline)
    assert pipeline.registry.run(run_id).stage == "deployed"


def test_a_release_that_a_person_holds_is_left_alone(tmp_path: Path) -> None:
    """The run stays built, so that a later run releases it."""
    pipeline = Pipeline(tmp_path)
    for version in ("1.0.0", "1.1.0"):
        run_id = versioned(pipeline, version)
    deploy(pipeline)
    pipeline.put(pipeline.state().model_copy(update={"paused": True}))
    with pytest.raises(Refused, match=r"a person holds the release of 1\.0\.0"):
        deploy(pipeline, "1.1.0")
    assert pipeline.registry.run(run_id).stage == "built"


def test_only_a_digest_is_released_in_a_cluster(tmp_path: Path) -> None:
    """On a laptop nothing was pushed, and the tag is all that there is."""
    pipeline = Pipeline(tmp_path, environ=CLUSTER)
    versioned(pipeline)
    with pytest.raises(Refused, match=r"version 1\.0\.0 has no image; build it first"):
        deploy(pipeline, image="", digest="")
    with pytest.raises(Refused, match="has no digest: what a tag points at may change"):
        deploy(pipeline, digest="")
    assert deploy(replace(pipeline, environ={"MLOPS_CHARTS_LOCAL": "1"}), digest="").image == IMAGE


def test_prepackaged_servers_load_the_model_themselves(tmp_path: Path) -> None:
    """They need an address of the storage, and no image."""
    pipeline = Pipeline(
        tmp_path, model={**MODEL, "serving": {"runtime": "sklearn", "protocol": "seldon"}}, environ=CLUSTER
    )
    run_id = versioned(pipeline)
    result = deploy(pipeline, image="", digest="")
    expected = f"{pipeline.registry.run(run_id).artifacts}/model"
    assert (result.outcome, result.image, result.model_uri) == ("started", "", expected)
    assert pipeline.state().blue.model_uri == expected


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """No version, none of that name, no release file, no repository."""
    pipeline = Pipeline(tmp_path)
    versioned(pipeline)
    with pytest.raises(Refused, match="neither --version nor --known-version"):
        deploy(pipeline, "")
    with pytest.raises(Refused, match=r"iris 9\.9\.9 is not in the registry"):
        deploy(pipeline, "9.9.9")
    git(tmp_path / "git/work", "rm", "--quiet", RELEASE)
    git(tmp_path / "git/work", "commit", "--quiet", "-m", "Lose it")
    git(tmp_path / "git/work", "push", "--quiet", "origin", "HEAD")
    with pytest.raises(Mistake, match=f"{RELEASE} is not in the repository; commit what `mlops-charts render` writes"):
        deploy(pipeline)
    pipeline.server.rename(tmp_path / "gone")
    (tmp_path / "git/server.git").mkdir()
    with pytest.raises(Unavailable, match="cannot be reached"):
        deploy(pipeline)


def test_two_that_deploy_at_once_start_one_release(tmp_path: Path) -> None:
    """One commit, and the other finds it done."""
    pipeline = Pipeline(tmp_path)
    versioned(pipeline)
    with ThreadPoolExecutor(3) as pool:
        outcomes = sorted(result.outcome for result in pool.map(lambda _: deploy(pipeline), range(3)))
    assert outcomes == ["started", "unchanged", "unchanged"]
    assert git(pipeline.server, "rev-list", "--count", "main").strip() == "2"
