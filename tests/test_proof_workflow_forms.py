"""What Argo refuses in the form of a workflow is refused here, at its place."""

from typing import Any

import pytest
from proof_samples import GONE, Path, found, pipeline, within

from mlops_charts.validation.argo.runs import is_schedule
from mlops_charts.validation.proofs import PROOFS

WT, CRON = "WorkflowTemplate/iris", "CronWorkflow/iris-retrain"
TEMPLATES = ("spec", "templates")
MAIN, GUARD, TRAIN = ((*TEMPLATES, index) for index in range(3))
TASKS = (*MAIN, "dag", "tasks")
TRAIN_TASK, DEPLOY_TASK = (*TASKS, 1), (*TASKS, 2)
ACTION = (*GUARD, "outputs", "parameters", 0)
INPUT = (*TRAIN, "inputs", "artifacts", 0)
RETRY = (*TRAIN, "retryStrategy")
METRIC = {"name": "runs", "help": "Runs.", "counter": {"value": "1"}}
METRICS = ("spec", "metrics", "prometheus")

# What is changed, into what, and where the finding points, which is the same place unless it is said.
FORMS: list[tuple[Path, Any, Path | None]] = [
    ((*TRAIN, "name"), "guard", None),
    ((*TEMPLATES, 4, "name"), "re_port", None),
    ((*TRAIN, "inputs", "parameters", 1, "name"), "digest", None),
    ((*TRAIN, "inputs", "parameters", 1, "name"), "se.ed", None),
    ((*TRAIN_TASK, "arguments", "parameters", 1), {"name": "digest", "value": "1"}, (1, "name")),
    (("spec", "arguments", "parameters", 0, "enum"), ["schedule"], ("value",)),
    ((*TRAIN, "suspend"), {}, ()),
    ((*TRAIN, "container"), GONE, ()),
    ((*MAIN, "activeDeadlineSeconds"), 60, None),
    ((*MAIN, "timeout"), "60s", None),
    ((*TRAIN, "parallelism"), 2, None),
    ((*TRAIN, "activeDeadlineSeconds"), 0, None),
    ((*TRAIN, "activeDeadlineSeconds"), "soon", None),
    (TASKS, [], ()),
    ((*MAIN, "outputs"), {"parameters": [{"name": "x", "valueFrom": {"path": "/x"}}]}, ("parameters", 0, "valueFrom")),
    (RETRY, {"limit": 2, "retryPolicy": "Sometimes"}, ("retryPolicy",)),
    (RETRY, {"limit": "a few"}, ("limit",)),
    (RETRY, {"limit": "{{workflow.parameters.reason}}", "backoff": {"duration": "soon"}}, ("backoff", "duration")),
    ((*INPUT, "from"), "{{workflow.uid}}", None),
    ((*INPUT, "path"), GONE, None),
    ((*INPUT, "path"), "/source", None),
    ((*TRAIN, "outputs", "artifacts", 0, "path"), GONE, None),
    ((*MAIN, "outputs"), {"artifacts": [{"name": "model", "path": "/model"}]}, ("artifacts", 0, "path")),
    ((*ACTION, "value"), "train", ()),
    ((*ACTION, "valueFrom"), {"default": "train"}, ()),
    ((*ACTION, "valueFrom"), {"parameter": "{{workflow.uid}}"}, None),
    ((*ACTION, "globalName"), "the action", None),
    ((*TRAIN, "container", "image"), GONE, None),
    ((*TRAIN, "sidecars"), [{"name": "wait"}], (0, "name")),
    ((*TRAIN, "initContainers"), [{"image": "x"}], (0, "name")),
]
RUNS: list[tuple[str, Path, Any, Path | None]] = [
    (WT, (*DEPLOY_TASK, "name"), "1deploy", None),
    (WT, (*DEPLOY_TASK, "name"), "de.ploy", None),
    (WT, (*DEPLOY_TASK, "templateRef"), {"name": "iris", "template": "deploy"}, ("template",)),
    (WT, (*TRAIN_TASK, "withSequence"), {"count": "2", "end": "3"}, ("end",)),
    (WT, (*TRAIN_TASK, "arguments", "parameters", 0), {"name": "digest", "valueFrom": {"path": "/x"}}, ("valueFrom",)),
    (WT, (*MAIN, "dag", "target"), "train deplyo", None),
    (WT, (*TRAIN_TASK, "arguments", "artifacts", 0, "fromExpression"), "tasks.guard.outputs.artifacts.source", None),
    (WT, ("spec", "podGC"), {"strategy": "Never"}, ("strategy",)),
    (WT, ("spec", "podGC"), {"strategy": "OnPodSuccess", "deleteDelayDuration": "a day"}, ("deleteDelayDuration",)),
    (WT, METRICS, [{**METRIC, "name": "runs-total"}], (0, "name")),
    (WT, METRICS, [{**METRIC, "labels": [{"key": "a.b", "value": "x"}]}], (0, "labels", 0, "key")),
    (WT, METRICS, [{**METRIC, "help": ""}], (0, "help")),
    (WT, METRICS, [{**METRIC, "gauge": {"value": "1"}}], (0,)),
    (WT, (*TRAIN, "metrics"), {"prometheus": [{**METRIC, "counter": {}}]}, ("prometheus", 0)),
    (CRON, ("spec", "schedules"), [], None),
    (CRON, ("spec", "schedules", 0), "61 3 * * 1", None),
    (CRON, ("spec", "timezone"), "Mars/Base", None),
    (CRON, ("spec", "concurrencyPolicy"), "Maybe", None),
    (CRON, ("spec", "startingDeadlineSeconds"), -1, None),
]


def _places(path: Path, where: Path | None) -> set[Path]:
    """Return where a finding may point: below what was changed, or beside it."""
    return {(*path, *(where or ())), (*path[:-1], *(path[-1:] if where is None else where))}


@pytest.mark.parametrize(("path", "value", "where"), FORMS)
def test_a_form_that_argo_refuses_is_found_at_its_place(path: Path, value: Any, where: Path | None) -> None:
    """One finding, where a person has to change something."""
    ((code, place),) = found(PROOFS["workflow-forms"], within(pipeline(), WT, path, value))
    assert code == "workflow-form"
    assert place in _places(path, where)


@pytest.mark.parametrize(("target", "path", "value", "where"), RUNS)
def test_what_cannot_run_is_found_at_its_place(target: str, path: Path, value: Any, where: Path | None) -> None:
    """One finding, where a person has to change something."""
    ((code, place),) = found(PROOFS["workflow-runs"], within(pipeline(), target, path, value))
    assert code == "workflow-form"
    assert place in _places(path, where)


@pytest.mark.parametrize(
    ("target", "path", "value"),
    [
        (WT, (*TASKS, 0, "continueOn"), {"failed": True}),
        (WT, (*MAIN, "dag", "target"), "{{workflow.parameters.reason}}"),
        (WT, METRICS, [METRIC]),
        (CRON, ("spec", "timezone"), "Europe/Berlin"),
    ],
)
def test_what_argo_takes_is_taken(target: str, path: Path, value: Any) -> None:
    """What stands near a rule, but on its right side, is left alone."""
    assert found(PROOFS["workflow-runs"], within(pipeline(), target, path, value)) == []


@pytest.mark.parametrize(
    ("depends", "refused"),
    [
        ("guard.Succeeded || guard.Failed", False),
        ("guard", False),
        ("guard.Succeded", True),
        ("guard.AnySucceeded", True),
    ],
)
def test_depends_names_results_that_there_are(depends: str, *, refused: bool) -> None:
    """A result of items needs items, and a misspelt one never comes."""
    tasks = [{"name": "guard", "template": "guard"}, {"name": "last", "template": "report", "depends": depends}]
    findings = found(PROOFS["workflow-runs"], within(pipeline(), WT, TASKS, tasks))
    assert findings == ([("workflow-form", (*TASKS, 1, "depends"))] if refused else [])


@pytest.mark.parametrize("key", ["dependencies", "continueOn"])
def test_depends_stands_alone(key: str) -> None:
    """A DAG says with depends what waits for what, or with dependencies; never with both."""
    content = {"dependencies": ["guard"], "continueOn": {"failed": True}}
    tasks = [
        {"name": "guard", "template": "guard"},
        {"name": "mid", "template": "report", key: content[key]},
        {"name": "last", "template": "report", "depends": "guard"},
    ]
    findings = found(PROOFS["workflow-runs"], within(pipeline(), WT, TASKS, tasks))
    assert findings == [("workflow-form", (*TASKS, 1, key))]


def test_items_come_from_one_place() -> None:
    """A task runs over a list or over a sequence."""
    scope = within(pipeline(), WT, (*TRAIN_TASK, "withItems"), ["a"])
    scope = within(scope, WT, (*TRAIN_TASK, "withSequence"), {"count": "2"})
    assert found(PROOFS["workflow-runs"], scope) == [("workflow-form", (*TRAIN_TASK, "withSequence"))]


VALUE = (*DEPLOY_TASK, "arguments", "parameters", 0, "value")


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("{{tasks.train.ip}}", True),
        ("{{tasks.train.status}}", False),
        ("{{tasks.train.outputs.exitCode}}", True),
        ("{{pod.nam}}", True),
        ("{{pod.name}}", False),
        ("{{workflow.labels.team}}", True),
        ("{{workflow.labels.json}}", False),
    ],
)
def test_variables_have_the_fields_that_argo_knows(text: str, *, refused: bool) -> None:
    """What only looks like a variable is passed on as it stands, or refused."""
    findings = found(PROOFS["workflow-references"], within(pipeline(), WT, VALUE, text))
    assert findings == ([("workflow-unresolved-reference", VALUE)] if refused else [])


def test_failures_are_known_to_an_exit_handler() -> None:
    """While steps run there is no list of those that failed."""
    scope = within(pipeline(), WT, VALUE, "{{workflow.failures}}")
    assert found(PROOFS["workflow-references"], scope) == []
    findings = found(PROOFS["workflow-references"], within(scope, WT, ("spec", "onExit"), GONE))
    assert findings == [("workflow-unresolved-reference", VALUE)]


def test_labels_that_the_workflow_sets_can_be_read() -> None:
    """They come from the template's own metadata and from workflowMetadata."""
    scope = within(pipeline(), WT, ("spec", "workflowMetadata"), {"labels": {"example.com/team": "a"}})
    scope = within(scope, WT, VALUE, "{{workflow.labels.example.com/team}}")
    assert found(PROOFS["workflow-references"], scope) == []


def test_numbers_of_a_sequence_have_no_fields() -> None:
    """Items of a list may be maps."""
    value = (*TRAIN_TASK, "arguments", "parameters", 0, "value")
    scope = within(pipeline(), WT, value, "{{item.depth}}")
    refused = found(PROOFS["workflow-references"], within(scope, WT, (*TRAIN_TASK, "withSequence"), {"count": "2"}))
    assert refused == [("workflow-unresolved-reference", value)]
    assert found(PROOFS["workflow-references"], within(scope, WT, (*TRAIN_TASK, "withItems"), [{"depth": 1}])) == []


def test_what_all_pods_share_resolves_as_well() -> None:
    """A label of podMetadata is filled in for each pod."""
    place = ("spec", "podMetadata", "labels", "run")
    findings = found(PROOFS["workflow-references"], within(pipeline(), WT, place, "{{workflow.nam}}"))
    assert findings == [("workflow-unresolved-reference", place)]


@pytest.mark.parametrize(
    ("kind", "given"),
    [("parameters", {"name": "version", "default": "1"}), ("artifacts", {"name": "model", "optional": True})],
)
def test_an_argument_says_what_it_gives(kind: str, given: dict[str, Any]) -> None:
    """A default or a leave to be missing belongs to the input, and is no value."""
    place = (*DEPLOY_TASK, "arguments", kind, 0)
    assert found(PROOFS["workflow-calls"], within(pipeline(), WT, place, given)) == [
        ("workflow-missing-argument", place)
    ]


def test_braces_that_never_close_are_refused() -> None:
    """Argo would take the rest of the object for a name."""
    findings = found(PROOFS["workflow-references"], within(pipeline(), WT, VALUE, "{{workflow.uid"))
    assert findings == [("workflow-unresolved-reference", VALUE)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 3 * * 1", True),
        ("*/90 0-23 1,15 JAN-DEC MON", True),
        ("TZ=Europe/Berlin 0 3 * * *", True),
        ("@daily", True),
        ("@every 1h", True),
        ("0 24 * * *", False),
        ("0 3 * *", False),
        ("0 3 0 * *", False),
        ("", False),
    ],
)
def test_schedules_have_five_fields_within_their_bounds(text: str, *, expected: bool) -> None:
    """A step may be any number, a time may not."""
    assert is_schedule(text) is expected
