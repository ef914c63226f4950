"""What a Dockerfile of ours installs and sets. It knows the few forms that build writes, and refuses all others."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlops_charts.steps.call import Unavailable

_NOT_HERE: Final = frozenset({"--no-cache-dir", "--disable-pip-version-check", "--no-input"})  # about images, or given
_SHELL: Final = frozenset("|;<>`$(){}*?")


@dataclass(frozen=True)
class Recipe:
    """What a Dockerfile makes.

    Attributes:
        locked: Arguments of each `pip install` of what is pinned with hashes; the same for many models.
        own: Arguments of each further `pip install`, in order.
        environment: Variables that the image sets, without those that lead to places in it.
    """

    locked: tuple[tuple[str, ...], ...]
    own: tuple[tuple[str, ...], ...]
    environment: Mapping[str, str]

    @property
    def runs(self) -> bool:
        """Whether anything runs in the image; else it carries files."""
        return bool(self.locked or self.own)


def read_recipe(path: Path) -> Recipe:
    """Return what a Dockerfile makes; files that its commands name are absolute, below its folder.

    Raises:
        Unavailable: It is missing, or has a command that cannot be followed here.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from None
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    installs = [_install(path, part) for line in lines if line.startswith("RUN ") for part in line[4:].split("&&")]
    found = [arguments for arguments in installs if arguments]
    return Recipe(
        tuple(arguments for arguments in found if "--require-hashes" in arguments),
        tuple(arguments for arguments in found if "--require-hashes" not in arguments),
        dict(_variables(lines)),
    )


def _install(path: Path, command: str) -> tuple[str, ...]:
    """Return the arguments of a `pip install`; nothing for what makes the environment itself."""
    words = shlex.split(command)
    if words[:3] == ["python", "-m", "venv"]:
        return ()
    if _SHELL.intersection(command) or words[:3] != ["python", "-m", "pip"] or "install" not in words:
        raise Unavailable(f"{path}: {command.strip()} cannot be followed outside of an image")
    arguments = [word for word in words[words.index("install") + 1 :] if word not in _NOT_HERE]
    folder = path.parent.resolve()
    return tuple(str(folder / word) if (folder / word).is_file() else word for word in arguments)


def _variables(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line.startswith("ENV "):
            for word in shlex.split(line[4:]):
                name, _, content = word.partition("=")
                if name not in {"PATH", "HOME"}:
                    yield name, content
