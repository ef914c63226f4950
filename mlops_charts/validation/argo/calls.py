"""Who calls what with which arguments: templates exist, arguments are declared, and required inputs are given.

`argo lint --offline` accepts wrong arguments of a templateRef; this does not.
"""

from collections.abc import Iterator

from mlops_charts.validation.argo.flow import Flow, Library, flows
from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node

PARAMETER_SOURCES = ("value", "default", "valueFrom")
ARTIFACT_SOURCES = ("s3", "raw", "http", "git", "gcs", "azure", "oss", "hdfs", "artifactory", "from", "fromExpression")


def calls(scope: Scope) -> Iterator[Finding]:
    """Every call, entrypoint and exit handler names a template and gives it exactly what it declares."""
    library = Library(scope)
    for flow in flows(scope):
        if flow.template_ref:
            yield from _workflow_arguments(library, flow)
        else:
            yield from _entry(flow)
        for template in flow.templates.values():
            for call in template.calls:
                yield from _call(library, flow, call.node)
                for _, hook in call.node.at("hooks").entries():
                    yield from _call(library, flow, hook)
        for _, hook in flow.spec.at("hooks").entries():
            yield from _call(library, flow, hook)


def _unknown(node: Node, name: str, known: list[str]) -> Finding:
    message = f'there is no template "{name}"'
    return node.finding("workflow-unknown-template", message, f"templates here: {', '.join(known) or 'none'}")


def _entry(flow: Flow) -> Iterator[Finding]:
    for key in ("entrypoint", "onExit"):
        name = flow.spec.at(key).text
        if name and name not in flow.templates:
            yield _unknown(flow.spec.at(key), name, list(flow.templates))
    entry = flow.templates.get(flow.spec.at("entrypoint").text)
    if entry:
        given = {*flow.parameters}
        for name, item in entry.declared("inputs", "parameters").items():
            if name not in given and not _supplied(item, PARAMETER_SOURCES):
                yield _missing(flow.spec.at("arguments"), "parameter", name, entry.name)
    elif flow.spec.at("templates").present and not flow.spec.at("entrypoint").text and flow.kind != "WorkflowTemplate":
        yield _unknown(flow.spec.at("entrypoint"), "", list(flow.templates))


def _workflow_arguments(library: Library, flow: Flow) -> Iterator[Finding]:
    other = library.by_name.get(flow.template_ref)
    if other is None:
        if not library.is_external(flow.template_ref):
            node = flow.spec.at("workflowTemplateRef", "name")
            message = f'there is no WorkflowTemplate "{flow.template_ref}" here'
            yield node.finding("workflow-unknown-template", message, "render it, or name it as external")
        return
    if not other.spec.at("entrypoint").text:
        message = f'WorkflowTemplate "{flow.template_ref}" has no entrypoint, and the Workflow may not name one'
        node = flow.spec.at("workflowTemplateRef", "name")
        yield node.finding("workflow-unknown-template", message, "set spec.entrypoint of the WorkflowTemplate")
    for kind in ("parameters", "artifacts"):
        declared = {item.name: item for item in other.spec.at("arguments", kind).items()}
        given = {item.name: item for item in flow.spec.at("arguments", kind).items()}
        yield from _undeclared(given, declared, kind, flow.template_ref)
        sources = PARAMETER_SOURCES if kind == "parameters" else ARTIFACT_SOURCES
        for name, item in declared.items():
            if name not in given and not _supplied(item, sources):
                yield _missing(flow.spec.at("arguments"), kind[:-1], name, flow.template_ref)
        yield from _empty(given, sources, kind)


def _call(library: Library, flow: Flow, node: Node) -> Iterator[Finding]:
    target = library.target(flow, node)
    if target is None:
        yield from _no_target(library, flow, node)
        return
    for kind, sources in (("parameters", PARAMETER_SOURCES), ("artifacts", ARTIFACT_SOURCES)):
        declared = target.declared("inputs", kind)
        given = {item.name: item for item in node.at("arguments", kind).items()}
        yield from _undeclared(given, declared, kind, target.name)
        for name, item in declared.items():
            if name not in given and not _supplied(item, sources):
                yield _missing(node.at("arguments"), kind[:-1], name, target.name)
        yield from _empty(given, sources, kind)


def _no_target(library: Library, flow: Flow, node: Node) -> Iterator[Finding]:
    reference = node.at("templateRef")
    if not reference.present:
        yield _unknown(node.at("template"), node.at("template").text, list(flow.templates))
    elif not library.is_external(reference.name):
        other = library.by_name.get(reference.name)
        name = f"{reference.name}/{reference.at('template').text}"
        yield _unknown(reference, name, list(other.templates) if other else list(library.by_name))


def _undeclared(given: dict[str, Node], declared: object, kind: str, target: str) -> Iterator[Finding]:
    names = list(declared) if isinstance(declared, dict) else []
    for name, item in given.items():
        if name not in names:
            message = f'"{target}" declares no {kind[:-1]} "{name}"'
            note = f"it declares: {', '.join(names) or 'none'}"
            yield item.finding("workflow-undeclared-argument", message, note)


def _empty(given: dict[str, Node], sources: tuple[str, ...], kind: str) -> Iterator[Finding]:
    for name, item in given.items():
        written = [key for key in sources if key != "default"]
        if not any(item.at(key).present for key in written):
            message = f'{kind[:-1]} "{name}" is given without a value'
            yield item.finding("workflow-missing-argument", message, f"write one of {', '.join(written)}")


def _missing(node: Node, kind: str, name: str, target: str) -> Finding:
    message = f'"{target}" needs the {kind} "{name}", which is not given and has no default'
    return node.finding("workflow-missing-argument", message, f"give it under arguments.{kind}s, or declare a default")


def _supplied(item: Node, sources: tuple[str, ...]) -> bool:
    return item.at("optional").value is True or any(item.at(key).present for key in sources)
