"""Walks the graph of a Workflow: what may start starts, a failure keeps the rest from starting, all is recorded."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from mlops_charts.errors import MlopsChartsError
from mlops_charts.local import scopes
from mlops_charts.local.expressions import true
from mlops_charts.local.filling import filled
from mlops_charts.local.flow import BrokenFlow, Flow, Manifest, in_order
from mlops_charts.local.graph import Graph
from mlops_charts.local.locks import held
from mlops_charts.local.pods import Made, Pods, skipped_outputs
from mlops_charts.local.programs import final, kind_of, refused
from mlops_charts.local.records import FINE, Node, Record
from mlops_charts.local.retrying import Try, pause
from mlops_charts.local.scopes import Scope
from mlops_charts.local.setting import Setting

EXIT: Final = "onExit"
_DECIDER: Final = re.compile(r"\{\{\s*tasks\.([\w-]+)\.")


@dataclass(frozen=True)
class Part:
    """Which tasks of the entrypoint run.

    Attributes:
        taken: Tasks that are taken over from an earlier run.
        left: Tasks that do not run, each with the reason.
        uid: The run that they are taken over from; empty if none is.
    """

    taken: Mapping[str, Node] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    uid: str = ""


@dataclass
class Engine:
    """One run of a Workflow.

    Attributes:
        flow: The Workflow.
        setting: Where it runs.
        record: Where everything that happens is written.
        pods: What runs the pods.
        slots: How many pods run at a time.
        part: Which tasks run.
        began: When, by the monotonic clock.
    """

    flow: Flow
    setting: Setting
    record: Record
    pods: Pods
    slots: asyncio.Semaphore
    part: Part
    began: float

    async def run(self, scope: Scope) -> str:
        """Run everything, the exit handler too, and return Succeeded or Failed."""
        try:
            async with asyncio.timeout(self.flow.spec.get("activeDeadlineSeconds")):
                made = await self._entry(scope)
        except TimeoutError:
            self._stopped(f"the run took longer than {self.flow.spec['activeDeadlineSeconds']} s")
            made = Made("Failed", "activeDeadlineSeconds")
        status = "Succeeded" if made.status in FINE else "Failed"
        handler = self.flow.spec.get("onExit")
        if handler:
            lasted = f"{time.monotonic() - self.began:.1f}"
            names = {**scope.names, "workflow.status": status, "workflow.duration": lasted, "workflow.failures": "[]"}
            made = await self._guarded(EXIT, self.flow.template(handler), replace(scope, names=names), {})
            status = status if made.status in FINE else "Failed"
        return status

    async def _entry(self, scope: Scope) -> Made:
        template = self.flow.entrypoint
        given = {"parameters": _given(template, self.flow.parameters)}
        names, artifacts = scope.inputs(template, given, f"the entrypoint {template['name']}")
        inner = scope.inside(names, artifacts, template)
        if "dag" in template:
            return await self._dag("", template, inner)
        return await self._guarded(template["name"], template, scope, given)

    async def _dag(self, path: str, template: Manifest, scope: Scope) -> Made:
        """Run the tasks of a DAG."""
        tasks = {task["name"]: task for task in template["dag"].get("tasks") or ()}
        graph = Graph(template, tasks, scope, _slots(template.get("parallelism")))
        async with asyncio.TaskGroup() as group:
            for name in in_order(tasks):
                group.create_task(self._task(path, graph, name))
        bad = [graph.made[name] for name in tasks if not graph.well(name)]
        if bad:
            return Made("Failed", bad[0].reason, exit_status=bad[0].exit_status)
        if any(made.status == "Omitted" for made in graph.made.values()):
            return Made("Succeeded")
        texts, artifacts = graph.scope.outputs(template)
        return Made("Succeeded", "", texts, artifacts)

    async def _task(self, path: str, graph: Graph, name: str) -> None:
        """Run a task once those before it have ended."""
        task, full = graph.tasks[name], f"{path}{name}"
        for before in task.get("dependencies") or ():
            await graph.ended[before].wait()
        template = self.flow.template(task.get("template", ""))
        taken = self.part.taken.get(full)
        if taken is not None:
            made = self._taken(taken)
        elif reason := (self.part.left.get(full) or graph.blocked(name)):
            self.record.change(full, template=template["name"], status="Omitted", reason=reason, started=self._now())
            made = Made("Omitted", reason)
        else:
            made = await self._calls(path, task, template, graph)
        graph.made[name] = made
        if not graph.well(name):
            graph.failed = graph.failed or name
        graph.scope = graph.scope.after(name, made, template)
        graph.ended[name].set()

    def _taken(self, node: Node) -> Made:
        self.record.change(node.name, **{**_content(node), "reused": True, "started": self._now(), "seconds": 0.0})
        artifacts = {name: self.setting.artifacts / path for name, path in node.artifacts.items()}
        return Made(node.status, node.reason, node.parameters, artifacts, node.exit_status)

    async def _calls(self, path: str, task: Manifest, template: Manifest, graph: Graph) -> Made:
        """Run a task, or each item that it fans out over."""
        scope, full = graph.scope, f"{path}{task['name']}"
        try:
            over = scopes.items(task, scope)
            if over is None and not _wanted(task, scope):
                return self._passed(full, template, self._why(path, task, scope))
        except MlopsChartsError as error:
            return self._broken(full, template, error)
        if over is None:
            return await self._call(full, task, template, scope, graph.slots)
        self.record.change(full, template=template["name"], status="Running", started=self._now())
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            running = [
                group.create_task(
                    self._item(f"{full}({index})", task, template, scope.with_item(one), graph),
                )
                for index, one in enumerate(over)
            ]
        made = scopes.gathered([one.result() for one in running])
        self._recorded(full, made, time.monotonic() - began)
        return made

    async def _item(self, full: str, task: Manifest, template: Manifest, scope: Scope, graph: Graph) -> Made:
        try:
            if not _wanted(task, scope):
                return self._passed(full, template, _compared(task, scope))
        except MlopsChartsError as error:
            return self._broken(full, template, error)
        return await self._call(full, task, template, scope, graph.slots)

    async def _call(
        self, full: str, task: Manifest, template: Manifest, scope: Scope, slots: asyncio.Semaphore | None
    ) -> Made:
        async with AsyncExitStack() as stack:
            if slots is not None:
                await stack.enter_async_context(slots)
            return await self._guarded(full, template, scope, task.get("arguments") or {})

    async def _guarded(self, full: str, template: Manifest, scope: Scope, arguments: Manifest) -> Made:
        """Call a template, holding its mutexes; a Workflow that cannot be run is an error of the node."""
        try:
            names, artifacts = scope.inputs(template, arguments, f"the task {full}")
            inner = scope.inside(names, artifacts, template)
            inner = replace(inner, names={**inner.names, **_of_item(scope)})
            async with held(template, self.setting.home / "locks", lambda name: self._waits(full, name)):
                return await self._tries(full, template, inner, artifacts)
        except MlopsChartsError as error:
            return self._broken(full, template, error)

    async def _tries(self, full: str, template: Manifest, scope: Scope, artifacts: Mapping[str, Path]) -> Made:
        began, strategy = time.monotonic(), template.get("retryStrategy")
        tries = 0
        while True:
            last = time.monotonic()
            made = await self._try(full, template, scope, artifacts, tries)
            tries += 1
            if made.status in FINE or final(template, made.exit_status):
                break
            told = Try(made.status, made.exit_status, time.monotonic() - last, made.reason)
            wait = pause(strategy, tries, time.monotonic() - began, told)
            if wait is None:
                break
            self.record.change(full, reason=f"try {tries} failed: {made.reason}; the next in {wait:.0f} s", tries=tries)
            await asyncio.sleep(wait)
        self._recorded(full, made, time.monotonic() - began)
        return made

    async def _try(
        self, full: str, template: Manifest, scope: Scope, artifacts: Mapping[str, Path], tries: int
    ) -> Made:
        scope = replace(scope, names={**scope.names, "retries": str(tries)})
        shown = {"template": template["name"], "status": "Running", "reason": "", "tries": tries + 1}
        if "dag" in template:
            self.record.change(full, **shown, started=self._now())
            return await self._dag(f"{full}/", template, scope)
        if "container" not in template:
            raise BrokenFlow(f"the template {template['name']} is neither a container nor a DAG")
        async with self.slots:
            started = {"started": self._now()} if not tries else {}
            self.record.change(full, **shown, **started, pod=True)
            try:
                name = f"{full}-{tries}" if tries else full
                return await self.pods.run(name, template, scope.names, artifacts)
            except OSError as error:
                return Made("Error", f"{error.filename or 'the system'}: {error.strerror or error}")
            except MlopsChartsError as error:
                return Made("Error", str(error))

    def _recorded(self, full: str, made: Made, seconds: float) -> None:
        template = self.flow.templates.get(self.record[full].template, {})
        self.record.change(
            full,
            status=made.status,
            seconds=round(seconds, 3),
            exit_status=made.exit_status,
            reason=made.reason,
            note=made.note,
            parameters=dict(made.parameters),
            artifacts={
                name: path.relative_to(self.setting.artifacts).as_posix() for name, path in made.artifacts.items()
            },
            result=dict(made.result),
            log=made.log,
            refused="container" in template and refused(kind_of(template), made.exit_status),
        )

    def _why(self, path: str, task: Manifest, scope: Scope) -> str:
        """Return why a condition is false: in the words of the step that decided it, if it gave a reason."""
        for name in _DECIDER.findall(task["when"]):
            reason = self.record.result(f"{path}{name}").get("reason")
            if reason:
                return f"{name}: {reason}"
        return _compared(task, scope)

    def _passed(self, full: str, template: Manifest, why: str) -> Made:
        made = Made("Skipped", why, skipped_outputs(template))
        self.record.change(full, template=template["name"], started=self._now())
        self._recorded(full, made, 0.0)
        return made

    def _broken(self, full: str, template: Manifest, error: MlopsChartsError) -> Made:
        made = Made("Error", str(error))
        self.record.change(full, template=template["name"])
        self._recorded(full, made, 0.0)
        return made

    def _waits(self, full: str, mutex: str) -> None:
        self.record.change(full, status="Waiting", reason=f"another run holds the mutex {mutex}")

    def _stopped(self, reason: str) -> None:
        self.record.stop(reason, self._now())

    def _now(self) -> float:
        return round(time.monotonic() - self.began, 3)


def _wanted(task: Manifest, scope: Scope) -> bool:
    when = task.get("when", "")
    return not when or true(filled(when, scope.names, f"when of the task {task['name']}"))


def _compared(task: Manifest, scope: Scope) -> str:
    """Return a condition with its references filled in: what was compared with what."""
    return f"when {filled(task['when'], scope.names, task['name'])}"


def _of_item(scope: Scope) -> dict[str, str]:
    return {name: text for name, text in scope.names.items() if name.partition(".")[0] == "item"}


def _content(node: Node) -> dict[str, Any]:
    return {key: found for key, found in vars(node).items() if key != "name"}


def _given(template: Manifest, parameters: Mapping[str, str]) -> list[Mapping[str, str]]:
    """Return the parameters of the run that its entrypoint asks for by name."""
    declared = (template.get("inputs") or {}).get("parameters") or ()
    return [{"name": one["name"], "value": parameters[one["name"]]} for one in declared if one["name"] in parameters]


def _slots(number: Any) -> asyncio.Semaphore | None:
    return asyncio.Semaphore(int(number)) if number else None
