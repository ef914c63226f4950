"""What a pod does, done here: its folders made, its inputs brought, its program run, its outputs kept."""

from __future__ import annotations

import json
import re
import signal
import textwrap
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mlops_charts.contract import DONE, RESULT
from mlops_charts.errors import MlopsChartsError
from mlops_charts.local import variables, volumes
from mlops_charts.local.filling import filled
from mlops_charts.local.flow import Flow, Manifest
from mlops_charts.local.places import Places
from mlops_charts.local.processes import BY_SIGNAL, Ended
from mlops_charts.local.programs import NotRun, Programs, Ran, Work, kind_of
from mlops_charts.local.setting import Setting
from mlops_charts.workspace.write import read_text

_PARAMETER_LIMIT: Final = 256 * 1024  # bytes of an output parameter, as in Argo
_RESULT_LIMIT: Final = 4 * 1024 * 1024
_LONGEST: Final = 300  # characters of a reason; the log has all of it
_SOURCE: Final = re.compile(r'"[^"]*/tasks/[^"/]+/root/(?:inputs/source|\w+/[.\w]*model[.\w]*/code)/')
_NO_PLACE: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Made:
    """What came of a pod, of a DAG, or of a step that was passed over.

    Attributes:
        status: Succeeded, Skipped, Failed, Error or Omitted.
        reason: Why it is not Succeeded, in a line.
        parameters: Outputs by name.
        artifacts: Folders and files by name.
        exit_status: Of its process; None if there was none.
        seconds: How long it took.
        result: What its result.json says.
        note: What stood for it.
        log: Its stderr, from the folder of the run.
    """

    status: str
    reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, Path] = field(default_factory=dict)
    exit_status: int | None = None
    seconds: float = 0.0
    result: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    log: str = ""


class Unwritten(MlopsChartsError):  # noqa: N818 - a fact about a step
    """A step ended well and did not write what its template says it writes."""


@dataclass(frozen=True)
class Pods:
    """Runs the pods of one run.

    Attributes:
        flow: The Workflow.
        setting: Where the run happens.
        programs: What runs their containers.
    """

    flow: Flow
    setting: Setting
    programs: Programs

    async def run(self, name: str, template: Manifest, names: Mapping[str, str], given: Mapping[str, Path]) -> Made:
        """Run a pod once.

        Args:
            name: Of the pod.
            template: What it does.
            names: What its texts may refer to.
            given: Its input artifacts.

        Raises:
            MlopsChartsError: The template cannot be run.
            OSError: The disk, or a program that cannot be started.
        """
        pod = _NO_PLACE.sub("-", name).strip("-")
        folder = self.setting.tasks / pod
        volumes.discard(folder)
        folder.mkdir(parents=True)
        self.setting.logs.mkdir(parents=True, exist_ok=True)
        names = {**names, "pod.name": pod, "node.name": name}
        places = _places(template, folder / "root")
        volumes.mount(self.flow, template, places)
        volumes.bring(given, _of(template, "inputs"), places)
        for each in (*_of(template, "outputs"), *_of(template, "outputs", "parameters")):
            if path := each.get("path") or each.get("valueFrom", {}).get("path"):
                places.here(path).parent.mkdir(parents=True, exist_ok=True)
        work = self._work(pod, template, names, places)
        log = work.log.relative_to(self.setting.folder).as_posix()
        try:
            ran = await self.programs.run(kind_of(template), work)
        except NotRun as reason:
            return Made("Skipped", str(reason), skipped_outputs(template), log=log)
        return self._made(template, places, ran, pod, log)

    def _work(self, pod: str, template: Manifest, names: Mapping[str, str], places: Places) -> Work:
        container, where = template["container"], template["name"]
        folder = places.root.parent

        def text(found: Any) -> str:
            return filled(found, names, where)

        absent = volumes.absent(self.flow, template)
        found = variables.of_container(self.flow, template, self.setting.environ, text)
        own = {name: one for name, one in found.items() if not one.startswith(absent)} if absent else found
        led = {name: places.led(own[name]) for name in variables.written(template) if name in own}
        limit = template.get("activeDeadlineSeconds")
        prefix = "inputs.parameters."
        start = places.here(container["workingDir"]) if "workingDir" in container else folder
        start.mkdir(parents=True, exist_ok=True)
        return Work(
            name=pod,
            command=[text(each) for each in container.get("command") or ()],
            arguments=[text(each) for each in container.get("args") or ()],
            image=text(container.get("image")),
            environment={
                **variables.base(self.setting.environ, self.setting.cache),
                **_scratch(places, folder),
                **own,
                **led,
            },
            own=own,
            folder=start,
            places=places,
            parameters={key.removeprefix(prefix): one for key, one in names.items() if key.startswith(prefix)},
            deadline=time.monotonic() + float(text(limit)) if limit is not None else None,
            output=self.setting.logs / f"{pod}.out",
            log=self.setting.logs / f"{pod}.err",
        )

    def _made(self, template: Manifest, places: Places, ran: Ran, pod: str, log: str) -> Made:
        ended, result = ran.ended, _result(places)
        if ended.status == DONE and not ended.late:
            parameters, artifacts = _parameters(template, places), self._keep(template, places, pod, whole=True)
            return Made("Succeeded", "", parameters, artifacts, DONE, ended.seconds, result, ran.note, log)
        reason = _reason(template, ended, said(self.setting.folder / log))
        artifacts = self._keep(template, places, pod, whole=False)
        return Made("Failed", reason, {}, artifacts, ended.status, ended.seconds, result, ran.note, log)

    def _keep(self, template: Manifest, places: Places, pod: str, *, whole: bool) -> dict[str, Path]:
        """Copy what a pod wrote to where artifacts are kept; what is missing is an error only if it ended well."""
        known = {"workflow.name": self.flow.name, "workflow.uid": self.setting.uid, "pod.name": pod}
        folder = self.setting.artifacts / filled(self.flow.key_format, known, "keyFormat of the artifact repository")
        kept: dict[str, Path] = {}
        for each in _of(template, "outputs"):
            source = places.here(each["path"])
            if source.exists():
                kept[each["name"]] = folder / each["name"]
                volumes.copy(source, kept[each["name"]])
            elif whole and not each.get("optional"):
                raise Unwritten(
                    f"{template['name']} ended well and wrote no {each['path']}, its artifact {each['name']}"
                )
        return kept


def skipped_outputs(template: Manifest) -> dict[str, str]:
    """Return what a template is taken to have written where it did not run: the defaults of its outputs."""
    outputs = _of(template, "outputs", "parameters")
    return {
        one["name"]: filled(one["valueFrom"]["default"], {}, template["name"])
        for one in outputs
        if "default" in one.get("valueFrom", {})
    }


def said(log: Path) -> list[str]:
    """Return what a step said to people: of its log the lines that are no JSON, from its error on, or the last ones.

    Files of the model are named as they are in its folder: the copy that the step has is not the one to edit.
    """
    lines = [_SOURCE.sub('"', line.rstrip()) for line in (read_text(log) or "").splitlines()]
    plain = [line for line in lines if line and not line.startswith("{")]
    errors = [index for index, line in enumerate(plain) if line.startswith("error:")]
    return plain[errors[-1] :] if errors else plain[-15:]


def _reason(template: Manifest, ended: Ended, lines: list[str]) -> str:
    if ended.late:
        return f"stopped after {template.get('activeDeadlineSeconds')} s, its activeDeadlineSeconds"
    if lines and lines[0].startswith("error: "):
        return textwrap.shorten(lines[0].removeprefix("error: "), _LONGEST, placeholder=" ...")
    said_last = f": {lines[-1]}" if lines else ""
    return textwrap.shorten(
        f"exit status {ended.status}{_signal(ended.status)}{said_last}", _LONGEST, placeholder=" ..."
    )


def _of(template: Manifest, side: str, kind: str = "artifacts") -> list[Manifest]:
    found: list[Manifest] = (template.get(side) or {}).get(kind) or []
    return found


def _signal(status: int) -> str:
    """Return what ended a process by force, as far as its exit status tells."""
    number = status - BY_SIGNAL
    if number not in set(signal.Signals):
        return ""
    memory = ", most likely for want of memory" if number == signal.SIGKILL else ""
    return f", ended by {signal.Signals(number).name}{memory}"


def _places(template: Manifest, root: Path) -> Places:
    mounts = [each["mountPath"] for each in template["container"].get("volumeMounts") or ()]
    artifacts = [each["path"] for side in ("inputs", "outputs") for each in _of(template, side) if "path" in each]
    files = (each.get("valueFrom", {}).get("path") for each in _of(template, "outputs", "parameters"))
    return Places.of(root, [*mounts, *artifacts, *(path for path in files if path)])


def _scratch(places: Places, folder: Path) -> dict[str, str]:
    """Return where temporary files go: to the task's own folder, so that they end with it."""
    tmp = "/tmp"  # noqa: S108 - a folder of the pod
    place = places.here(tmp) if tmp in places.known else folder / "tmp"
    place.mkdir(parents=True, exist_ok=True)
    return {"TMPDIR": str(place)}


def _parameters(template: Manifest, places: Places) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in _of(template, "outputs", "parameters"):
        source, name = each.get("valueFrom") or {}, each["name"]
        path = places.here(source["path"])
        if path.is_file():
            content = path.read_bytes()
            if len(content) > _PARAMETER_LIMIT:
                raise Unwritten(f"{template['name']}: the output {name} has {len(content)} bytes, at most 256 KiB")
            found[name] = content.decode("utf-8", errors="replace").removesuffix("\n")
        elif "default" in source:
            found[name] = filled(source["default"], {}, template["name"])
        else:
            raise Unwritten(f"{template['name']} ended well and wrote no {source['path']}, its output {name}")
    return found


def _result(places: Places) -> Mapping[str, Any]:
    """Return what a step found, as far as it said so."""
    file = places.root / "outputs" / RESULT
    try:
        text = read_text(file) or "" if file.stat().st_size <= _RESULT_LIMIT else ""
        found = json.loads(text)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
