"""Typed objects: a generator that yields hikaru's, and hikaru's reading of everything that ours render."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hikaru
import pytest
import yaml
from custom_generators import codes, line_of, repository, served
from hikaru.model import rel_1_28
from report_service import ReportService

from mlops_charts import Model, Rendering, Severity, load, plan, render, validate
from mlops_charts.proving.cases import Cases

FULL = """\
apiVersion: mlops-charts/v1
kind: Model
metadata: {name: iris, owner: team-flowers, annotations: {note: a}}
training:
  data: {uri: "s3://lake/iris.csv", target: species}
  schedule: "0 3 * * 1"
  env: {MODE: "yes"}
serving:
  runtime: seldon-core
  protocol: seldon
  autoscaling: {min: 2, max: 9, cpuPercent: 70}
environments: [staging, prod]
"""
FULL_PLATFORM = """\
apiVersion: mlops-charts/v1
kind: Platform
git: {url: "https://git.example.com/ml/models.git"}
environments: {staging: {}, prod: {}}
quotas: {requests.cpu: "20", requests.memory: 40Gi}
serviceAccounts: {annotations: {role: iris}}
"""


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return load(repository(tmp_path) / "model" / "iris")


@pytest.fixture
def rendering(model: Model) -> Rendering:
    return render(plan(model), [ReportService()])


def test_values_in_hikaru_objects_become_values_of_the_chart(rendering: Rendering) -> None:
    """A value in a field of a typed object is an action in the template and an entry in values.yaml."""
    template = rendering.tree.files["charts/iris/serving/templates/deployment-report.yaml"]
    assert template.splitlines()[1] == "{{- if .Values.report.enabled }}"
    assert "  replicas: {{ .Values.report.replicas | int64 }}" in template.splitlines()
    assert "          image: {{ .Values.report.image | quote }}" in template.splitlines()
    values = yaml.safe_load(rendering.tree.files["charts/iris/serving/values.yaml"])
    assert values["report"] == {"enabled": True, "image": "ghcr.io/acme/model-report:2.1.0", "replicas": 1}


def test_defaults_by_environment_work_as_with_dicts(rendering: Rendering) -> None:
    """Prod, the last environment, has two pods."""
    assert served(rendering, "staging")["Deployment", "iris-report"]["spec"]["replicas"] == 1
    assert served(rendering, "prod")["Deployment", "iris-report"]["spec"]["replicas"] == 2
    overlay = yaml.safe_load(rendering.tree.files["charts/iris/serving/environment-prod.yaml"])
    assert overlay["report"] == {"replicas": 2}


def test_every_proof_passes(model: Model, rendering: Rendering) -> None:
    """Restricted pods, a NetworkPolicy, selectors that match, and Helm that prints what Python says."""
    report = validate(model, rendering, deep=True)
    assert [problem.message for problem in report.problems if problem.severity is Severity.ERROR] == []
    assert {"helm-equals-python", "pod-security", "schemas"} <= set(report.proofs)


def test_a_proof_points_at_the_origin(model: Model) -> None:
    """An unpinned image of a custom object is a problem at the line of model.yaml that the generator named."""
    report = validate(model, render(plan(model), [ReportService("ghcr.io/acme/model-report:latest")]))
    found = [problem for problem in report.problems if problem.severity is Severity.ERROR]
    assert [problem.path for problem in found] == ["monitoring.dashboard"]
    assert "model-report:latest" in found[0].message
    assert found[0].position is not None
    assert (found[0].position.file, found[0].position.line) == ("model/iris/model.yaml", line_of("dashboard"))
    assert "deployment-report.yaml: spec.template.spec.containers[0].image" in found[0].note


def test_a_loose_pod_is_refused(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """A custom pod without a security context meets the same policy as ours."""
    container = rel_1_28.Container(name="report", image="ghcr.io/acme/model-report:2.1.0")
    monkeypatch.setattr("report_service._container", lambda *_: container)
    assert {"pod-security"} <= codes(validate(model, render(plan(model), [ReportService()])))


def objects(root: Path) -> Iterator[Mapping[str, Any]]:
    """Yield every different object of a model's charts at every phase."""
    model = load(root / "model" / "iris")
    rendering = render(plan(model), [ReportService()])
    seen = set()
    for case in Cases(rendering, root, every_phase=True).all():
        for rendered in case.scope.objects:
            key = json.dumps(rendered.manifest, sort_keys=True)
            if key not in seen:
                seen.add(key)
                yield rendered.manifest


def stated(content: Any) -> Any:
    """Return content without what is empty: hikaru leaves that out."""
    if isinstance(content, Mapping):
        kept = {key: stated(item) for key, item in content.items()}
        return {key: item for key, item in kept.items() if item not in ({}, [], None)}
    return [stated(item) for item in content] if isinstance(content, list) else content


@pytest.mark.parametrize("full", [False, True], ids=["small", "full"])
def test_core_objects_round_trip_through_their_hikaru_class(tmp_path: Path, full: bool) -> None:  # noqa: FBT001
    """Every object of a kind that Kubernetes 1.28 has is read by its typed class, and written again as it was."""
    root = repository(tmp_path)
    if full:
        (root / "model" / "iris" / "model.yaml").write_text(FULL, encoding="utf-8")
        (root / "platform.yaml").write_text(FULL_PLATFORM, encoding="utf-8")
    kinds = set()
    for manifest in objects(root):
        typed = getattr(rel_1_28, manifest["kind"], None)
        if typed is None:
            continue
        kinds.add(manifest["kind"])
        assert typed.apiVersion == manifest["apiVersion"]
        assert stated(hikaru.get_clean_dict(hikaru.from_dict(dict(manifest), cls=typed))) == stated(manifest)
    everywhere = {"ConfigMap", "CronJob", "Deployment", "NetworkPolicy", "Pod", "PodDisruptionBudget", "Role"}
    assert everywhere | {"RoleBinding", "Service", "ServiceAccount"} <= kinds
    assert ("ResourceQuota" in kinds) is full
