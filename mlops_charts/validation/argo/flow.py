"""Workflows, WorkflowTemplates and CronWorkflows as templates and the calls between them.

It must not judge: the proofs beside it do.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from mlops_charts.validation.model import Scope
from mlops_charts.validation.nodes import Node, of_kind, root

_DEPENDENCY = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_-]*)(?:\.([A-Za-z]+))?")
ALWAYS_MET = frozenset({"Skipped", "Omitted"})
FAN_OUT = ("withItems", "withParam", "withSequence")


@dataclass(frozen=True)
class Call:
    """A task of a DAG or a step: one template called with arguments."""

    node: Node
    group: int
    """The row of a step; 0 for a task."""

    @property
    def name(self) -> str:
        """The task's name."""
        return self.node.name

    @cached_property
    def dependencies(self) -> tuple[tuple[str, str], ...]:
        """The (task, result) pairs this task waits for; the result is empty where any end will do."""
        plain = tuple((item.text, "") for item in self.node.at("dependencies").items())
        return plain + tuple(_DEPENDENCY.findall(self.node.at("depends").text))

    @property
    def fans_out(self) -> bool:
        """Whether it runs once per item."""
        return any(self.node.at(key).present for key in FAN_OUT)


@dataclass(frozen=True)
class Template:
    """One template of a workflow."""

    node: Node

    @property
    def name(self) -> str:
        """The template's name."""
        return self.node.name

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Its tasks or steps; none for a template that is a pod."""
        tasks = tuple(Call(task, 0) for task in self.node.at("dag", "tasks").items())
        rows = enumerate(self.node.at("steps").items())
        return tasks + tuple(Call(step, index) for index, row in rows for step in row.items())

    @property
    def is_dag(self) -> bool:
        """Whether its calls are tasks."""
        return self.node.at("dag").present

    @property
    def prefix(self) -> str:
        """How references name its calls."""
        return "tasks" if self.is_dag else "steps"

    def declared(self, side: str, kind: str) -> Mapping[str, Node]:
        """The inputs or outputs, the parameters or artifacts, by name."""
        return {item.name: item for item in self.node.at(side, kind).items()}

    @property
    def is_pod(self) -> bool:
        """Whether it runs containers."""
        return any(self.node.at(key).present for key in ("container", "script", "containerSet"))


@dataclass(frozen=True)
class Flow:
    """The spec of one workflow, wherever it stands."""

    root: Node
    spec: Node

    @cached_property
    def templates(self) -> Mapping[str, Template]:
        """Its templates by name."""
        return {node.name: Template(node) for node in self.spec.at("templates").items()}

    @property
    def parameters(self) -> Mapping[str, Node]:
        """Its arguments' parameters by name."""
        return {item.name: item for item in self.spec.at("arguments", "parameters").items()}

    @property
    def template_ref(self) -> str:
        """The WorkflowTemplate that it runs, empty if it brings its own templates."""
        return self.spec.at("workflowTemplateRef", "name").text

    @property
    def kind(self) -> str:
        """The kind of its object."""
        return self.root.object.kind


def flows(scope: Scope) -> Iterator[Flow]:
    """Every workflow spec of a scope."""
    for node in of_kind(scope, "WorkflowTemplate", "ClusterWorkflowTemplate", "Workflow"):
        yield Flow(node, node.at("spec"))
    for node in of_kind(scope, "CronWorkflow"):
        yield Flow(node, node.at("spec", "workflowSpec"))


@dataclass(frozen=True)
class Library:
    """All WorkflowTemplates of a scope, to look up what a call means."""

    scope: Scope

    @cached_property
    def by_name(self) -> Mapping[str, Flow]:
        """The WorkflowTemplates by name."""
        kinds = {"WorkflowTemplate", "ClusterWorkflowTemplate"}
        nodes = [root(rendered) for rendered in self.scope.objects if rendered.kind in kinds]
        return {node.object.name: Flow(node, node.at("spec")) for node in nodes}

    def is_external(self, name: str) -> bool:
        """Whether a WorkflowTemplate exists without us, so that nothing is known of it."""
        return any((kind, name) in self.scope.externals for kind in ("WorkflowTemplate", "ClusterWorkflowTemplate"))

    def target(self, flow: Flow, node: Node) -> Template | None:
        """The template that a call names; None if it is unknown."""
        if node.at("inline").present:
            return Template(node.at("inline"))
        reference = node.at("templateRef")
        if not reference.present:
            return flow.templates.get(node.at("template").text)
        other = self.by_name.get(reference.name)
        return other.templates.get(reference.at("template").text) if other else None

    def whole(self, flow: Flow) -> Flow:
        """What runs: the WorkflowTemplate for a workflow that only refers to it, else the workflow itself."""
        return self.by_name.get(flow.template_ref, flow)
