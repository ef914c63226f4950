"""The rendered objects as one Workflow: the template that it refers to laid below it, ConfigMaps at hand."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_charts.errors import Mistake, MlopsChartsError
from mlops_charts.local.fields import refusals
from mlops_charts.local.filling import plain

Manifest = Mapping[str, Any]


class NotHere(Mistake):
    """The Workflow asks for what does not run on this machine; every field in a line of its own."""


class BrokenFlow(MlopsChartsError):  # noqa: N818 - what is broken is the Workflow
    """The rendered objects hold no Workflow that could run anywhere."""


@dataclass(frozen=True)
class Flow:
    """A Workflow, ready to run.

    Attributes:
        name: Its name.
        namespace: Its namespace.
        spec: What it says, on top of what its template says.
        templates: By name.
        config_maps: Files of the rendered ConfigMaps, by name and key.
        parameters: Of the run.
        key_format: What names the folder of a pod's artifacts.
    """

    name: str
    namespace: str
    spec: Manifest
    templates: Mapping[str, Manifest]
    config_maps: Mapping[str, Mapping[str, bytes]]
    parameters: Mapping[str, str]
    key_format: str

    @property
    def entrypoint(self) -> Manifest:
        """The template where the run begins."""
        return self.template(self.spec.get("entrypoint", ""))

    @property
    def tasks(self) -> Sequence[Manifest]:
        """The tasks of the entrypoint; none where it is a container."""
        tasks: Sequence[Manifest] = self.entrypoint.get("dag", {}).get("tasks", ())
        return tasks

    def template(self, name: str) -> Manifest:
        """Return a template; BrokenFlow if there is none of that name."""
        if name not in self.templates:
            raise BrokenFlow(f'there is no template "{name}"; templates: {", ".join(self.templates)}')
        return self.templates[name]


def read_flow(objects: Iterable[Manifest], parameters: Mapping[str, str] | None = None) -> Flow:
    """Return the Workflow among rendered objects.

    Args:
        objects: Manifests, as Helm prints them.
        parameters: Of the run; they win over those of the Workflow, and an unknown one is an error.

    Raises:
        NotHere: It has fields that are not done here.
        BrokenFlow: There is none, or its template is missing.
    """
    by_kind: dict[str, dict[str, Manifest]] = {}
    for each in objects:
        by_kind.setdefault(str(each.get("kind")), {})[str(each.get("metadata", {}).get("name"))] = each
    workflows = list(by_kind.get("Workflow", {}).values())
    if len(workflows) != 1:
        raise BrokenFlow(f"{len(workflows)} Workflows were rendered, expected one")
    workflow = workflows[0]
    spec = _merged(workflow, by_kind.get("WorkflowTemplate", {}))
    maps = {name: _files(each) for name, each in by_kind.get("ConfigMap", {}).items()}
    metadata = workflow["metadata"]
    flow = Flow(
        name=metadata["name"],
        namespace=metadata.get("namespace", "local"),
        spec=spec,
        templates={template["name"]: template for template in spec.get("templates", ())},
        config_maps=maps,
        parameters=_parameters(spec, parameters or {}),
        key_format=_key_format(spec, maps),
    )
    _check(flow)
    return flow


def _check(flow: Flow) -> None:
    """Make sure that every template that is named is there, and that no tasks wait for each other."""
    for name in filter(None, (flow.spec.get("entrypoint", "entrypoint"), flow.spec.get("onExit"))):
        flow.template(name)
    for template in flow.templates.values():
        tasks = {task["name"]: task for task in (template.get("dag") or {}).get("tasks") or ()}
        in_order(tasks)
        for task in tasks.values():
            flow.template(task.get("template", ""))


def _merged(workflow: Manifest, templates: Mapping[str, Manifest]) -> dict[str, Any]:
    spec = dict(workflow.get("spec", {}))
    lines = list(refusals("workflow", spec, f"Workflow {workflow['metadata']['name']}: spec"))
    reference = spec.pop("workflowTemplateRef", None)
    below: dict[str, Any] = {}
    if reference is not None:
        name = reference.get("name", "")
        if name not in templates:
            raise BrokenFlow(f'no WorkflowTemplate "{name}" was rendered')
        below = dict(templates[name].get("spec", {}))
        lines += refusals("workflow", below, f"WorkflowTemplate {name}: spec")
    if lines:
        raise NotHere("\n       ".join(lines))
    given = _named(below, spec)
    return {**below, **spec, "arguments": {"parameters": list(given.values())}}


def _named(*specs: Mapping[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for spec in specs for one in (spec.get("arguments") or {}).get("parameters", ())}


def _parameters(spec: Manifest, given: Mapping[str, str]) -> dict[str, str]:
    known = {name: one.get("value", one.get("default")) for name, one in _named(spec).items()}
    for name in given:
        if name not in known:
            raise BrokenFlow(f'the Workflow has no parameter "{name}"; parameters: {", ".join(known)}')
    found = {**known, **given}
    missing = [name for name, value in found.items() if value is None]
    if missing:
        raise BrokenFlow(f"the Workflow needs a value for {', '.join(missing)}")
    return {name: plain(value) for name, value in found.items()}


def _files(config_map: Manifest) -> dict[str, bytes]:
    texts = {key: text.encode() for key, text in (config_map.get("data") or {}).items()}
    binaries = {key: base64.b64decode(text) for key, text in (config_map.get("binaryData") or {}).items()}
    return {**texts, **binaries}


def _key_format(spec: Manifest, maps: Mapping[str, Mapping[str, bytes]]) -> str:
    """Return what names the folder of a pod's artifacts, as the artifact repository says it."""
    reference = spec.get("artifactRepositoryRef") or {}
    content = maps.get(reference.get("configMap", ""), {}).get(reference.get("key", ""))
    repository = json.loads(content) if content else {}
    found: str = repository.get("s3", {}).get("keyFormat") or "{{workflow.name}}/{{workflow.uid}}/{{pod.name}}"
    return found


def in_order(tasks: Mapping[str, Manifest]) -> Sequence[str]:
    """Return the tasks, each behind those that it depends on.

    Raises:
        BrokenFlow: They depend on one that is not there, or on themselves.
    """
    done: dict[str, None] = {}
    rest = dict(tasks)
    while rest:
        ready = [name for name, task in rest.items() if all(one in done for one in task.get("dependencies") or ())]
        if not ready:
            raise BrokenFlow(f"these tasks wait for each other, or for one that is not there: {', '.join(rest)}")
        done |= dict.fromkeys(ready)
        rest = {name: task for name, task in rest.items() if name not in done}
    return list(done)
