"""What a run has of this machine: its folders, its environment, and what can build and run images."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TIMEOUT: Final = 10.0  # seconds that a program may take to say that it works
_ASKED: Final = {"docker": ("info",), "podman": ("info",), "buildah": ("info",)}
BUILDERS: Final = tuple(_ASKED)


@dataclass(frozen=True)
class Containers:
    """What works here of docker, podman and buildah.

    Attributes:
        program: The one to take; empty if none works.
        reason: Why there is none.
        insisted: Whether it was asked for by name, and nothing may stand for it.
    """

    program: str = ""
    reason: str = "no docker, podman or buildah works here"
    insisted: bool = False

    @property
    def runs(self) -> bool:
        """Whether it runs images as well as it builds them."""
        return bool(self.program) and Path(self.program).name != "buildah"


def containers(environ: Mapping[str, str], wanted: str = "auto") -> Containers:
    """Return what builds and runs images here: the first of docker, podman and buildah that answers.

    Args:
        environ: For its PATH.
        wanted: One of BUILDERS; `auto` for any, `none` for none.
    """
    if wanted == "none":
        return Containers(reason="--builder none")
    for name in BUILDERS if wanted == "auto" else (wanted,):
        program = shutil.which(name, path=environ.get("PATH"))
        if program and _works([program, *_ASKED[name]], environ):
            return Containers(program, "", insisted=wanted != "auto")
    return Containers() if wanted == "auto" else Containers(reason=f"{wanted} does not work here")


def _works(command: list[str], environ: Mapping[str, str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT, env=dict(environ))
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@dataclass(frozen=True)
class Setting:
    """Where a run happens.

    Attributes:
        home: The folder .mlops-charts of the repository.
        folder: The folder of this run.
        uid: Name of this run.
        environ: The user's own environment.
        containers: What builds and runs images.
        environment_image: The image that has the packages of requirements.txt; empty if the model asks for none.
        requirements: The requirements.txt of that image.
        free_secret: A Secret that nothing needs here, because the data are not where it opens the door.
        keep: Whether the folders of tasks stay when the run has succeeded.
    """

    home: Path
    folder: Path
    uid: str
    environ: Mapping[str, str]
    containers: Containers = Containers()
    environment_image: str = ""
    requirements: Path | None = None
    free_secret: str = ""
    keep: bool = False

    @property
    def cache(self) -> Path:
        """What outlives a run: virtual environments, fonts."""
        return self.home / "cache"

    @property
    def artifacts(self) -> Path:
        """What stands for the bucket."""
        return self.home / "artifacts"

    @property
    def tasks(self) -> Path:
        """Where tasks have their folders."""
        return self.folder / "tasks"

    @property
    def logs(self) -> Path:
        """Where tasks have their logs."""
        return self.folder / "logs"
