"""From a path to what was asked: the text parsed, the folder read, the rules held against it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlops_charts.problems import Position, Problem, has_errors, sort
from mlops_charts.rules import Asked, Served, check_model, check_platform
from mlops_charts.rules.line_ends import line_ends
from mlops_charts.source import Source, parse, read
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.parse import parse_spec
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.workspace import Folder, Workspace, find_workspace, read_folder


@dataclass(frozen=True)
class Platform:
    """A platform that was loaded.

    Attributes:
        spec: What the cluster is; the built-in one where there is no file.
        source: Its text; None for the built-in one.
        file: Its name in messages.
        broken: Top-level blocks with problems.
    """

    spec: PlatformSpec
    source: Source | None
    file: str
    broken: frozenset[str]


@dataclass(frozen=True)
class Model:
    """A model that was loaded: what was asked of it, and of the platform.

    Attributes:
        spec: The model.
        platform: The cluster.
        source: The text of model.yaml with its positions.
        content: Source files of its folder.
        folder: The model's folder from the root of the repository.
        workspace: The repository.
    """

    spec: ModelSpec
    platform: Platform
    source: Source
    content: Folder
    folder: str
    workspace: Workspace


@dataclass(frozen=True)
class Loaded:
    """What became of a path.

    Attributes:
        model: None if the file has an error.
        problems: All of them, warnings included, sorted; those of the platform stand with the platform.
        served: The names that the model takes in the fleet; None if not even its name is sound.
    """

    model: Model | None
    problems: tuple[Problem, ...]
    served: Served | None = None


def load_platform(workspace: Workspace) -> tuple[Platform, tuple[Problem, ...]]:
    """Return the platform of a workspace and its problems; the built-in one where there is no file."""
    if workspace.platform is None:
        return Platform(PlatformSpec(), None, "the built-in platform", frozenset()), ()
    file = workspace.relative(workspace.platform)
    source, problems = _parse_file(workspace.platform, file)
    if source is None:
        return Platform(PlatformSpec(), None, file, frozenset(PlatformSpec.model_fields)), tuple(sort(problems))
    parsed = parse_spec(PlatformSpec, source)
    problems += [*parsed.problems, *check_platform(parsed.spec, source, parsed.broken)]
    return Platform(parsed.spec, source, file, parsed.broken), tuple(sort(problems))


def load_model(path: Path, workspace: Workspace, platform: Platform, text: bytes | None = None) -> Loaded:
    """Return a model and all its problems.

    Args:
        path: Its model.yaml, or its folder; `-` is a text for model/NAME, which need not be there yet.
        workspace: The repository.
        platform: The cluster.
        text: What the file would hold; read from the path if left out.
    """
    path = path / "model.yaml" if path.is_dir() else path
    file = "stdin" if str(path) == "-" else workspace.relative(path)
    given, problems = (text, []) if text is not None else read(path)
    source, more = parse(given, file) if given is not None else (None, [])
    problems = [*problems, *more]
    if source is None or given is None:
        return Loaded(None, tuple(sort(problems)))
    parsed = parse_spec(ModelSpec, source)
    problems += parsed.problems
    folder = path.parent if str(path) != "-" else workspace.root / "model" / parsed.spec.metadata.name
    content = read_folder(folder, parsed.spec.training.source_exclude)
    model = Model(parsed.spec, platform, source, content, workspace.relative(folder), workspace)
    asked = _asked(model, folder, parsed.broken)
    problems += [*check_model(asked), *line_ends({"model.yaml": given, **content.files}, Position(file))]
    served = None if "metadata" in parsed.broken else Served.of(asked)
    return Loaded(None if has_errors(problems) else model, tuple(sort(problems)), served)


def load_path(path: Path, platform: Path | None = None) -> Loaded:
    """Return the model at a path, its platform found by walking up unless it is given."""
    workspace = find_workspace(path, platform)
    loaded, problems = load_platform(workspace)
    found = load_model(path, workspace, loaded)
    model = None if has_errors(problems) else found.model
    return Loaded(model, tuple(sort([*problems, *found.problems])))


def _parse_file(path: Path, file: str) -> tuple[Source | None, list[Problem]]:
    content, problems = read(path)
    if content is None:
        return None, problems
    source, more = parse(content, file)
    return source, [*problems, *more]


def _asked(model: Model, folder: Path, broken: frozenset[str]) -> Asked:
    return Asked(
        spec=model.spec,
        platform=model.platform.spec,
        source=model.source,
        folder=folder.resolve().as_posix(),
        files=model.content.files if folder.is_dir() else None,
        sizes=model.content.sizes,
        unread=model.content.unread,
        links=model.content.links,
        platform_source=model.platform.source,
        broken=broken,
        broken_platform=model.platform.broken,
    )
