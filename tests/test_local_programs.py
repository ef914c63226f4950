"""What does what a container would: builders, their proof, scanners, signers, by the program and not by the image."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from local_flows import Manifest, dag, python, task, workflow
from pipeline_plans import case, templates_of

from mlops_charts.local.engine import Part
from mlops_charts.local.flow import read_flow
from mlops_charts.local.places import Places
from mlops_charts.local.programs import Kind, NotRun, Programs, Work, final, kind_of, refused
from mlops_charts.local.records import Node
from mlops_charts.local.running import Ears, run_flow
from mlops_charts.local.setting import Containers, Setting, containers

TOOL = """#!{python}
import os, pathlib, sys
if sys.argv[1] == "inspect":
    print("sha256:" + "a" * 64)
elif sys.argv[1] == "build":
    print(sorted(os.listdir(sys.argv[-1])), *sys.argv[2:-1])
    sys.exit({status})
else:
    print(*sys.argv[1:])
"""


def tool(folder: Path, name: str, status: int = 0) -> str:
    """Write a program that says how it was called, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(TOOL.format(python=sys.executable, status=status))
    program.chmod(0o755)
    return str(program)


def test_programs_are_known_by_their_names() -> None:
    """All templates of our pipelines, whatever images a platform gives them."""
    kinds = {name: kind_of(one) for name, one in templates_of(case("everything")).items() if "container" in one}
    own = {"warmup", "lint", "fairness", "notify"}
    assert {name for name, kind in kinds.items() if kind == "foreign"} == own
    assert {name for name, kind in kinds.items() if kind == "builder"} == {"environment", "image"}
    assert {name for name, kind in kinds.items() if kind == "scanner"} == {"scan", "sbom"}
    assert {name for name, kind in kinds.items() if kind == "signer"} == {"sign", "provenance"}
    assert all(kind == "step" for name, kind in kinds.items() if name in {"guard", "trial", "train", "deploy"})


def test_whose_fault_an_exit_status_is() -> None:
    """1 is the user's side in a step, 10 in the scanner, anything but 0 in a step of the user's own."""
    assert [refused("step", status) for status in (0, 1, 2, 3, 137, None)] == [False, True, *[False] * 4]
    assert [refused("scanner", status) for status in (0, 1, 10)] == [False, False, True]
    assert [refused("foreign", status) for status in (0, 1, 4, None)] == [False, True, True, False]


def test_what_builds_here(tmp_path: Path) -> None:
    """The first that answers; by name if it is asked for, and none where none is wanted."""
    podman = tool(tmp_path, "podman")
    environ = {"PATH": str(tmp_path)}
    assert containers(environ) == Containers(podman, "")
    assert containers(environ, "podman") == Containers(podman, "", insisted=True)
    assert containers(environ, "docker") == Containers("", "docker does not work here")
    assert containers(environ, "none") == Containers("", "--builder none")
    assert containers({"PATH": ""}) == Containers("", "no docker, podman or buildah works here")
    assert [Containers(name).runs for name in ("", "/bin/buildah", podman)] == [False, False, True]


IMAGE: Manifest = {
    "name": "image",
    "outputs": {"parameters": [{"name": "digest", "valueFrom": {"path": "/outputs/digest", "default": ""}}]},
    "container": {
        "image": "kaniko",
        "command": ["/kaniko/executor"],
        "args": ["--context=dir:///in", "--destination", "r/x:1", "--digest-file=/outputs/digest"],
        "volumeMounts": [{"name": "in", "mountPath": "/in"}, {"name": "out", "mountPath": "/outputs"}],
    },
    "volumes": [{"name": "in", "configMap": {"name": "context"}}, {"name": "out", "emptyDir": {}}],
}
CONTEXT: Manifest = {"kind": "ConfigMap", "metadata": {"name": "context"}, "data": {"Dockerfile": "FROM scratch\n"}}


def build(tmp_path: Path, found: Containers) -> tuple[Node, Setting]:
    """Run a pipeline that is one build."""
    setting = Setting(tmp_path, tmp_path / "runs/u", "u", {"PATH": os.environ["PATH"]}, found)
    flow = read_flow([workflow(dag(task("image")), IMAGE), CONTEXT])
    return run_flow(flow, setting, Part(), Ears(lambda _: None, str)).nodes["image"], setting


def test_a_builder_builds_the_same_context(tmp_path: Path) -> None:
    """The image has the name that it would have in the registry, and its digest is handed on."""
    node, setting = build(tmp_path, Containers(tool(tmp_path / "bin", "docker"), ""))
    assert node.parameters == {"digest": "sha256:" + "a" * 64}
    assert node.note == "built by docker on this machine, not pushed"
    assert (setting.logs / "image.out").read_text() == "['Dockerfile'] -t r/x:1\n"


def test_a_builder_that_was_asked_for_must_build(tmp_path: Path) -> None:
    """Its failure is that of a tool; nothing stands for what was asked for by name."""
    node, _ = build(tmp_path, Containers(tool(tmp_path / "bin", "docker", 125), "", insisted=True))
    assert (node.status, node.exit_status, node.refused) == ("Failed", 3, False)


@pytest.mark.parametrize("found", [Containers("", "--builder none"), None])
def test_without_an_image_its_context_is_proven(tmp_path: Path, found: Containers | None) -> None:
    """Whether there is no builder, or it could not: what was done instead is said, and why."""
    node, _ = build(tmp_path, found or Containers(tool(tmp_path / "bin", "docker", 2), ""))
    why = "--builder none" if found else "docker could not: exit status 2, see image.err"
    assert node.note.startswith(f"not built ({why}); its context was proven instead: nothing runs in this image")
    assert (node.status, node.parameters) == ("Succeeded", {"digest": ""})


def test_what_stands_for_a_builder_says_no_once() -> None:
    """Packages that cannot be installed are no better the next time; steps have their strategy."""
    step = {"container": {"command": ["mlops-charts", "step", "train"]}}
    assert [final(IMAGE, status) for status in (0, 1, 3, None)] == [False, True, False, False]
    assert not final(step, 1)
    assert not final(dag(task("image")), 1)


def work(tmp_path: Path, command: str, *arguments: str, digest: str = "sha256:b") -> Work:
    """Return a container that works on an image."""
    return Work(
        name="x", command=[command], arguments=arguments, image="i", environment={"PATH": os.environ["PATH"]}, own={},
        folder=tmp_path, places=Places.of(tmp_path / "root", ["/outputs"]), parameters={"image-digest": digest},
        deadline=None, output=tmp_path / "out", log=tmp_path / "err",
    )  # fmt: skip


def programs(tmp_path: Path, *found: str) -> Programs:
    """Return the programs of a machine on whose PATH these are."""
    for name in found:
        tool(tmp_path / "bin", name)
    return Programs(Setting(tmp_path, tmp_path, "u", {"PATH": str(tmp_path / "bin")}))


def test_scanners_look_at_the_image_that_is_here(tmp_path: Path) -> None:
    """The reference of the registry becomes that of this machine; paths are led."""
    asked = work(tmp_path, "/syft", "scan", "registry:r/x:1@sha256:b", "--output=json=/outputs/sbom/s.json")
    asyncio.run(programs(tmp_path, "syft").run("scanner", asked))
    assert (tmp_path / "out").read_text() == f"scan r/x:1 --output=json={tmp_path}/root/outputs/sbom/s.json\n"


@pytest.mark.parametrize(
    ("asked", "there", "reason"),
    [
        (("scanner", "trivy", ""), "trivy", "no image was built"),
        (("scanner", "trivy", "sha256:b"), "other", "trivy is not on PATH"),
        (("signer", "/ko-app/cosign", "sha256:b"), "cosign", "a signature lies beside its image in the registry, and "),
        (("foreign", "lint", ""), "other", "no docker, podman or buildah works here, and i runs lint"),
    ],
)
def test_what_cannot_run_says_why(tmp_path: Path, asked: tuple[Kind, str, str], there: str, reason: str) -> None:
    """Each in a line for the output and the report."""
    kind, command, digest = asked
    with pytest.raises(NotRun) as caught:
        asyncio.run(programs(tmp_path, there).run(kind, work(tmp_path, command, digest=digest)))
    assert str(caught.value).startswith(reason)


def test_a_skipped_tool_has_its_defaults(tmp_path: Path) -> None:
    """What cannot run here is skipped with its reason, and the run goes on."""
    foreign = python(
        "own", "", outputs={"parameters": [{"name": "a", "valueFrom": {"path": "/outputs/a", "default": "d"}}]}
    )
    setting = Setting(tmp_path, tmp_path / "runs/u", "u", {"PATH": os.environ["PATH"]})
    flow = read_flow([workflow(dag(task("own")), foreign)])
    past = run_flow(flow, setting, Part(), Ears(lambda _: None, str))
    node = past.nodes["own"]
    assert (past.status, node.status, node.parameters) == ("Succeeded", "Skipped", {"a": "d"})
    assert node.reason.startswith("no docker, podman or buildah works here, and docker.io/library/python:3.11.14 runs ")
