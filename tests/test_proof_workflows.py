"""Each rule of Argo Workflows refuses what only it can refuse."""

from typing import Any

import pytest
from proof_samples import GONE, Path, found, pipeline, within, without

from mlops_charts.validation.argo.text import Reference, references
from mlops_charts.validation.model import Scope
from mlops_charts.validation.proofs import PROOFS

WT, WF, CRON = "WorkflowTemplate/iris", "Workflow/iris-1a2b", "CronWorkflow/iris-retrain"
TEMPLATES = ("spec", "templates")
MAIN, GUARD, TRAIN, DEPLOY = ((*TEMPLATES, index) for index in range(4))
TASKS = (*MAIN, "dag", "tasks")
TRAIN_TASK, DEPLOY_TASK = (*TASKS, 1), (*TASKS, 2)
VALUE = (*DEPLOY_TASK, "arguments", "parameters", 0, "value")
FROM = (*DEPLOY_TASK, "arguments", "artifacts", 0, "from")
ARGS = (*DEPLOY, "container", "args", 2)

REFUSED: list[tuple[str, str, Path, Any, str, Path]] = [
    ("calls", WT, (*DEPLOY_TASK, "template"), "deplyo", "unknown-template", (*DEPLOY_TASK, "template")),
    ("calls", WT, ("spec", "entrypoint"), "mian", "unknown-template", ("spec", "entrypoint")),
    ("calls", WT, ("spec", "onExit"), "reprot", "unknown-template", ("spec", "onExit")),
    ("calls", WT, ("spec", "entrypoint"), GONE, "unknown-template", None),
    (
        *("calls", WT, (*DEPLOY_TASK, "templateRef"), {"name": "shared", "template": "x"}),
        *("unknown-template", (*DEPLOY_TASK, "templateRef")),
    ),
    (
        *("calls", WF, ("spec", "arguments", "parameters", 1), {"name": "raeson", "value": "x"}),
        *("undeclared-argument", ("spec", "arguments", "parameters", 1)),
    ),
    ("calls", WF, ("spec", "arguments", "parameters"), [], "missing-argument", ("spec", "arguments")),
    ("calls", WF, ("spec", "arguments", "parameters", 0, "value"), None, "missing-argument", None),
    (
        *("calls", WT, (*TRAIN_TASK, "arguments", "parameters", 1), {"name": "sed", "value": "1"}),
        *("undeclared-argument", (*TRAIN_TASK, "arguments", "parameters", 1)),
    ),
    ("calls", WT, (*TRAIN_TASK, "arguments", "parameters"), [], "missing-argument", (*TRAIN_TASK, "arguments")),
    ("calls", WT, (*TRAIN_TASK, "arguments", "artifacts"), [], "missing-argument", (*TRAIN_TASK, "arguments")),
    ("calls", WT, (*DEPLOY_TASK, "arguments", "artifacts"), [], "", ()),
    ("order", WT, (*DEPLOY_TASK, "dependencies"), ["trian"], "dependency", (*DEPLOY_TASK, "dependencies")),
    ("order", WT, (*TASKS, 3), {"name": "guard", "template": "guard"}, "dependency", (*TASKS, 3, "name")),
    ("order", WT, (*TASKS, 0, "dependencies"), ["deploy"], "cycle", TASKS),
    ("references", WT, VALUE, "{{tasks.train.outputs.parameters.verison}}", "unresolved-reference", VALUE),
    ("references", WT, VALUE, "{{tasks.trian.outputs.parameters.version}}", "unresolved-reference", VALUE),
    ("references", WT, VALUE, "{{steps.train.outputs.parameters.version}}", "unresolved-reference", VALUE),
    ("references", WT, VALUE, "{{item}}", "unresolved-reference", VALUE),
    ("references", WT, VALUE, "{{workflow.parameters.raeson}}", "unresolved-reference", VALUE),
    ("references", WT, VALUE, "{{workflow.parameters.reason}}", "", ()),
    ("references", WT, VALUE, "{{=tasks['trian'].outputs.parameters.version}}", "unresolved-reference", VALUE),
    ("references", WT, VALUE, "{{=tasks.train.outputs.parameters['version'] ?? 'x'}}", "", ()),
    ("references", WT, VALUE, "{{workflow.outputs.parameters.x}}", "unresolved-reference", VALUE),
    ("references", WT, FROM, "{{tasks.train.outputs.artifacts.modle}}", "unresolved-reference", FROM),
    ("references", WT, ARGS, "{{inputs.parameters.verison}}", "unresolved-reference", ARGS),
    ("references", WT, ARGS, "{{inputs.artifacts.modle.path}}", "unresolved-reference", ARGS),
    ("references", WT, ARGS, "{{inputs.artifacts.model.pth}}", "unresolved-reference", ARGS),
    ("references", WT, ARGS, "{{inputs.parameters.version.path}}", "unresolved-reference", ARGS),
    ("references", WT, VALUE, "{{tasks.train.outputs.parameters.version.x}}", "unresolved-reference", VALUE),
    ("references", WT, ARGS, "{{workflw.uid}}", "unresolved-reference", ARGS),
    ("references", WT, (*DEPLOY_TASK, "dependencies"), ["guard"], "not-an-ancestor", None),
    (
        *("references", WT, (*TRAIN, "outputs", "parameters", 0, "valueFrom", "default"), GONE),
        *("skipped-output", VALUE),
    ),
    ("removed-fields", CRON, ("spec", "schedule"), "0 3 * * 1", "removed-field", ("spec", "schedule")),
    (
        *("removed-fields", WT, ("spec", "synchronization", "mutex"), {"name": "iris"}),
        *("removed-field", ("spec", "synchronization", "mutex")),
    ),
    (
        *("removed-fields", WT, (*TRAIN, "synchronization", "semaphore"), {"x": {}}),
        *("removed-field", (*TRAIN, "synchronization", "semaphore")),
    ),
    ("removed-fields", WT, ("spec", "podPriority"), 5, "removed-field", ("spec", "podPriority")),
    (
        *("reference-only", WF, ("spec", "serviceAccountName"), "iris-step"),
        *("not-reference-only", ("spec", "serviceAccountName")),
    ),
    (
        *("reference-only", CRON, ("spec", "workflowSpec", "entrypoint"), "main"),
        *("not-reference-only", ("spec", "workflowSpec", "entrypoint")),
    ),
    ("reference-only", WF, ("metadata", "generateName"), "iris-", "generate-name", ("metadata", "generateName")),
    ("lifetime", WT, ("spec", "ttlStrategy"), GONE, "ttl", ("spec", "ttlStrategy")),
    (
        *("lifetime", WT, ("spec", "ttlStrategy", "secondsAfterFailure"), 60),
        *("ttl", ("spec", "ttlStrategy", "secondsAfterFailure")),
    ),
    ("lifetime", WT, ("spec", "synchronization"), GONE, "mutex", ("spec", "synchronization", "mutexes")),
    ("lifetime", WT, ("spec", "activeDeadlineSeconds"), 60, "timeout", ("spec", "activeDeadlineSeconds")),
    ("lifetime", WT, (*TRAIN, "activeDeadlineSeconds"), GONE, "timeout", (*TRAIN, "activeDeadlineSeconds")),
    ("containers", WT, (*TRAIN, "container", "command"), GONE, "command", (*TRAIN, "container", "command")),
    (
        *("containers", WT, (*TRAIN, "sidecars"), [{"name": "proxy", "image": "x"}]),
        *("command", (*TRAIN, "sidecars", 0, "command")),
    ),
    ("containers", WT, (*TRAIN, "podSpecPatch"), '{"containers":[{]}', "pod-spec-patch", (*TRAIN, "podSpecPatch")),
    ("containers", WT, (*TRAIN, "podSpecPatch"), "{{=inputs.parameters.patch}}", "", ()),
    ("containers", WT, (*TRAIN, "podSpecPatch"), "containers:\n- name: main", "", ()),
    (
        *("artifact-keys", WT, (*TRAIN, "outputs", "artifacts", 0, "s3", "key"), "iris/model.tgz"),
        *("artifact-key", (*TRAIN, "outputs", "artifacts", 0, "s3", "key")),
    ),
    (
        *("artifact-keys", WT, (*TRAIN, "outputs", "artifacts", 0, "s3"), GONE),
        *("artifact-key", (*TRAIN, "outputs", "artifacts", 0, "s3", "key")),
    ),
]


@pytest.mark.parametrize(("proof", "target", "path", "value", "code", "where"), REFUSED)
def test_one_change_is_refused(
    *, proof: str, target: str, path: Path, value: Any, code: str, where: Path | None
) -> None:
    """The proof finds the one thing that was changed, at its place; or nothing, where it is right."""
    every = found(PROOFS[f"workflow-{proof}"], within(pipeline(), target, path, value))
    assert {f"workflow-{code}"} - {"workflow-"} == {one for one, _ in every}
    assert where is None or ([where] if code else []) == [place for _, place in every]


def test_a_workflow_without_its_template_is_refused() -> None:
    """A workflowTemplateRef names a WorkflowTemplate that is rendered."""
    path = ("spec", "workflowTemplateRef", "name")
    expected = [("workflow-unknown-template", path), ("workflow-unknown-template", ("spec", "workflowSpec", *path[1:]))]
    assert expected == found(PROOFS["workflow-calls"], without(pipeline(), WT))


def test_an_external_template_is_not_looked_into() -> None:
    """What exists without us is trusted."""
    scope = without(pipeline(), WT)
    external = frozenset({("WorkflowTemplate", "iris")})
    scope = Scope(scope.title, scope.namespace, scope.objects, "restricted", external)
    assert found(PROOFS["workflow-calls"], scope) == []


@pytest.mark.parametrize(
    ("key", "format_", "expected"),
    [
        ("artifacts", "iris/{{workflow.uid}}/{{pod.name}}", []),
        ("artifacts", "iris/{{workflow.name}}", ["workflow-artifact-key"]),
        ("train.py", "iris/{{workflow.uid}}", ["workflow-artifact-key"]),
    ],
)
def test_the_repository_that_is_named_may_put_runs_apart(key: str, format_: str, expected: list[str]) -> None:
    """Artifacts need no key of their own where the key of the repository has the run's uid."""
    scope = within(pipeline(), WT, (*TRAIN, "outputs", "artifacts", 0, "s3"), GONE)
    scope = within(scope, WT, ("spec", "artifactRepositoryRef"), {"configMap": "iris-source-1a2b", "key": key})
    scope = within(scope, "ConfigMap/iris-source-1a2b", ("data", "artifacts"), f's3: {{keyFormat: "{format_}"}}')
    assert [code for code, _ in found(PROOFS["workflow-artifact-keys"], scope)] == expected


def test_the_repository_that_is_named_exists() -> None:
    """The controller looks for the ConfigMap and its key when the run starts."""
    reference = {"configMap": "iris-source-1a2b", "key": "artifacts"}
    path = ("spec", "artifactRepositoryRef")
    ((code, _),) = found(PROOFS["references"], within(pipeline(), WT, path, reference))
    assert code == "missing-key"
    assert found(PROOFS["references"], within(pipeline(), WT, path, {**reference, "key": "train.py"})) == []


def test_a_skip_reaches_those_who_need_success() -> None:
    """A task that needs the success of one that may be skipped may be skipped itself."""
    scope = within(pipeline(), WT, (*TASKS, 3), {"name": "last", "template": "report", "depends": "mid.Succeeded"})
    mid = {"name": "mid", "template": "guard", "depends": "train.Succeeded"}
    reader = {"name": "reader", "template": "report", "depends": "mid.Succeeded || mid.Omitted"}
    reader["when"] = "{{tasks.mid.outputs.parameters.action}} == x"
    scope = within(within(scope, WT, (*TASKS, 4), mid), WT, (*TASKS, 5), reader)
    assert found(PROOFS["workflow-references"], scope) == []
    broken = within(scope, WT, (*GUARD, "outputs", "parameters", 0, "valueFrom", "default"), GONE)
    assert [("workflow-skipped-output", (*TASKS, 5, "when"))] == found(PROOFS["workflow-references"], broken)


def test_steps_see_the_rows_before_them() -> None:
    """A step reads what an earlier row has produced, not its own row."""
    rows = [
        [{"name": "guard", "template": "guard"}],
        [{"name": "one", "template": "report", "when": "{{steps.guard.outputs.parameters.action}} == x"}],
    ]
    steps = {"name": "main", "steps": rows}
    assert found(PROOFS["workflow-references"], within(pipeline(), WT, MAIN, steps)) == []
    beside = {"name": "main", "steps": [[*rows[0], *rows[1]]]}
    expected = [("workflow-not-an-ancestor", (*MAIN, "steps", 0, 1, "when"))]
    assert expected == found(PROOFS["workflow-references"], within(pipeline(), WT, MAIN, beside))


def test_items_are_known_where_there_are_items() -> None:
    """A task with withItems reads {{item}}."""
    scope = within(pipeline(), WT, VALUE, "{{item.version}}")
    assert len(found(PROOFS["workflow-references"], scope)) == 1
    fanned = within(scope, WT, (*DEPLOY_TASK, "withItems"), [{"version": "1"}])
    assert found(PROOFS["workflow-references"], fanned) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain {text}", []),
        ("{{ inputs.parameters.x }}", [Reference(("inputs", "parameters", "x"), "inputs.parameters.x")]),
        ("{{=inputs.parameters['a-b'] ?? 'tasks.x'}}", [("inputs", "parameters", "a-b")]),
        ('{{=sprig.int(retries) + len(tasks["t"].outputs.result)}}', [("tasks", "t", "outputs", "result")]),
    ],
)
def test_references_of_text(text: str, expected: list[Any]) -> None:
    """Tags and expressions are split into the names that Argo looks up; literals are no names."""
    wanted = [one.parts if isinstance(one, Reference) else one for one in expected]
    assert wanted == [one.parts for one in references(text)]
