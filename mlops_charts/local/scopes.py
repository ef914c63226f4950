"""What the texts of a template may refer to: parameters of the run, inputs, and what tasks before it have made."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mlops_charts.local.filling import Unresolved, filled, plain
from mlops_charts.local.flow import BrokenFlow, Flow, Manifest
from mlops_charts.local.pods import Made

_WHOLE: Final = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


@dataclass(frozen=True)
class Scope:
    """What may be named in one place.

    Attributes:
        names: Texts by dotted name.
        artifacts: Files and folders by dotted name.
        missing: Artifacts that could be there and are not, because the step that makes them was skipped.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, Path] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()

    def inside(self, names: Mapping[str, str], artifacts: Mapping[str, Path], template: Manifest) -> Scope:
        """Return the scope of a template: of the names around it, those of the run alone."""
        around = {name: text for name, text in self.names.items() if name.startswith("workflow.")}
        declared = {f"inputs.artifacts.{each['name']}" for each in _declared(template, "inputs", "artifacts")}
        here = {f"inputs.artifacts.{name}": path for name, path in artifacts.items()}
        own = {f"inputs.parameters.{name}": text for name, text in names.items()}
        return Scope({**around, **own}, here, frozenset(declared - here.keys()))

    def after(self, task: str, made: Made, template: Manifest) -> Scope:
        """Return the scope behind a task."""
        prefix = f"tasks.{task}"
        names = {
            f"{prefix}.status": made.status,
            **({} if made.exit_status is None else {f"{prefix}.exitCode": plain(made.exit_status)}),
            **{f"{prefix}.outputs.parameters.{name}": text for name, text in made.parameters.items()},
        }
        here = {f"{prefix}.outputs.artifacts.{name}": path for name, path in made.artifacts.items()}
        declared = {f"{prefix}.outputs.artifacts.{one['name']}" for one in _declared(template, "outputs", "artifacts")}
        missing = (self.missing | declared) - here.keys()
        return Scope({**self.names, **names}, {**self.artifacts, **here}, missing)

    def with_item(self, item: Any) -> Scope:
        """Return the scope of one item of a fan-out."""
        more = {f"item.{key}": plain(one) for key, one in item.items()} if isinstance(item, Mapping) else {}
        text = json.dumps(item) if isinstance(item, Mapping | list) else plain(item)
        return Scope({**self.names, "item": text, **more}, self.artifacts, self.missing)

    def inputs(self, template: Manifest, arguments: Manifest, where: str) -> tuple[dict[str, str], dict[str, Path]]:
        """Return the inputs of a template by what it is called with.

        Raises:
            Unresolved: An argument refers to nothing.
            BrokenFlow: A required input is not given, or one is given that is not declared.
        """
        given = {one["name"]: one for one in arguments.get("parameters") or ()}
        handed = {one["name"]: one for one in arguments.get("artifacts") or ()}
        parameters, artifacts = _declared(template, "inputs", "parameters"), _declared(template, "inputs", "artifacts")
        _only(given, parameters, where)
        _only(handed, artifacts, where)
        texts = {one["name"]: self._text(one, given.get(one["name"], {}), where) for one in parameters}
        found = {one["name"]: self._artifact(one, handed.get(one["name"], {}), where) for one in artifacts}
        return texts, {name: path for name, path in found.items() if path is not None}

    def _text(self, declared: Manifest, given: Manifest, where: str) -> str:
        for source in (given.get("value"), given.get("default"), declared.get("value"), declared.get("default")):
            if source is not None:
                return filled(source, self.names, f"{where}, {declared['name']}")
        raise BrokenFlow(f"{where}: the input {declared['name']} is not given and has no default")

    def _artifact(self, declared: Manifest, given: Manifest, where: str) -> Path | None:
        optional = bool(declared.get("optional") or given.get("optional"))
        reference = _WHOLE.fullmatch(given.get("from", ""))
        name = reference[1] if reference else ""
        if name in self.artifacts:
            return self.artifacts[name]
        if optional and (not given or name in self.missing):
            return None
        if name in self.missing:
            raise Unresolved(f"{where}: the artifact {declared['name']} is missing: {{{{{name}}}}} was not made")
        raise Unresolved(f"{where}: the artifact {declared['name']} is not given: {given.get('from') or 'no argument'}")

    def outputs(self, template: Manifest) -> tuple[dict[str, str], dict[str, Path]]:
        """Return what a DAG hands out of what its tasks have made."""
        texts: dict[str, str] = {}
        for one in _declared(template, "outputs", "parameters"):
            source = one.get("valueFrom") or {}
            wanted = source.get("parameter", source.get("default"))
            texts[one["name"]] = filled(wanted, self.names, f"{template['name']}, {one['name']}")
        found: dict[str, Path] = {}
        for one in _declared(template, "outputs", "artifacts"):
            path = self._artifact(one, one, template["name"])
            found |= {one["name"]: path} if path is not None else {}
        return texts, found


def of_run(flow: Flow, uid: str, began: str) -> Scope:
    """Return what every text of a run may name."""
    fields = {
        "name": flow.name,
        "namespace": flow.namespace,
        "uid": uid,
        "creationTimestamp": began,
        "mainEntrypoint": plain(flow.spec.get("entrypoint")),
        "serviceAccountName": plain(flow.spec.get("serviceAccountName")),
        "parameters": json.dumps([{"name": name, "value": text} for name, text in flow.parameters.items()]),
    }
    parameters = {f"workflow.parameters.{name}": text for name, text in flow.parameters.items()}
    return Scope({**{f"workflow.{name}": text for name, text in fields.items()}, **parameters})


def items(task: Manifest, scope: Scope) -> list[Any] | None:
    """Return what a task fans out over; None if it does not.

    Raises:
        BrokenFlow: The sequence or the list is none.
    """
    where = f"the task {task['name']}"
    try:
        if "withItems" in task:
            return [filled(one, scope.names, where) if isinstance(one, str) else one for one in task["withItems"]]
        if "withParam" in task:
            found = json.loads(filled(task["withParam"], scope.names, where))
            return found if isinstance(found, list) else [found]
        if "withSequence" in task:
            return _sequence(task["withSequence"], scope, where)
    except ValueError as error:
        raise BrokenFlow(f"{where}: what it runs over is no list and no number: {error}") from None
    return None


def _sequence(sequence: Manifest, scope: Scope, where: str) -> list[str]:
    def number(key: str) -> int:
        return int(filled(sequence[key], scope.names, where))

    start = number("start") if "start" in sequence else 0
    if "count" in sequence:
        numbers = range(start, start + number("count"))
    else:
        end = number("end")
        numbers = range(start, end + 1) if end >= start else range(start, end - 1, -1)
    form = sequence.get("format", "%d")
    return [form % one for one in numbers]


def gathered(parts: Sequence[Made]) -> Made:
    """Return what a fan-out has made: its parameters as JSON lists."""
    bad = [part for part in parts if part.status not in {"Succeeded", "Skipped"}]
    names = {name for part in parts for name in part.parameters}
    lists = {name: json.dumps([part.parameters[name] for part in parts if name in part.parameters]) for name in names}
    worst = bad[0] if bad else None
    reason = f"{len(bad)} of {len(parts)} failed: {worst.reason}" if worst else ""
    return Made(worst.status if worst else "Succeeded", reason, lists, exit_status=worst.exit_status if worst else None)


def _declared(template: Manifest, side: str, kind: str) -> list[Manifest]:
    found: list[Manifest] = (template.get(side) or {}).get(kind) or []
    return found


def _only(given: Mapping[str, Any], declared: Sequence[Manifest], where: str) -> None:
    known = [one["name"] for one in declared]
    for name in given:
        if name not in known:
            raise BrokenFlow(f'{where}: it is given "{name}", which it does not declare; inputs: {", ".join(known)}')
