"""What a rule looks at: a model, its platform, its files, and where each of them is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from mlops_charts.problems import CODES, Position, Problem
from mlops_charts.source import Path, Source, dotted
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.spec.resolve import environment_names, resolve


@dataclass(frozen=True)
class Asked:
    """One model and all that its rules may read.

    Attributes:
        spec: The model.
        platform: The cluster.
        source: The text of model.yaml.
        folder: The model's folder, with slashes; its last part is held against the model's name. May be empty.
        files: Source files by their path in the folder; None if nothing is known of them, then no rule asks for them.
        platform_source: The text of platform.yaml; None for the built-in platform.
        broken: Top-level blocks of model.yaml that `parse_spec` found broken: no rule that reads them runs.
        broken_platform: The same of platform.yaml.
        sizes: Bytes of every source file, those included that are too large to be read.
        unread: Source files that could not be read, with the reason.
        links: Links in the folder that are not followed, with where they lead.
    """

    spec: ModelSpec
    platform: PlatformSpec
    source: Source
    folder: str = ""
    files: Mapping[str, bytes] | None = None
    platform_source: Source | None = None
    broken: frozenset[str] = frozenset()
    broken_platform: frozenset[str] = frozenset()
    sizes: Mapping[str, int] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def platform_file(self) -> str:
        """What messages call the platform."""
        return "platform.yaml" if self.platform_source else "the built-in platform"

    @property
    def without_platform(self) -> str:
        """What notes add where the built-in platform is used, which nobody has written; else nothing."""
        return "" if self.platform_source else "\nthere is no platform.yaml; `mlops-charts init` writes one"

    @cached_property
    def view(self) -> "View":
        """The model as it stands, without overrides."""
        return View(self, self.spec)

    @cached_property
    def views(self) -> tuple["View", ...]:
        """The model as it stands, and as each environment with overrides has it."""
        return (self.view, *self._resolved())

    def _resolved(self) -> Iterator["View"]:
        if "environments" in self.broken:
            return
        for index, entry in enumerate(self.spec.environments):
            if entry.overrides is not None:
                try:
                    yield View(self, resolve(self.spec, entry.name), entry.name, ("environments", index, "overrides"))
                except ValidationError:  # an override beside a broken block
                    continue

    @property
    def environments(self) -> tuple[str, ...]:
        """Where the model is served."""
        return environment_names(self.spec, self.platform)


@dataclass(frozen=True)
class View:
    """A model as one environment has it, or as it stands.

    Attributes:
        asked: The whole.
        spec: The spec with the overrides of the environment.
        environment: Empty for the model as it stands.
        override: Where in model.yaml the overrides are written.
    """

    asked: Asked
    spec: ModelSpec
    environment: str = ""
    override: Path = field(default=())

    def problem(self, code: str, message: str, *paths: Path, note: str = "", key: bool = False) -> Problem:
        """Return a problem at the first of the paths that an override states, else at the first that is stated."""
        path = self._blamed(paths)
        return problem(code, message, self.asked.source, path, note=note, key=key)

    def states(self, path: Path) -> bool:
        """Return whether model.yaml says something at a path, here or in the overrides."""
        return stated(self.asked.source, path) or (
            bool(self.override) and stated(self.asked.source, self.override + path)
        )

    def _blamed(self, paths: tuple[Path, ...]) -> Path:
        source = self.asked.source
        overrides = [self.override + path for path in paths if self.override and stated(source, self.override + path)]
        return next(iter([*overrides, *(path for path in paths if stated(source, path)), *paths]))


def stated(source: Source, path: Path) -> bool:
    """Return whether a text has something at a path."""
    found: Any = source.data
    for step in path:
        inside = step in found if isinstance(found, Mapping) else isinstance(found, list) and step in range(len(found))
        if not inside:
            return False
        found = found[step]
    return True


def problem(
    code: str, message: str, source: Source | None, path: Path, *, note: str = "", key: bool = False
) -> Problem:
    """Return a problem at a path of a text; a text that is not there has no positions."""
    at = source.position(path, key=key) if source else None
    return Problem(code, message, at, dotted(path), note, CODES[code].severity)


def in_file(asked: Asked, name: str, line: int = 0, column: int = 0, end_column: int = 0) -> Position:
    """Return a position in a file of the model's folder, which is named as model.yaml's own folder is."""
    folder = asked.source.file.rpartition("/")[0]
    text = ""
    if line and asked.files and name in asked.files:
        lines = asked.files[name].decode("utf-8", "replace").splitlines()
        text = lines[line - 1][:200] if line <= len(lines) else ""
    return Position(f"{folder}/{name}" if folder else name, line, column, end_column, text)
