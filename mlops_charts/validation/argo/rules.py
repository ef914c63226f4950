"""What keeps a workflow from running twice, never ending, or being refused: the fields it must and must not have.

It must not know the order of tasks.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_charts.validation.argo.flow import Flow, Library, Template, flows
from mlops_charts.validation.argo.text import substituted
from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node, of_kind

TEN_YEARS = 10 * 365 * 24 * 3600
TTL = ("secondsAfterCompletion", "secondsAfterSuccess", "secondsAfterFailure")
REFERENCE_ONLY = frozenset({"workflowTemplateRef", "arguments"})
UNIQUE = "{{workflow.uid}}"


def removed_fields(scope: Scope) -> Iterator[Finding]:
    """No field that Argo Workflows 4 has removed is used."""
    for node in of_kind(scope, "CronWorkflow"):
        yield from _removed(node.at("spec", "schedule"), "schedules, a list")
    for flow in flows(scope):
        yield from _removed(flow.spec.at("podPriority"), "podPriorityClassName")
        for holder in (flow.spec, *(template.node for template in flow.templates.values())):
            yield from _removed(holder.at("synchronization", "mutex"), "synchronization.mutexes, a list")
            yield from _removed(holder.at("synchronization", "semaphore"), "synchronization.semaphores, a list")


def _removed(node: Node, instead: str) -> Iterator[Finding]:
    if node.present:
        message = f"{node.path[-1]} was removed in Argo Workflows 4"
        yield node.finding("workflow-removed-field", message, f"write {instead}")


def reference_only(scope: Scope) -> Iterator[Finding]:
    """A workflow that refers to a template holds nothing else but arguments, and has a name of its own."""
    for flow in flows(scope):
        if flow.spec.at("workflowTemplateRef").present:
            for key, node in flow.spec.entries():
                if key not in REFERENCE_ONLY:
                    message = f"{key} beside workflowTemplateRef: a strict controller refuses most fields there"
                    yield node.finding("workflow-not-reference-only", message, "set it in the WorkflowTemplate")
    for node in of_kind(scope, "Workflow", "CronWorkflow", "WorkflowTemplate"):
        generated = node.at("metadata", "generateName")
        if generated.present:
            message = "generateName makes a new object at every sync"
            yield generated.finding("workflow-generate-name", message, "name it after the digest of what it runs")


def lifetime(scope: Scope) -> Iterator[Finding]:
    """Templates that workflows run are kept, run one at a time, and time out step by step."""
    for flow in flows(scope):
        deadline = flow.spec.at("activeDeadlineSeconds")
        if deadline.present:
            message = "a deadline of the whole workflow also counts the time it waits for the mutex"
            yield deadline.finding("workflow-timeout", message, "set activeDeadlineSeconds on each template")
        yield from _time_to_live(flow)
        if flow.kind == "WorkflowTemplate" and flow.spec.at("entrypoint").present:
            yield from _mutex(flow)
        for template in flow.templates.values():
            yield from _template_timeout(template)


def _time_to_live(flow: Flow) -> Iterator[Finding]:
    strategy = flow.spec.at("ttlStrategy")
    note = f"set ttlStrategy.secondsAfterCompletion to {TEN_YEARS}, ten years"
    if flow.kind == "WorkflowTemplate" and flow.spec.at("entrypoint").present and not strategy.at(TTL[0]).present:
        message = "no ttlStrategy: a default of the cluster may delete the Workflow, and self-heal runs it again"
        yield strategy.finding("workflow-ttl", message, note)
    for key in TTL:
        seconds = strategy.at(key)
        if isinstance(seconds.value, int) and seconds.value < TEN_YEARS:
            message = f"{key} is {seconds.value}: the Workflow is deleted then, and self-heal runs it again"
            yield seconds.finding("workflow-ttl", message, note)


def _mutex(flow: Flow) -> Iterator[Finding]:
    mutexes = flow.spec.at("synchronization", "mutexes")
    if not list(mutexes.items()):
        message = "no mutex: two runs of one model may overlap"
        yield mutexes.finding("workflow-mutex", message, "set synchronization.mutexes to one named after the model")


def _template_timeout(template: Template) -> Iterator[Finding]:
    given = any(template.node.at(key).present for key in ("activeDeadlineSeconds", "timeout"))
    if template.is_pod and not given:
        message = f'template "{template.name}" has no time limit: a step that hangs holds the mutex for ever'
        node = template.node.at("activeDeadlineSeconds")
        yield node.finding("workflow-timeout", message, "set activeDeadlineSeconds")


def containers(scope: Scope) -> Iterator[Finding]:
    """Every container says what it runs, and patches of pods parse."""
    for flow in flows(scope):
        yield from _patch(flow.spec.at("podSpecPatch"))
        for template in flow.templates.values():
            yield from _patch(template.node.at("podSpecPatch"))
            for container in _containers(template):
                if not list(container.at("command").items()):
                    message = f'container "{container.name or template.name}" in "{template.name}" has no command'
                    note = "without it the controller must ask the image's registry for the entrypoint"
                    yield container.at("command").finding("workflow-command", message, note)


def _containers(template: Template) -> Iterator[Node]:
    node = template.node
    yield from (node.at(key) for key in ("container", "script") if node.at(key).present)
    for key in ("initContainers", "sidecars"):
        yield from node.at(key).items()
    yield from node.at("containerSet", "containers").items()


def _patch(patch: Node) -> Iterator[Finding]:
    text = substituted(patch.text).strip()
    if not patch.present or text == "1":
        return
    if not isinstance(_parsed(text), Mapping):
        message = "podSpecPatch is no map once its tags are replaced"
        yield patch.finding("workflow-pod-spec-patch", message, "write JSON or YAML of a pod's spec")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        import yaml  # noqa: PLC0415 - only for patches that are no JSON

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError:
            return None


def artifact_keys(scope: Scope) -> Iterator[Finding]:
    """Every artifact lies under the run's own uid, because names repeat after a revert."""
    library = Library(scope)
    for flow in flows(scope):
        if flow.template_ref:
            continue
        shared = _repository_is_unique(library, flow)
        for template in flow.templates.values():
            yield from _keys(template, shared=shared)


def _repository_is_unique(library: Library, flow: Flow) -> bool:
    """Whether the repository that the workflow names puts each run's artifacts apart."""
    reference = flow.spec.at("artifactRepositoryRef")
    name, key = reference.at("configMap").text, reference.at("key").text
    for node in of_kind(library.scope, "ConfigMap"):
        if node.object.name == name:
            return any(UNIQUE in text.text for entry, text in node.at("data").entries() if entry == key or not key)
    return ("ConfigMap", name) in library.scope.externals


def _keys(template: Template, *, shared: bool) -> Iterator[Finding]:
    for side in ("inputs", "outputs"):
        for artifact in template.node.at(side, "artifacts").items():
            key = artifact.at("s3", "key")
            unplaced = side == "outputs" and template.is_pod and not shared and not artifact.at("s3").present
            if (key.text and UNIQUE not in key.text) or unplaced:
                message = f'artifact "{artifact.name}" has the key "{key.text}"; names repeat after a revert'
                yield key.finding("workflow-artifact-key", message, f"put {UNIQUE} into s3.key")
