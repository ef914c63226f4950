"""Where things are: the platform is found by walking up from a model, and its folder is the root."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PLATFORM_FILE = "platform.yaml"
MODEL_FILE = "model.yaml"


@dataclass(frozen=True)
class Workspace:
    """A repository of models.

    Attributes:
        root: The folder that holds model/, charts/ and apps/: that of the nearest platform.yaml.
        platform: The platform.yaml to use; None where there is none, and the built-in platform serves.
    """

    root: Path
    platform: Path | None

    def relative(self, path: Path) -> str:
        """Return a path as messages and headers name it: below the root, with slashes."""
        for found, root in ((_absolute(path), self.root), (path.resolve(), self.root.resolve())):
            if found.is_relative_to(root):
                return found.relative_to(root).as_posix()
        return path.as_posix()


def find_workspace(start: Path, platform: Path | None = None) -> Workspace:
    """Return the workspace around a path.

    Args:
        start: A model.yaml, a folder of models, or any folder of the repository.
        platform: platform.yaml where it was named; else the nearest one above `start`.
    """
    here = _absolute(start)
    for folder in (here, *here.parents):
        if (folder / PLATFORM_FILE).is_file():
            return Workspace(folder, platform or folder / PLATFORM_FILE)
    return Workspace(_root_without_platform(here), platform)


def model_files(workspace: Workspace) -> list[Path]:
    """Return every model.yaml of the workspace, by name."""
    return sorted((workspace.root / "model").glob(f"*/{MODEL_FILE}"))


def _absolute(path: Path) -> Path:
    """Return a path without dots but with its links: a linked folder of a repository is a part of it."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps the dots, Path.resolve loses the links


def _root_without_platform(here: Path) -> Path:
    for folder in (here, *here.parents):
        if folder.name == "model" and folder.parent != folder:
            return folder.parent
        if (folder / ".git").exists():
            return folder
    return here if here.is_dir() else here.parent
