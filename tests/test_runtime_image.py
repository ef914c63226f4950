"""The Dockerfile of the runtime image, and the make target that builds it."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import mlflow_store
import pytest
from repositories import ROOT

from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.steps.call import Refused
from mlops_charts.steps.context import USER, environment_dockerfile, requirements_of

FOLDER = ROOT / "images/runtime"


def instructions() -> list[tuple[str, str]]:
    """Return the instructions with their arguments, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", (FOLDER / "Dockerfile").read_text())
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return [(verb, rest) for verb, _, rest in (line.partition(" ") for line in lines)]


def test_its_base_is_that_of_the_images_that_serve() -> None:
    """One base, pinned, which an argument replaces."""
    assert instructions()[0] == ("ARG", f"BASE={PlatformSpec().images.python}")
    assert [rest.split()[0] for verb, rest in instructions() if verb == "FROM"] == ["${BASE}", "${BASE}"]


def test_it_installs_nothing_that_is_not_locked() -> None:
    """Packages by their hashes, ours without an index, and nothing else by pip."""
    calls = [rest for verb, rest in instructions() if verb == "RUN" and "pip install" in rest]
    assert len(calls) == 2
    assert all(flag in calls[0] for flag in ("--require-hashes", "--no-deps", "--only-binary=:all:", "-r runtime.lock"))
    assert all(flag in calls[1] for flag in ("--no-index", "--no-deps", "*.whl"))
    assert not [rest for _, rest in instructions() if "latest" in rest or "curl" in rest or rest.startswith("http")]


def test_it_runs_as_nobody() -> None:
    """The last user is the one of the pods, whom ssh finds by name; the command is on PATH."""
    found = instructions()
    assert [rest for verb, rest in found if verb == "USER"] == [USER]
    assert "useradd --uid 65532" in next(rest for verb, rest in found if verb == "RUN" and "apt-get" in rest)
    environment = dict(word.split("=", 1) for verb, rest in found if verb == "ENV" for word in shlex.split(rest))
    assert environment["PATH"] == "/opt/mlops/bin:$PATH"
    assert environment["HOME"] == "/tmp"  # noqa: S108 - a folder of the pod


def test_an_environment_image_adds_to_it() -> None:
    """It installs as root into the same environment, and ends as nobody."""
    lines = environment_dockerfile("ghcr.io/acme/runtime:1.0.0").splitlines()
    assert lines[0] == "FROM ghcr.io/acme/runtime:1.0.0"
    assert lines[1] == "USER 0:0"
    assert lines[-1] == f"USER {USER}"
    assert any(line.startswith("RUN python -m pip install --no-cache-dir") for line in lines)


@pytest.mark.parametrize(
    ("builder", "expected"),
    [("", "neither docker nor podman nor buildah works here"), ("podman", "podman build --tag iris:1 ")],
)
def test_make_says_what_it_builds_with(builder: str, expected: str) -> None:
    """The program that there is; without one, a line that says so."""
    call = ["make", "--dry-run", "--assume-old=.venv/.installed", "image", f"BUILDER={builder}", "IMAGE=iris:1"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True)
    assert expected in done.stdout
    assert 'test -n ""' in done.stdout or builder


def test_requirements_are_one_of_the_source_files(tmp_path: Path) -> None:
    """Guard reads them beside a credential of git, and what it reads becomes a layer of an image."""
    (tmp_path / "password").write_text("secret")
    (tmp_path / "source").mkdir()
    training = {"data": {"uri": "sklearn://iris", "target": "species"}, "requirements": "../password"}
    spec = mlflow_store.spec({"metadata": {"name": "iris"}, "training": training})
    with pytest.raises(Refused, match=r"training\.requirements: \.\./password leads out of the source files"):
        requirements_of(spec, tmp_path / "source")
