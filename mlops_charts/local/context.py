"""The proof of a build context where nothing builds images: what it would install is installed, and serves.

Packages that are pinned with hashes are kept, because they are the same for many models; all else is installed afresh,
and nothing of this process's own packages is seen.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from mlops_charts.local import venvs
from mlops_charts.local.dockerfiles import Recipe, read_recipe
from mlops_charts.local.trial_server import Trial, example_answered, installed_server, requests_answered
from mlops_charts.steps.call import Refused, Unavailable


@dataclass(frozen=True)
class Proof:
    """What was proven of a build context.

    Attributes:
        seconds: How long it took.
        summary: In a line.
        requests: Requests of the model's example that were answered as they should be.
        python: The version of Python that it ran on.
        installed: Packages in the environment.
    """

    seconds: float
    summary: str
    requests: int
    python: str
    installed: int


def prove_context(context: Path, cache: Path, report: Callable[[str], None]) -> Proof:
    """Install what a build context would install into a fresh environment, serve its model there, and ask it.

    Args:
        context: The folder of the Dockerfile.
        cache: Folder of what is kept from proof to proof.
        report: Told what takes time.

    Raises:
        Refused: The model's own packages cannot be installed, or its model does not answer its example.
        Unavailable: What is locked cannot be installed, or the Dockerfile has what cannot be followed here.
    """
    began = time.monotonic()
    recipe, version = read_recipe(context / "Dockerfile"), platform.python_version()
    if not recipe.runs:
        summary = "nothing runs in this image: it carries the model"
        return Proof(time.monotonic() - began, summary, 0, version, 0)
    locked = _locked(recipe, cache, report)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "environment"
        python = venvs.create(folder, venvs.packages_in(locked.parents[1]))
        for arguments in recipe.own:
            _own(python, arguments)
        count = sum(_count(one.parents[1]) for one in (locked, python))
        trial = Trial(python, context.resolve() / "model", Path(scratch), recipe.environment)
        requests, how = _asked(trial, report)
    summary = f"{count} packages installed on Python {version}; {how}"
    return Proof(time.monotonic() - began, summary, requests, version, count)


def _asked(trial: Trial, report: Callable[[str], None]) -> tuple[int, str]:
    if not installed_server(trial):
        report("asking the model for its example")
        return example_answered(trial), "the model answers its example; its server is not ours"
    report("starting the server, and asking it for the example")
    return requests_answered(trial), "the server starts, answers the example in both protocols, and stops"


def _locked(recipe: Recipe, cache: Path, report: Callable[[str], None]) -> Path:
    """Return the interpreter of an environment of what is pinned with hashes."""
    if not recipe.locked:
        raise Unavailable("the Dockerfile installs nothing that is pinned with hashes")
    folder = cache.resolve() / f"locked-{_digest(recipe.locked)[:16]}"
    try:
        return venvs.made(
            folder, partial(_fill, recipe, report), below=(), wait=lambda: report(f"waiting for {folder} to be made")
        )
    except venvs.PipFailed as failed:
        what = "the index of packages cannot be reached" if failed.unreachable else "what is locked is not installed"
        raise Unavailable(f"{what}: {failed.reason}") from None


def _fill(recipe: Recipe, report: Callable[[str], None], python: Path, lock: int) -> None:
    report(f"installing locked packages into {python.parents[1]}")
    for arguments in recipe.locked:
        venvs.install(python, arguments, lock)


def _own(python: Path, arguments: Sequence[str]) -> None:
    try:
        venvs.install(python, arguments)
    except venvs.PipFailed as failed:
        if failed.unreachable:
            raise Unavailable(f"the index of packages cannot be reached: {failed.reason}") from None
        raise Refused(f"{_named(arguments)} cannot be installed: {failed.reason}") from None


def _named(arguments: Sequence[str]) -> str:
    return next((Path(word).name for word in arguments if Path(word).is_file()), "a package")


def _digest(commands: Sequence[Sequence[str]]) -> str:
    """Return the digest of commands and of the files that they name, wherever these are, for this Python."""
    found = sha256(f"{sys.version}\0{sys.base_prefix}".encode())
    for word in (word for command in commands for word in command):
        content = Path(word).read_bytes() if Path(word).is_file() else word.encode()
        found.update(sha256(content).digest())
    return found.hexdigest()


def _count(folder: Path) -> int:
    return sum(1 for packages in venvs.packages_in(folder) for _ in packages.glob("*.dist-info"))
