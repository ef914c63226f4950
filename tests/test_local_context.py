"""Build contexts are proven by what they install: the real pip, a fresh environment, a real server.

The one locked package of these contexts leads to the packages of the tests, so that nothing is downloaded.
"""

from __future__ import annotations

import json
import platform
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from model_servers import iris_folder, wait_for, waiting_folder
from wheels import pinned, wheel

from mlops_charts.local.context import prove_context
from mlops_charts.local.dockerfiles import read_recipe
from mlops_charts.local.trial_server import Trial, example_answered
from mlops_charts.steps import image
from mlops_charts.steps.call import Refused, Unavailable
from mlops_charts.steps.wheel import wheel as own_wheel


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes wheels from, and from nowhere else."""
    folder = tmp_path / "wheels"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is kept from proof to proof."""
    return tmp_path_factory.mktemp("cache")


def packed(context: Path, shelf: Path, *, requirements: str = "", more: str = "") -> Path:
    """Write a build context around a model's folder that is in it."""
    here = sysconfig.get_path("purelib")
    everything = wheel(shelf, "everything", "1.0", {"everything.pth": f"import site; site.addsitedir({here!r})\n"})
    name, content = own_wheel()
    (context / "packages").mkdir()
    (context / "packages" / name).write_bytes(content)
    (context / image.LOCK).write_text(pinned(everything))
    (context / image.CONSTRAINTS).write_text("everything==1.0\n")
    (context / image.REQUIREMENTS).write_text(requirements)
    parts = image.Parts("python:3.11", f"packages/{name}", requirements=bool(requirements), sbom=False)
    (context / "Dockerfile").write_text(image.dockerfile(parts, {"a": "b"}) + more)
    return context


def test_context_installs_and_serves(tmp_path: Path, shelf: Path) -> None:
    """Both protocols answer the example; a second proof installs nothing that is locked, and leaves no process."""
    iris_folder(tmp_path / "context" / "model")
    context, told = packed(tmp_path / "context", shelf), list[str]()

    first = prove_context(context, tmp_path / "cache", told.append)
    again = prove_context(context, tmp_path / "cache", told.append)

    version = platform.python_version()
    assert (first.requests, first.installed, first.python) == (2, 2, version)
    assert first.summary == (
        f"2 packages installed on Python {version}; the server starts, answers the example in both protocols, and stops"
    )
    assert again.summary == first.summary
    assert [line.split(" into ")[0] for line in told] == [
        "installing locked packages",
        "starting the server, and asking it for the example",
        "starting the server, and asking it for the example",
    ]


def test_own_packages_are_installed_for_each_proof(tmp_path: Path, shelf: Path, cache: Path) -> None:
    """What requirements.txt pins is there for the model's own code; what cannot be had is one line."""
    model = tmp_path / "context" / "model"
    waiting_folder(model)
    code = model / "code" / "serve.py"
    code.write_text("import adds_words\n" + code.read_text())
    wheel(shelf, "adds_words", "1.0", {"adds_words.py": ""})
    context = packed(tmp_path / "context", shelf, requirements="adds_words==1.0\n")

    assert prove_context(context, cache, lambda _: None).installed == 3

    (context / image.REQUIREMENTS).write_text("adds_words==2.0\n")
    with pytest.raises(Refused, match=r"^requirements.txt cannot be installed: No matching distribution"):
        prove_context(context, cache, lambda _: None)


def test_server_that_does_not_start_is_told_with_its_log(tmp_path: Path, shelf: Path, cache: Path) -> None:
    """A model that answers otherwise than it did, in the server's own words."""
    model = iris_folder(tmp_path / "context" / "model")
    changed = json.loads((model / "example.json").read_text())
    changed["answers"]["labels"][0] = "virginica"
    (model / "example.json").write_text(json.dumps(changed))

    with pytest.raises(Refused, match=r"^the server ends with status 3: error: the model does not answer .*row 0"):
        prove_context(packed(tmp_path / "context", shelf), cache, lambda _: None)


def test_model_is_asked_without_a_server_where_ours_is_not_installed(tmp_path: Path) -> None:
    """Images of Seldon's wrapper have no server of ours: there the model answers its example by itself."""
    model = iris_folder(tmp_path / "model")
    trial = Trial(Path(sys.executable), model, tmp_path, {})

    assert example_answered(trial) == 2

    changed = json.loads((model / "example.json").read_text())
    changed["answers"]["probabilities"][2][0] += 0.1
    (model / "example.json").write_text(json.dumps(changed))
    with pytest.raises(Refused, match=r"^the model does not answer its example: error: .*row 2: \["):
        example_answered(trial)


def test_image_that_carries_runs_nothing(tmp_path: Path, cache: Path) -> None:
    """What Seldon's own servers load is not served by us."""
    (tmp_path / "Dockerfile").write_text(image.dockerfile(image.Parts(sbom=False), {}))

    proof = prove_context(tmp_path, cache, lambda _: None)

    assert (proof.summary, proof.requests) == ("nothing runs in this image: it carries the model", 0)


def test_dockerfile_says_what_is_installed_and_set(tmp_path: Path, shelf: Path) -> None:
    """Commands of pip with absolute paths, what is locked apart; variables but for paths in the image."""
    (tmp_path / "context").mkdir()
    context = packed(tmp_path / "context", shelf, requirements="a==1\n", more='ENV A=1 B="x,y"\n')
    recipe = read_recipe(context / "Dockerfile")
    (locked,) = recipe.locked
    own, ours = recipe.own

    assert locked == ("--require-hashes", "--no-deps", "--only-binary=:all:", "-r", str(context / image.LOCK))
    assert own == ("-r", str(context / image.REQUIREMENTS), "-c", str(context / image.CONSTRAINTS))
    assert (ours[:2], Path(ours[2]).parent) == (("--no-index", "--no-deps"), context / "packages")
    assert dict(recipe.environment) == {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "A": "1", "B": "x,y"}


@pytest.mark.parametrize("command", ["apt-get install x", "python -m pip install x; rm y", "python setup.py install"])
def test_what_cannot_be_followed_is_said(tmp_path: Path, cache: Path, command: str) -> None:
    """Only what installs packages has a meaning outside of an image."""
    (tmp_path / "Dockerfile").write_text(f"FROM x\nRUN {command}\n")

    with pytest.raises(Unavailable, match="cannot be followed outside of an image"):
        prove_context(tmp_path, cache, lambda _: None)


def test_nothing_is_left_when_a_proof_is_interrupted(tmp_path: Path, shelf: Path, cache: Path) -> None:
    """The server goes with the proof that started it, in the middle of its start."""
    model = tmp_path / "context" / "model"
    waiting_folder(model)
    code, started = model / "code" / "serve.py", tmp_path / "pid"
    half = str(tmp_path / "half")
    held = (
        "import os, time\n"
        f"with open({half!r}, 'w') as said:\n    said.write(str(os.getpid()))\n"
        f"os.rename({half!r}, {str(started)!r})\ntime.sleep(600)\n"
    )
    code.write_text(held)
    context = packed(tmp_path / "context", shelf)
    command = [sys.executable, "-m", "mlops_charts.local.aside", "context", context, cache, tmp_path / "a"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as proof:
        wait_for(started)
        proof.send_signal(signal.SIGTERM)
        proof.wait(30)

    assert ended(int(started.read_text()))


def ended(pid: int) -> bool:
    """Return whether a process has ended, or does within seconds."""
    for _ in range(500):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return True
        if "State:\tZ" in status:
            return True  # nobody waits for it any more
        time.sleep(0.01)
    return False
