"""What Argo refuses in a template before it looks at any reference: names, sorts of templates, outputs, mounts.

It must not know what a template is for.
"""

import re
from collections.abc import Iterator

from mlops_charts.validation.argo.flow import Flow, Template, flows
from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node

CODE = "workflow-form"
SORTS = ("container", "containerSet", "script", "resource", "dag", "steps", "suspend", "http", "data", "plugin")
GROUPS = frozenset({"dag", "steps"})
VALUE_SOURCES = ("path", "jsonPath", "jqFilter", "parameter", "expression", "event", "supplied", "configMapKeyRef")
RETRY_POLICIES = ("Always", "OnFailure", "OnError", "OnTransientError")
RESERVED = frozenset({"init", "wait", "supervisor"})

_NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9]{0,127}")
_FIELD = re.compile(r"[-A-Za-z0-9_]+")
_DURATION = re.compile(r"\d+|(\d+(\.\d+)?(ns|us|ms|s|m|h))+")
_NUMBER = re.compile(r"\d+")


def forms(scope: Scope) -> Iterator[Finding]:
    """Every template has a name of its own, one sort, and only fields that go with that sort."""
    for flow in flows(scope):
        yield from names(flow.spec.at("templates"), _NAME)
        yield from _declarations(flow.spec.at("arguments"))
        yield from _enumerations(flow.spec.at("arguments", "parameters"))
        for template in flow.templates.values():
            yield from _template(flow, template)


def refused(node: Node, message: str, note: str) -> Finding:
    """What Argo's own lint says no to."""
    return node.finding(CODE, message, note)


def names(entries: Node, allowed: re.Pattern[str]) -> Iterator[Finding]:
    """Each entry of a list has a name that Argo takes and that no other has."""
    seen: set[str] = set()
    for entry in entries.items():
        if not allowed.fullmatch(entry.name):
            note = "letters, digits and hyphens, and underscores in parameters and artifacts"
            yield refused(entry.at("name"), f'"{entry.name}" is no name that Argo takes', note)
        elif entry.name in seen:
            yield refused(entry.at("name"), f'"{entry.name}" stands here twice', "rename or drop one of them")
        seen.add(entry.name)


def is_variable(text: str) -> bool:
    """Whether Argo puts a value in first, so that nothing is known of it now."""
    return "{{" in text


def _declarations(holder: Node) -> Iterator[Finding]:
    for kind in ("parameters", "artifacts"):
        yield from names(holder.at(kind), _FIELD)


def _enumerations(parameters: Node) -> Iterator[Finding]:
    for parameter in parameters.items():
        given, enum = parameter.at("value"), parameter.at("enum")
        allowed = [item.value for item in enum.items()]
        if enum.present and given.present and given.value not in allowed:
            message = f'"{given.text}" is none of the values that "{parameter.name}" may have'
            yield refused(given, message, f"it may be: {', '.join(map(str, allowed)) or 'nothing'}")


def _template(flow: Flow, template: Template) -> Iterator[Finding]:
    node = template.node
    sorts = [sort for sort in SORTS if node.at(sort).present]
    if len(sorts) != 1:
        message = f'template "{template.name}" is {" and ".join(sorts) or "of no sort"}; it is exactly one'
        yield refused(node, message, f"choose one of: {', '.join(SORTS)}")
    if node.at("dag").present and not template.calls:
        yield refused(node.at("dag"), f'the DAG "{template.name}" has no tasks', "give it one, or drop it")
    yield from _declarations(node.at("inputs"))
    yield from _declarations(node.at("outputs"))
    yield from _limits(node, grouping=bool(GROUPS & set(sorts)))
    yield from _retries(node.at("retryStrategy"))
    yield from _inputs(template)
    yield from _outputs(template)
    yield from _containers(flow, template)
    for call in template.calls:
        yield from _declarations(call.node.at("arguments"))


def _limits(node: Node, *, grouping: bool) -> Iterator[Finding]:
    for key in ("activeDeadlineSeconds", "timeout") if grouping else ("parallelism",):
        if node.at(key).present:
            sort = "a DAG or steps" if grouping else "a single pod"
            yield refused(node.at(key), f"{key} means nothing for {sort}", "move it to where it counts")
    deadline = node.at("activeDeadlineSeconds")
    if isinstance(deadline.value, int) and deadline.value <= 0:
        yield refused(deadline, f"activeDeadlineSeconds is {deadline.value}", "write a number above 0")
    elif deadline.text and not is_variable(deadline.text) and not _NUMBER.fullmatch(deadline.text):
        yield refused(deadline, f'"{deadline.text}" is no number of seconds', "write a number above 0")


def _retries(strategy: Node) -> Iterator[Finding]:
    policy, limit = strategy.at("retryPolicy"), strategy.at("limit")
    if policy.present and policy.text not in RETRY_POLICIES:
        yield refused(policy, f'there is no retryPolicy "{policy.text}"', f"choose one of: {', '.join(RETRY_POLICIES)}")
    if limit.text and not is_variable(limit.text) and not _NUMBER.fullmatch(limit.text):
        yield refused(limit, f'"{limit.text}" is no number of retries', "write a whole number")
    for key in ("duration", "maxDuration", "cap"):
        yield from duration(strategy.at("backoff", key))


def duration(node: Node) -> Iterator[Finding]:
    """A time as Argo reads it: whole seconds, or Go's hours, minutes and seconds."""
    if node.text and not is_variable(node.text) and not _DURATION.fullmatch(node.text):
        yield refused(node, f'"{node.text}" is no duration', "write seconds, or like 30s, 10m, 24h")


def _inputs(template: Template) -> Iterator[Finding]:
    for name, artifact in template.declared("inputs", "artifacts").items():
        for key in ("from", "fromExpression"):
            if artifact.at(key).present:
                yield refused(artifact.at(key), f'the input "{name}" says {key}', "the caller's arguments say that")
    yield from _paths(template, "inputs")


def _outputs(template: Template) -> Iterator[Finding]:
    for kind in ("parameters", "artifacts"):
        for output in template.declared("outputs", kind).values():
            shared = output.at("globalName")
            if shared.text and not is_variable(shared.text) and not _FIELD.fullmatch(shared.text):
                yield refused(shared, f'"{shared.text}" is no name that Argo takes', "letters, digits, - and _")
    for name, parameter in template.declared("outputs", "parameters").items():
        yield from _output(template, name, parameter)
    yield from _paths(template, "outputs")


def _output(template: Template, name: str, parameter: Node) -> Iterator[Finding]:
    given = [key for key in ("value", "valueFrom") if parameter.at(key).present]
    sources = [key for key in VALUE_SOURCES if parameter.at("valueFrom", key).present]
    if len(given) != 1 or (given == ["valueFrom"] and len(sources) != 1):
        said = ", ".join(sources or given) or "nothing"
        yield refused(parameter, f'the output "{name}" comes from {said}', "name exactly one source in valueFrom")
    elif given == ["valueFrom"] and template.is_pod and sources != ["path"]:
        yield refused(parameter.at("valueFrom"), f'the output "{name}" has no path', "a pod writes outputs to files")
    elif given == ["valueFrom"] and template.calls and sources[0] not in {"parameter", "expression"}:
        message = f'the output "{name}" comes from {sources[0]}, which only pods have'
        yield refused(parameter.at("valueFrom"), message, "name an output of a task in valueFrom.parameter")


def _paths(template: Template, side: str) -> Iterator[Finding]:
    for name, artifact in template.declared(side, "artifacts").items():
        path = artifact.at("path")
        if template.is_pod and not path.text:
            yield refused(path, f'the artifact "{name}" has no path', "say where it lies in the container")
        if template.calls and path.present:
            yield refused(path, f'the artifact "{name}" has a path', "only pods have files")


def _containers(flow: Flow, template: Template) -> Iterator[Finding]:
    node = template.node
    for key in ("container", "script"):
        default = flow.spec.at("templateDefaults", key, "image").text
        if node.at(key).present and not node.at(key, "image").text and not default:
            yield refused(node.at(key, "image"), f'template "{template.name}" has no image', "name one")
    for key in ("initContainers", "sidecars"):
        for container in node.at(key).items():
            if not container.name or container.name in RESERVED:
                message = f'"{container.name}" is no name for a container beside: empty, or Argo\'s own'
                yield refused(container.at("name"), message, "name it after what it does")
    yield from _mounts(template)


def _mounts(template: Template) -> Iterator[Finding]:
    taken: set[str] = set()
    mounts = template.node.at("container", "volumeMounts").items()
    artifacts = template.declared("inputs", "artifacts").values()
    for place in (*(one.at("mountPath") for one in mounts), *(one.at("path") for one in artifacts)):
        if place.text and place.text in taken:
            yield refused(place, f"{place.text} is taken by another mount or artifact", "choose another path")
        taken.add(place.text)
