"""The workflow of the pipeline: its graph, what flows along it, and when each step runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline_plans import (
    CASES,
    EVERYTHING,
    EVERYTHING_FILES,
    FILES,
    MINIMAL,
    PLATFORM,
    STEPS,
    TRAINING,
    case,
    chart_of,
    objects_of,
    of_kind,
    plan_of,
    tasks_of,
    templates_of,
)

from mlops_charts import contract
from mlops_charts.chart import emit_chart
from mlops_charts.generators.pipeline import PipelineGenerator, externals
from mlops_charts.planning import Plan
from mlops_charts.problems import Severity
from mlops_charts.proving.exceptions import pipeline_exceptions
from mlops_charts.validation.model import Finding, Rendered, Scope
from mlops_charts.validation.proofs import prove

every_case = pytest.mark.parametrize("name", CASES)
_REFERENCE = re.compile(r"\{\{(tasks|inputs|workflow)\.([^}]+)\}\}")


def test_the_smallest_model_has_every_kind_that_it_needs_and_no_other() -> None:
    """A schedule, a quota and a store add kinds; the smallest model has none of them."""
    assert sorted({one["kind"] for one in objects_of(plan_of())}) == [
        "ConfigMap",
        "NetworkPolicy",
        "PrometheusRule",
        "Role",
        "RoleBinding",
        "ServiceAccount",
        "Workflow",
        "WorkflowTemplate",
    ]


@every_case
def test_only_declared_kinds_are_rendered(name: str) -> None:
    """The AppProject admits what `kinds` says, so nothing else may appear."""
    rendered = {(one["apiVersion"].rpartition("/")[0], one["kind"]) for one in objects_of(case(name))}
    found = {(group if group != "v1" else "", kind) for group, kind in rendered}
    assert found <= PipelineGenerator.kinds


def test_everything_renders_every_declared_kind() -> None:
    """No kind is declared for nothing."""
    found = {one["kind"] for one in objects_of(case("everything"))}
    assert found == {kind for _, kind in PipelineGenerator.kinds}


def test_serving_gets_nothing() -> None:
    """The pipeline's generator has no part in the serving chart."""
    plan = plan_of()
    assert list(PipelineGenerator().serving(plan, plan.environments[0])) == []


def _errors(plan: Plan) -> list[Finding]:
    objects = tuple(Rendered(one, "chart") for one in objects_of(plan))
    pipeline, exceptions = plan.pipeline, pipeline_exceptions(plan)
    scope = Scope("iris", pipeline.namespace, objects, pipeline.pod_security, externals(plan), exceptions)
    return [finding for finding in prove(scope) if finding.severity is Severity.ERROR]


@every_case
def test_every_proof_finds_the_chart_right(name: str) -> None:
    """References, policies, names and lifetimes hold; images without digests are warnings."""
    assert _errors(case(name)) == []


_CHOSEN = st.fixed_dictionaries({}, optional={key: st.just(found) for key, found in TRAINING.items() if key != "data"})
_BUILD = st.fixed_dictionaries(
    {},
    optional={
        "scan": st.none(),
        "sbom": st.just(False),
        "provenance": st.just(False),
        "cache": st.just(False),
        "sign": st.sampled_from([{"mode": "key", "secret": "cosign-key"}, {"mode": "keyless"}]),
    },
)
_PLACED = st.lists(
    st.sampled_from([{**step, "inputs": []} for step in STEPS]), unique_by=lambda step: str(step["name"])
)
_PLATFORMS = st.fixed_dictionaries(
    {}, optional={key: st.just(found) for key, found in PLATFORM.items() if key != "environments"}
)


@settings(deadline=None)
@given(_CHOSEN, _BUILD, _PLACED, _PLATFORMS)
def test_every_combination_of_choices_is_right(
    training: dict[str, Any], build: dict[str, Any], steps: list[dict[str, Any]], platform: dict[str, Any]
) -> None:
    """No choice breaks another: whatever is left out, what remains still fits."""
    asked = {**MINIMAL["training"], **training}
    plan = plan_of(
        {**MINIMAL, "training": asked, "build": build, "pipeline": {"steps": steps}}, platform, EVERYTHING_FILES
    )
    assert _errors(plan) == []


@pytest.mark.parametrize("name", ["everything", "keyless"])
def test_helm_prints_what_python_says(name: str, tmp_path: Any) -> None:
    """Argo's braces, the patch of the memory and the files of the source survive Helm, whatever the values."""
    import helm_python  # noqa: PLC0415 - 75 MB of shared library
    import yaml  # noqa: PLC0415

    values = {"training": {"memoryMi": 20_000_000, "cpu": "750m"}, "schedule": {"suspended": True}}
    for path, content in emit_chart(chart_of(case(name))).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    with helm_python.Chart.load(str(tmp_path)) as chart:
        printed = dict(chart.render(values, name="iris", namespace="iris-pipeline"))
    found = [yaml.safe_load(text) for file, text in printed.items() if file.endswith(".yaml")]
    identity = lambda one: (one["kind"], one["metadata"]["name"])  # noqa: E731
    assert sorted(found, key=identity) == sorted(objects_of(case(name), values), key=identity)


def test_only_code_changes_the_name_of_the_workflow() -> None:
    """Replicas, labels and the schedule train nothing; train.py and its parameters do."""

    def name(model: dict[str, Any], files: dict[str, bytes] = FILES) -> str:
        (found,) = of_kind(objects_of(plan_of(model, None, files)), "Workflow")
        return found

    training = MINIMAL["training"]
    same = [
        {**MINIMAL, "serving": {"replicas": 5}},
        {**MINIMAL, "monitoring": {"dashboard": False}},
        {**MINIMAL, "metadata": {"name": "iris", "owner": "somebody"}},
        {**MINIMAL, "training": {**training, "schedule": "0 3 * * 1"}},
    ]
    assert {name(model) for model in same} == {name(MINIMAL)}
    assert name({**MINIMAL, "training": {**training, "params": {"depth": 3}}}) != name(MINIMAL)
    assert name(MINIMAL, {"train.py": b"changed"}) != name(MINIMAL)


@every_case
def test_the_workflow_is_a_reference_with_arguments_alone_in_the_last_wave(name: str) -> None:
    """A strict controller refuses more, and a wave that is waited for would hold every later commit."""
    plan = case(name)
    objects = objects_of(plan)
    (workflow,) = of_kind(objects, "Workflow").values()
    assert workflow["spec"] == {
        "workflowTemplateRef": {"name": "iris"},
        "arguments": {
            "parameters": [
                {"name": "trigger", "value": "commit"},
                {"name": "code-digest", "value": plan.code_digest},
            ]
        },
    }
    wave = "argocd.argoproj.io/sync-wave"
    waves = {one["kind"]: one["metadata"].get("annotations", {}).get(wave) for one in objects}
    assert {kind for kind, found in waves.items() if found} == {"Workflow"}


def test_the_template_keeps_runs_apart_and_for_ten_years() -> None:
    """A run that a cluster's default deletes would be started again."""
    (template,) = of_kind(objects_of(plan_of()), "WorkflowTemplate").values()
    spec = template["spec"]
    assert spec["synchronization"] == {"mutexes": [{"name": "iris-pipeline"}]}
    assert spec["ttlStrategy"] == {"secondsAfterCompletion": 315360000}
    assert "activeDeadlineSeconds" not in spec
    assert [metric["name"] for metric in spec["metrics"]["prometheus"]] == [
        contract.PIPELINE_RUNS,
        contract.PIPELINE_SECONDS,
    ]


def test_a_schedule_makes_a_cron_workflow() -> None:
    """It says when, in the platform's time zone, and that the clock started the run."""
    plan = plan_of(
        EVERYTHING, {"environments": {"staging": {}, "prod": {}}, "kubernetes": {"timeZone": "UTC"}}, EVERYTHING_FILES
    )
    (cron,) = of_kind(objects_of(plan), "CronWorkflow").values()
    assert cron["metadata"]["name"] == "iris-retrain"
    assert cron["spec"] == {
        "schedules": ["0 3 * * 1"],
        "timezone": "UTC",
        "suspend": False,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 600,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "workflowSpec": {
            "workflowTemplateRef": {"name": "iris"},
            "arguments": {"parameters": [{"name": "trigger", "value": "schedule"}]},
        },
    }


def test_the_steps_of_the_smallest_model() -> None:
    """Guard first, deploy last; nothing is searched, signed or built beside."""
    assert list(tasks_of(plan_of())) == [
        "guard", "train", "validate", "version", "monitor", "build", "image", "scan", "sbom", "deploy",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("build", "wanted"),
    [
        ({}, {"scan", "sbom"}),
        ({"scan": None}, {"sbom"}),
        ({"sbom": False}, {"scan"}),
        ({"sign": {"mode": "keyless"}}, {"scan", "sbom", "sign", "provenance"}),
        ({"sign": {"mode": "keyless"}, "provenance": False}, {"scan", "sbom", "sign"}),
        ({"scan": None, "sbom": False}, set()),
    ],
)
def test_what_guards_the_image_is_there_exactly_when_asked(build: dict[str, Any], wanted: set[str]) -> None:
    """Scan, SBOM, signature and provenance are tasks, pods and accounts, or nothing at all."""
    plan = plan_of({**MINIMAL, "build": build})
    guards = {"scan", "sbom", "sign", "provenance"}
    assert guards & set(tasks_of(plan)) == wanted
    assert guards & set(templates_of(plan)) == wanted
    accounts = of_kind(objects_of(plan), "ServiceAccount")
    assert {step for step in guards if f"iris-{step}" in accounts} == wanted


def test_rows_follow_each_other_and_scan_and_sbom_share_one() -> None:
    """Nothing is signed before it was scanned, and steps of the user's stand where they were put."""
    waits = {name: task.get("dependencies", []) for name, task in tasks_of(case("everything")).items()}
    assert waits == {
        "warmup": [],
        "guard": ["warmup"],
        "lint": ["guard"],
        "environment": ["lint"],
        "trials": ["environment"],
        "search": ["trials"],
        "train": ["search"],
        "validate": ["train"],
        "fairness": ["validate"],
        "version": ["fairness"],
        "monitor": ["version"],
        "build": ["monitor"],
        "image": ["build"],
        "scan": ["image"],
        "sbom": ["image"],
        "sign": ["scan", "sbom"],
        "provenance": ["sign"],
        "notify": ["provenance"],
        "deploy": ["notify"],
    }


def _ancestors(tasks: dict[str, dict[str, Any]], name: str) -> set[str]:
    direct = tasks[name].get("dependencies", [])
    return set(direct).union(*(_ancestors(tasks, other) for other in direct))


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from _strings(child)


@every_case
def test_whatever_a_task_reads_was_written_before(name: str) -> None:
    """Each reference names an output of an ancestor, with a default or optional where the ancestor may be skipped."""
    plan = case(name)
    tasks, templates = tasks_of(plan), templates_of(plan)
    for task in tasks.values():
        for side, arguments in task.get("arguments", {}).items():
            for argument in arguments:
                scope, reference = _REFERENCE.fullmatch(argument.get("from") or argument["value"]).groups()
                if scope == "workflow":
                    continue
                maker, _, _, output = reference.split(".")
                assert maker in _ancestors(tasks, task["name"])
                made = {one["name"]: one for one in templates[maker]["outputs"][side]}[output]
                assert (
                    "default" in made["valueFrom"]
                    if side == "parameters"
                    else argument.get("optional") or maker == "guard"
                )


@every_case
def test_every_template_is_given_exactly_what_it_declares(name: str) -> None:
    """No input is left open, none is given for nothing, and none is used without being declared."""
    plan = case(name)
    templates = templates_of(plan)
    calls = [task for template in templates.values() for task in template.get("dag", {}).get("tasks", [])]
    for call in calls:
        for side in ("parameters", "artifacts"):
            given = [one["name"] for one in call.get("arguments", {}).get(side, [])]
            declared = [one["name"] for one in templates[call["template"]].get("inputs", {}).get(side, [])]
            assert given == declared
    for template in templates.values():
        declared = {f"parameters.{one['name']}" for one in template.get("inputs", {}).get("parameters", [])}
        used = {match[2] for text in _strings(template.get("container", {})) for match in _REFERENCE.finditer(text)}
        assert used <= declared


@every_case
def test_steps_of_our_own_keep_to_the_contract(name: str) -> None:
    """The command line and the files are those that the steps know."""
    templates = templates_of(case(name))
    for step, template in templates.items():
        if step not in contract.STEPS:
            continue
        known = contract.STEPS[step]
        assert template["container"]["command"] == ["mlops-charts", "step", step]
        assert template["container"]["args"] == [
            "--spec=/spec/model.json",
            "--inputs=/inputs",
            "--outputs=/outputs",
            *(f"--{parameter}={{{{inputs.parameters.{parameter}}}}}" for parameter in known.parameters_in),
        ]
        outputs = template.get("outputs", {})
        assert {one["name"]: one["valueFrom"]["path"] for one in outputs.get("parameters", [])} == {
            parameter: f"/outputs/{parameter}" for parameter in known.parameters_out
        }
        assert {one["name"]: one["path"] for one in outputs.get("artifacts", [])} == {
            artifact: f"/outputs/{artifact}" for artifact in known.artifacts_out
        }


def test_a_step_reads_the_artifact_that_was_written_last() -> None:
    """A step of the user's that writes `model` stands between training and what follows."""
    steps = [
        {
            "name": "calibrate",
            "after": "train",
            "image": "ghcr.io/acme/calibrate:1.0.0",
            "command": ["calibrate"],
            "inputs": ["model"],
            "outputs": ["model"],
        }
    ]
    tasks = tasks_of(plan_of({**MINIMAL, "pipeline": {"steps": steps}}))

    def maker(task: str) -> str:
        (found,) = (one["from"] for one in tasks[task]["arguments"]["artifacts"] if one["name"] == "model")
        return str(found)

    assert maker("calibrate") == "{{tasks.train.outputs.artifacts.model}}"
    assert maker("validate") == "{{tasks.calibrate.outputs.artifacts.model}}"


def test_trials_run_some_at_a_time() -> None:
    """Each trial gets its number, and no two share anything."""
    templates = templates_of(case("everything"))
    trials = templates["trials"]
    (task,) = trials["dag"]["tasks"]
    assert trials["parallelism"] == 4
    assert task["withSequence"] == {"count": "20"}
    assert {"name": "index", "value": "{{item}}"} in task["arguments"]["parameters"]


@every_case
def test_artifacts_and_logs_lie_under_the_run(name: str) -> None:
    """Names repeat after a revert, the uid of a run never does; where things lie is said once for all steps."""
    objects = objects_of(case(name))
    (template,) = of_kind(objects, "WorkflowTemplate").values()
    reference = template["spec"]["artifactRepositoryRef"]
    repository = json.loads(of_kind(objects, "ConfigMap")[reference["configMap"]]["data"][reference["key"]])
    assert repository["archiveLogs"] is True
    assert repository["s3"]["keyFormat"] == "iris/{{workflow.uid}}/{{pod.name}}"
    assert (repository["s3"]["endpoint"], repository["s3"]["insecure"]) == ("s3.storage:8333", True)
    written = [
        one for found in templates_of(case(name)).values() for one in found.get("outputs", {}).get("artifacts", [])
    ]
    assert written
    assert all("s3" not in one for one in written)
