"""Where the paths of a pod are on this machine: below the folder of its task, by whole names of folders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from mlops_charts.local.flow import BrokenFlow

_BEFORE = (
    r"(?:(?<![\w./~-])|(?<=[^:/]://))"  # not in the middle of another path; `dir:///inputs` is one, `////x` is not
)


@dataclass(frozen=True)
class Places:
    """The paths that a pod's container knows, and the folder that stands for its root.

    Attributes:
        root: The folder.
        known: Absolute paths of mounts and artifacts.
    """

    root: Path
    known: frozenset[str]

    @classmethod
    def of(cls, root: Path, paths: Iterable[str]) -> Places:
        """Return the places of a pod with these paths; BrokenFlow if one of them is not absolute."""
        found = [PurePosixPath(path) for path in paths]
        for path in found:
            if not path.is_absolute() or ".." in path.parts or len(path.parts) < 2:  # noqa: PLR2004 - the root alone
                raise BrokenFlow(f"{path} is no place for a volume or an artifact; expected an absolute path")
        return cls(root, frozenset(str(path) for path in found))

    def here(self, path: str) -> Path:
        """Return the place of a path of the pod on this machine."""
        return self.root / path.lstrip("/")

    def led(self, text: str) -> str:
        """Return a text in which every known path, and what is below it, stands for its place here."""
        return self._pattern.sub(lambda found: str(self.here(found[0])).rstrip("/"), text) if self.known else text

    def mounts(self) -> dict[str, Path]:
        """Return what a container must mount, by its paths: none below another, no file that is yet to be written."""
        wanted = {path if self.here(path).exists() else str(PurePosixPath(path).parent) for path in self.known}
        outer = {path for path in wanted if not wanted & {str(above) for above in PurePosixPath(path).parents}}
        return {path: self.here(path) for path in sorted(outer)}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """A known path with what follows; or a folder that holds one, if nothing follows: `--inputs=/inputs`."""
        above = {str(parent) for path in self.known for parent in PurePosixPath(path).parents if len(parent.parts) > 1}
        exact = [rf"{re.escape(path)}/?(?![\w./-])" for path in above - self.known]
        below = [rf"{re.escape(path)}(?![\w.-])" for path in self.known]
        longest = sorted([*below, *exact], key=len, reverse=True)
        return re.compile(f"{_BEFORE}(?:{'|'.join(longest)})")
