"""Where things are: the platform is found by walking up from a model, the root is the platform's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PLATFORM_FILE = "platform.yaml"
MODEL_FILE = "model.yaml"


@dataclass(frozen=True)
class Workspace:
    """A repository of models.

    Attributes:
        root: The folder that holds model/, charts/ and apps/.
        platform: Its platform.yaml; None where there is none, and the built-in platform serves.
    """

    root: Path
    platform: Path | None

    def relative(self, path: Path) -> str:
        """Return a path as messages and headers name it: below the root, with slashes."""
        resolved = path.resolve()
        return resolved.relative_to(self.root).as_posix() if resolved.is_relative_to(self.root) else path.as_posix()


def find_workspace(start: Path, platform: Path | None = None) -> Workspace:
    """Return the workspace around a path.

    Args:
        start: A model.yaml, a folder of models, or any folder of the repository.
        platform: platform.yaml where it was named; else the nearest one above `start`.
    """
    if platform is not None:
        return Workspace(platform.resolve().parent, platform)
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / PLATFORM_FILE).is_file():
            return Workspace(folder, folder / PLATFORM_FILE)
    return Workspace(_root_without_platform(here), None)


def model_files(workspace: Workspace) -> list[Path]:
    """Return every model.yaml of the workspace, by name."""
    return sorted((workspace.root / "model").glob(f"*/{MODEL_FILE}"))


def _root_without_platform(here: Path) -> Path:
    for folder in (here, *here.parents):
        if folder.name == "model" and folder.parent != folder:
            return folder.parent
        if (folder / ".git").exists():
            return folder
    return here if here.is_dir() else here.parent
