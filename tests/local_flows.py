"""Workflows of a few lines and a docker of a few lines, for the tests of local runs.

The docker runs what an image would be asked to run as a process of this machine, paths of the pod led to its volumes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_charts.local.engine import Part
from mlops_charts.local.flow import read_flow
from mlops_charts.local.records import Node, Past
from mlops_charts.local.running import Ears, new_uid, run_flow
from mlops_charts.local.setting import Containers, Setting

Manifest = dict[str, Any]

_DOCKER = """\
#!{python}
import os, re, sys
if sys.argv[1] == "info":
    sys.exit(0)
volumes, rest = [], sys.argv[2:]
while rest[0].startswith("--"):
    option, _, value = rest.pop(0).partition("=")
    if option == "--volume":
        volumes.append(value.rsplit(":", 1))
    elif option == "--entrypoint":
        program = value
def led(text):
    here = {{there: place for place, there in volumes}}
    names = "|".join(map(re.escape, sorted(here, key=len, reverse=True))) or "(?!)"
    return re.sub(f"(?<![\\w.])(?:{{names}})(?![\\w.-])", lambda found: here[found[0]], text)
os.execvp(program, [program, *map(led, rest[1:])])
"""


def docker(folder: Path) -> str:
    """Write the docker and return its path."""
    program = folder / "docker"
    folder.mkdir(parents=True, exist_ok=True)
    program.write_text(_DOCKER.format(python=sys.executable))
    program.chmod(0o755)
    return str(program)


def python(name: str, code: str, **more: Any) -> Manifest:
    """Return a template that runs a few lines of Python; `more` are fields of the template."""
    mounts = more.pop("mounts", [{"name": "outputs", "mountPath": "/outputs"}])
    container = {
        "image": "docker.io/library/python:3.11.14",
        "command": [sys.executable, "-c", code],
        "volumeMounts": mounts,
        **more.pop("container", {}),
    }
    volumes = more.pop("volumes", [{"name": "outputs", "emptyDir": {}}])
    return {"name": name, "container": container, "volumes": volumes, **more}


def output(name: str, default: str | None = None) -> Manifest:
    """Return an output parameter that a step writes to /outputs."""
    source = {"path": f"/outputs/{name}"} | ({} if default is None else {"default": default})
    return {"parameters": [{"name": name, "valueFrom": source}]}


def write(name: str, text: str = "1") -> str:
    """Return code that writes an output parameter; the docker leads the path, which stands as an argument."""
    return f"open('/outputs/{name}', 'w').write({text!r})"


def dag(*tasks: Manifest, **more: Any) -> Manifest:
    """Return the entrypoint."""
    return {"name": "main", "dag": {"tasks": list(tasks)}, **more}


def task(name: str, template: str = "", after: str = "", **more: Any) -> Manifest:
    """Return a task; `after` are its dependencies, with spaces between."""
    return {"name": name, "template": template or name, **({"dependencies": after.split()} if after else {}), **more}


def workflow(*templates: Manifest, **spec: Any) -> Manifest:
    """Return a Workflow that begins at its first template."""
    metadata = {"name": "flow", "namespace": "tests"}
    content = {"entrypoint": templates[0]["name"], **spec, "templates": list(templates)}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": content}


def config_map(name: str, **data: str) -> Manifest:
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


@dataclass
class Ran:
    """A run that has ended, and what was heard of it."""

    past: Past
    setting: Setting
    heard: list[Node] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def status(self) -> dict[str, str]:
        """How each node ended."""
        return {name: node.status for name, node in self.past.nodes.items()}

    def node(self, name: str) -> Node:
        """Return a node."""
        return self.past.nodes[name]

    def text(self, name: str, kind: str = "out") -> str:
        """Return what a pod wrote to its stdout, or to stderr."""
        return (self.setting.logs / f"{name}.{kind}").read_text()


def run(
    folder: Path,
    *objects: Manifest,
    parameters: Mapping[str, str] | None = None,
    part: Part | None = None,
    environ: Mapping[str, str] | None = None,
    keep: bool = False,
    free: str = "",
    told: Callable[[Node], None] | None = None,
) -> Ran:
    """Run a Workflow in a folder, with a docker that works."""
    home, uid = folder / "state", new_uid()
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)} if environ is None else dict(environ)
    found = Containers(docker(folder / "bin"), "")
    setting = Setting(home, home / "runs" / uid, uid, environment, found, free_secret=free, keep=keep)
    heard: list[Node] = []
    said: list[str] = []
    past = run_flow(read_flow(objects, parameters), setting, part or Part(), Ears(told or heard.append, said.append))
    return Ran(past, setting, heard, said)
