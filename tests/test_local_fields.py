"""Every field of a Workflow is executed, irrelevant here, or refused, and what is refused is named with its path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from local_flows import Manifest, config_map, dag, python, task, workflow
from pipeline_plans import CASES, case, objects_of

from mlops_charts.local.fields import FIELDS, table
from mlops_charts.local.flow import BrokenFlow, NotHere, read_flow

DOCS = Path(__file__).parent.parent / "docs" / "workflow-fields.md"


@pytest.mark.parametrize("name", list(CASES))
def test_every_pipeline_of_ours_can_run_here(name: str) -> None:
    """No field that our generators write is refused, and each but those of clusters is in the table."""
    flow = read_flow(objects_of(case(name)))
    assert flow.entrypoint["name"] == "pipeline"
    assert flow.key_format == "iris/{{workflow.uid}}/{{pod.name}}"


@pytest.mark.parametrize(
    ("where", "field", "content", "line"),
    [
        ("spec", "suspend", True, "Workflow flow: spec.suspend: a local run does not do this: "),
        ("spec", "tempaltes", [], "Workflow flow: spec.tempaltes: a local run knows no such field of a workflow"),
        ("template", "script", {}, "Workflow flow: spec.templates[1].script: "),
        ("template", "sidecars", [{}], "Workflow flow: spec.templates[1].sidecars: "),
        ("task", "depends", "a || b", "Workflow flow: spec.templates[0].dag.tasks[0].depends: "),
        ("container", "envFrom", [], "Workflow flow: spec.templates[1].container.envFrom: "),
        ("container", "comand", [], "Workflow flow: spec.templates[1].container.comand: "),
    ],
)
def test_what_is_refused_is_named(where: str, field: str, content: Any, line: str) -> None:
    """One line for a field, with its path and what to do instead."""
    one = python("one", "")
    graph = dag(task("one"))
    flow = workflow(graph, one)
    places: dict[str, Manifest] = {
        "spec": flow["spec"],
        "template": one,
        "task": graph["dag"]["tasks"][0],
        "container": one["container"],
    }
    places[where][field] = content
    with pytest.raises(NotHere) as caught:
        read_flow([flow])
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_all_refusals_at_once() -> None:
    """Whoever has several learns of all of them."""
    with pytest.raises(NotHere) as caught:
        read_flow([workflow(dag(task("one")), python("one", ""), suspend=True, shutdown="Stop")])
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ([config_map("a")], "0 Workflows were rendered, expected one"),
        ([workflow(dag(task("gone")))], 'there is no template "gone"; templates: main'),
        (
            [workflow(dag(task("main", after="x")))],
            "these tasks wait for each other, or for one that is not there: main",
        ),
        (
            [{"kind": "Workflow", "metadata": {"name": "w"}, "spec": {"workflowTemplateRef": {"name": "x"}}}],
            'no WorkflowTemplate "x" was rendered',
        ),
        (
            [workflow(dag(), arguments={"parameters": [{"name": "p"}]})],
            "the Workflow needs a value for p",
        ),
    ],
)
def test_what_no_cluster_would_run_either(objects: list[Manifest], message: str) -> None:
    """A graph with holes is said before anything runs."""
    with pytest.raises(BrokenFlow) as caught:
        read_flow(objects)
    assert str(caught.value) == message


def test_the_template_is_laid_below_the_workflow() -> None:
    """What the Workflow says wins; parameters of the template that it does not name stay."""
    given = [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]
    template = {
        **workflow(dag(task("one")), python("one", ""), arguments={"parameters": given}),
        "kind": "WorkflowTemplate",
    }
    own = {"workflowTemplateRef": {"name": "flow"}, "arguments": {"parameters": [{"name": "b", "value": "3"}]}}
    flow = read_flow([template, {"kind": "Workflow", "metadata": {"name": "w"}, "spec": own}], {"a": "4"})
    assert (flow.name, flow.parameters) == ("w", {"a": "4", "b": "3"})
    with pytest.raises(BrokenFlow, match='the Workflow has no parameter "c"; parameters: a, b'):
        read_flow([template, {"kind": "Workflow", "metadata": {"name": "w"}, "spec": own}], {"c": "4"})


def test_tables_lead_somewhere() -> None:
    """The inside of a field is a table, and each table but the first is the inside of one."""
    inside = {field.inside for fields in FIELDS.values() for field in fields.values() if field.inside}
    assert inside | {"workflow"} == set(FIELDS)


def test_the_documentation_shows_the_table() -> None:
    """Its page holds what `run --fields` prints."""
    assert table() in DOCS.read_text(encoding="utf-8")
