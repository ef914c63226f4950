"""What happened in a run, node by node, kept in a file that is old or new and never torn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from mlops_charts.local.volumes import discard
from mlops_charts.workspace.write import read_text, replace_text

Status = Literal["Waiting", "Running", "Succeeded", "Skipped", "Failed", "Error", "Omitted", "Stopped"]
FINE: Final = frozenset({"Succeeded", "Skipped"})
STATE: Final = "state.json"
REPORT: Final = "report.html"
KEPT: Final = 20  # runs of a model


@dataclass(frozen=True)
class Node:
    """A task, or the pod of a fanned-out one.

    Attributes:
        name: Its path: `train`, `trials/trial(3)`.
        template: What it runs.
        status: How far it is.
        started: Seconds since the run began.
        seconds: How long it took, all tries.
        tries: How often it was tried.
        exit_status: Of the last try; None if it had no process.
        reason: Why it was skipped or failed, in a line.
        note: What a reader should know besides, such as that an image was proven and not built.
        reused: Whether it is taken over from an earlier run.
        parameters: Its outputs.
        artifacts: Folders of its outputs, from the folder of artifacts.
        result: What its result.json says.
        log: Its stderr, from the folder of the run.
        pod: Whether it was a process of its own.
        refused: Whether it failed because the user's side said no.
    """

    name: str
    template: str = ""
    status: Status = "Waiting"
    started: float = 0.0
    seconds: float = 0.0
    tries: int = 0
    exit_status: int | None = None
    reason: str = ""
    note: str = ""
    reused: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, str] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    log: str = ""
    pod: bool = False
    refused: bool = False

    @property
    def task(self) -> str:
        """The task of the entrypoint that it belongs to."""
        return self.name.partition("/")[0]


Told = Callable[[Node], None]


@dataclass(frozen=True)
class Past:
    """A run as its file tells it.

    Attributes:
        folder: Of the run.
        uid: Its name.
        status: Running, Succeeded, Failed or Stopped.
        began: When, as ISO 8601.
        seconds: How long it took.
        parameters: Of the Workflow.
        nodes: By name, in the order in which they began.
    """

    folder: Path
    uid: str
    status: str
    began: str
    seconds: float
    parameters: Mapping[str, str]
    nodes: Mapping[str, Node]


class Record:
    """The run that is going on; every change is in its file before anybody is told of it."""

    def __init__(self, folder: Path, uid: str, began: str, parameters: Mapping[str, str], told: Told) -> None:
        self.folder, self.uid, self.began, self.parameters = folder, uid, began, dict(parameters)
        self._told = told
        self._nodes: dict[str, Node] = {}
        self._write("Running", 0.0)

    def __getitem__(self, name: str) -> Node:
        return self._nodes[name]

    def result(self, name: str) -> Mapping[str, Any]:
        """Return what a node found; nothing if it is not known."""
        return self._nodes[name].result if name in self._nodes else {}

    def change(self, name: str, **changes: Any) -> Node:
        """Change what is known of a node, write it, and tell of it."""
        node = replace(self._nodes.get(name, Node(name)), **changes)
        self._nodes[name] = node
        self._write("Running", 0.0)
        self._told(node)
        return node

    def stop(self, reason: str, now: float) -> None:
        """Mark what was going on as stopped."""
        going = [node for node in self._nodes.values() if node.status in {"Running", "Waiting"}]
        for node in going:
            seconds = round(now - node.started, 3)
            self._nodes[node.name] = replace(node, status="Stopped", reason=reason, seconds=seconds)
        self._write("Running", 0.0)
        for node in going:
            self._told(self._nodes[node.name])

    def end(self, status: str, seconds: float) -> Past:
        """Write how the run ended."""
        seconds = round(seconds, 3)
        self._write(status, seconds)
        return Past(self.folder, self.uid, status, self.began, seconds, self.parameters, dict(self._nodes))

    def _write(self, status: str, seconds: float) -> None:
        content = {
            "uid": self.uid,
            "status": status,
            "began": self.began,
            "seconds": seconds,
            "parameters": self.parameters,
            "nodes": [asdict(node) for node in self._nodes.values()],
        }
        replace_text(self.folder / STATE, json.dumps(content, indent=1) + "\n")


def read_past(folder: Path) -> Past | None:
    """Return what the file of a run tells; None where there is none, or one of another version."""
    try:
        content = json.loads(read_text(folder / STATE) or "null")
        nodes = {node["name"]: node for node in content["nodes"]}
        return _form().validate_python({**content, "folder": folder, "nodes": nodes})
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


@cache
def _form() -> TypeAdapter[Past]:
    return TypeAdapter(Past)


def prune(past: Sequence[Past], artifacts: Path, keep: int = KEPT) -> None:
    """Remove runs, the newest first in `past`, but for the last few, with artifacts that none of those refers to."""
    kept = {path for one in past[:keep] for node in one.nodes.values() for path in node.artifacts.values()}
    for old in past[keep:]:
        mine = {path for node in old.nodes.values() for path in node.artifacts.values()}
        for path in mine - kept:
            discard(artifacts / path)
        discard(old.folder)


def pasts(folder: Path) -> list[Past]:
    """Return the runs of a model, the newest first; `folder` holds a folder for each."""
    found = (read_past(each) for each in (folder.iterdir() if folder.is_dir() else ()))
    return sorted((past for past in found if past is not None), key=lambda past: (past.began, past.uid), reverse=True)
