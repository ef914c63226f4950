"""Every `{{...}}` of a workflow resolves to something that exists by the time it is read.

It must not know who calls the template from elsewhere: arguments are proven beside it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_charts.validation.argo.flow import Call, Flow, Library, Template, flows
from mlops_charts.validation.argo.order import may_be_skipped, predecessors
from mlops_charts.validation.argo.text import Reference, expression_references, references, substituted
from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node, strings

PLAIN = frozenset({"retries", "duration", "status", "exitCode", "item", "inputs", "outputs"})
HEADS = frozenset({"lastRetry", "resourcesDuration", "cronworkflow", "item", "sprig"})
NAMED = frozenset({"pod", "node"})
WORKFLOW = frozenset(
    {
        *("name", "namespace", "mainEntrypoint", "serviceAccountName", "uid", "labels", "annotations"),
        *("parameters", "outputs", "creationTimestamp", "priority", "duration", "scheduledTime", "status", "failures"),
    }
)
CALL_FIELDS = frozenset({"id", "status", "exitCode", "startedAt", "finishedAt", "hostNodeName"})
SHARED = ("podMetadata", "synchronization")
OPENED = "{{"
EXPRESSIONS = frozenset({"fromExpression", "expression"})


@dataclass(frozen=True)
class Place:
    """Where a string stands: its template, and the call it belongs to, if any."""

    library: Library
    flow: Flow
    template: Template
    before: Mapping[str, frozenset[str]]
    skipped: frozenset[str]
    call: Call | None = None


def resolved(scope: Scope) -> Iterator[Finding]:
    """All references of all templates resolve."""
    library = Library(scope)
    for flow in flows(scope):
        if flow.template_ref:
            continue
        for key in SHARED:
            common = flow.spec.at(key)
            yield from _strings(Place(library, flow, Template(common), {}, frozenset()), common)
        for template in flow.templates.values():
            yield from _template(library, flow, template)


def _template(library: Library, flow: Flow, template: Template) -> Iterator[Finding]:
    place = Place(library, flow, template, predecessors(template), may_be_skipped(template))
    for key, node in template.node.entries():
        if key not in {"dag", "steps"}:
            yield from _strings(place, node)
    for call in template.calls:
        inner = Place(library, flow, template, place.before, place.skipped, call)
        yield from _strings(inner, call.node)


def _strings(place: Place, node: Node) -> Iterator[Finding]:
    for text in strings(node):
        if OPENED in substituted(text.text):
            message = "a {{ is never closed, so all that follows counts as its name"
            yield text.finding("workflow-unresolved-reference", message, "close it with }}")
        bare = text.path[-1] in EXPRESSIONS
        for reference in expression_references(text.text) if bare else references(text.text):
            yield from _reference(place, text, reference)


def _reference(place: Place, at: Node, reference: Reference) -> Iterator[Finding]:
    problem = _problem(place, reference)
    if problem:
        message = f"{{{{{reference.text}}}}} does not resolve: {problem}"
        yield at.finding("workflow-unresolved-reference", message, "Argo refuses the workflow, or passes the braces on")
        return
    if reference.parts[0] in {"tasks", "steps"}:
        yield from _produced(place, at, reference)


def _problem(place: Place, reference: Reference) -> str:
    head, *rest = reference.parts
    match head:
        case "inputs" | "outputs" if rest:
            return _own(place.template, head, rest)
        case "workflow":
            return _workflow(place.flow, rest)
        case "tasks" | "steps":
            return _of_call(place, head, rest)
        case "item":
            return _item(place.call, rest)
        case _ if head in HEADS or (head in PLAIN and not rest) or (head in NAMED and rest == ["name"]):
            return ""
        case _:
            return "Argo knows no such variable"


def _item(call: Call | None, rest: list[str]) -> str:
    if call is None:
        return ""
    if not call.fans_out:
        return f'"{call.name}" runs over no items'
    return "the items of a sequence are numbers" if rest and call.node.at("withSequence").present else ""


def _own(template: Template, side: str, rest: list[str]) -> str:
    match rest:
        case ["parameters" | "artifacts"]:
            return ""
        case ["parameters" | "artifacts" as kind, name, *more]:
            names = template.declared(side, kind)
            if name not in names:
                return f'template "{template.name}" declares {side}: {", ".join(names) or "none"}'
            pathless = side == "inputs" and kind == "parameters"
            return "" if not more or (more == ["path"] and not pathless) else f"{name} has no {'.'.join(more)}"
        case ["result" | "exitCode"] if side == "outputs":
            return ""
        case _:
            return f"{side} has parameters and artifacts"


def _workflow(flow: Flow, rest: list[str]) -> str:
    match rest:
        case ["parameters", name, *_] if name not in {*flow.parameters, "json"}:
            return f"the workflow has the parameters: {', '.join(flow.parameters) or 'none'}"
        case ["labels" | "annotations" as kind, first, *more] if first != "json":
            return "" if ".".join((first, *more)) in _metadata(flow, kind) else f"the workflow sets no such {kind[:-1]}"
        case ["outputs", _, name, *_] if name not in set(_global_outputs(flow)):
            return "no output has this globalName"
        case ["failures"] if not flow.spec.at("onExit").present:
            return "only an exit handler knows them"
        case [field, *_] if field in WORKFLOW:
            return ""
        case _:
            return "workflow has no such field"


def _metadata(flow: Flow, kind: str) -> set[str]:
    places = (flow.root.at("metadata", kind), flow.spec.at("workflowMetadata", kind))
    more = flow.spec.at("workflowMetadata", f"{kind}From")
    return {key for place in (*places, more) for key, _ in place.entries()}


def _global_outputs(flow: Flow) -> Iterator[str]:
    for template in flow.templates.values():
        for kind in ("parameters", "artifacts"):
            yield from (item.at("globalName").text for item in template.node.at("outputs", kind).items())


def _of_call(place: Place, head: str, rest: list[str]) -> str:
    template = place.template
    if rest == ["name"]:
        return ""
    if not template.calls or head != template.prefix:
        return f'template "{template.name}" has no {head}'
    called = next((call for call in template.calls if rest and call.name == rest[0]), None)
    if called is None:
        return f"{head} here: {', '.join(call.name for call in template.calls)}"
    fields = rest[1:]
    if not fields or fields[0] in CALL_FIELDS:
        return "" if fields else "it names no output"
    if fields[0] != "outputs":
        return _address(place, called) if fields == ["ip"] else f"a call has outputs, {', '.join(sorted(CALL_FIELDS))}"
    return _output(place, called, fields[1:])


def _address(place: Place, called: Call) -> str:
    target = place.library.target(place.flow, called.node)
    return "" if target is None or target.node.at("daemon").value is True else "only a daemon has an address"


def _output(place: Place, called: Call, rest: list[str]) -> str:
    if rest == ["result"]:
        return ""
    target = place.library.target(place.flow, called.node)
    if target is None:
        return ""
    if not rest or rest[0] not in {"parameters", "artifacts"}:
        return "outputs has parameters, artifacts and result"
    names = target.declared("outputs", rest[0])
    if rest[1:] and rest[1] not in names:
        return f'template "{target.name}" has the output {rest[0]}: {", ".join(names) or "none"}'
    if rest[2:]:
        return f"{rest[1]} has no {'.'.join(rest[2:])}"
    return ""


def _produced(place: Place, at: Node, reference: Reference) -> Iterator[Finding]:
    name = reference.parts[1]
    if place.call is not None and name != "name" and name not in place.before.get(place.call.name, ()):
        message = f'"{place.call.name}" reads {{{{{reference.text}}}}}, but does not wait for "{name}"'
        note = f'add "{name}" to its dependencies'
        yield at.finding("workflow-not-an-ancestor", message, note)
    elif name in place.skipped and not reference.optional and "outputs" in reference.parts:
        yield from _skipped(place, at, reference)


def _skipped(place: Place, at: Node, reference: Reference) -> Iterator[Finding]:
    _, name, _, *rest = reference.parts
    producer = next(call for call in place.template.calls if call.name == name)
    target = place.library.target(place.flow, producer.node)
    if target is None or _consumer_copes(place, at):
        return
    kind, output = (rest[0], rest[1]) if len(rest) > 1 else ("result", "")
    declared = target.declared("outputs", kind).get(output) if output else None
    if declared is not None and declared.at("valueFrom", "default").present:
        return
    message = f'"{name}" may be skipped, and {{{{{reference.text}}}}} has no default then: the reader fails'
    note = "give the output valueFrom.default (parameter), or make the reader's artifact optional"
    yield at.finding("workflow-skipped-output", message, note)


def _consumer_copes(place: Place, at: Node) -> bool:
    """Whether the argument that holds the reference has a default or is optional."""
    holder = place.call.node if place.call else place.template.node
    inside = at.path[len(holder.path) :]
    for length in range(len(inside), 0, -1):
        node = holder.at(*inside[:length])
        if node.at("default").present or node.at("optional").value is True:
            return True
    return _target_is_optional(place, inside)


def _target_is_optional(place: Place, inside: tuple[str | int, ...]) -> bool:
    if place.call is None or inside[:2] != ("arguments", "artifacts"):
        return False
    target = place.library.target(place.flow, place.call.node)
    name = place.call.node.at(*inside[:3]).name
    declared = target.declared("inputs", "artifacts").get(name) if target else None
    return declared is not None and declared.at("optional").value is True
