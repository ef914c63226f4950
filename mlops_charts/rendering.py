"""What `render` does, without the command line: which models, their trees, the tree of the platform, and the disk."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_charts.assemble import Rendering, platform_tree, seeded
from mlops_charts.errors import NoPlatform, NotFound
from mlops_charts.fleet import Outcome, colliding, render_models, rendering_of, suspects
from mlops_charts.generators.table import generators
from mlops_charts.loading import Platform, load_model, load_platform
from mlops_charts.problems import Problem, has_errors, nearest, sort
from mlops_charts.source import read
from mlops_charts.standing import foreign_apps
from mlops_charts.tree import Owned, Tree
from mlops_charts.workspace import Changes, Workspace, changes_of, find_workspace, model_files, write_tree
from mlops_charts.workspace.write import list_folder, read_text, source_of

MODEL_SOURCE = re.compile(r"model/([a-z0-9-]+)/model\.yaml")
_LONGEST = 100  # characters of a name that is none
_PLATFORM = re.compile(rb"^kind:[ \t]*[\"']?Platform\b", re.MULTILINE)


@dataclass(frozen=True)
class Rendered:
    """What came of rendering.

    Attributes:
        outcomes: Model by model.
        platform: What became of the files that the repository has once; None if platform.yaml has errors.
        problems: Everything that is wrong, sorted.
        gone: Models that are gone, and whose charts or Applications are still there.
        partial: Whether the repository has models that were not rendered.
    """

    outcomes: tuple[Outcome, ...]
    platform: Changes | None
    problems: tuple[Problem, ...]
    gone: tuple[str, ...] = ()
    partial: bool = False

    @property
    def failed(self) -> bool:
        """Whether anything has an error."""
        return has_errors(self.problems)

    @property
    def changes(self) -> list[Changes]:
        """What was written, or would be."""
        found = [outcome.changes for outcome in self.outcomes]
        return [changes for changes in (*found, self.platform) if changes is not None]


def what(paths: Sequence[Path], platform: Path | None = None) -> tuple[Workspace, list[Path]]:
    """Return the repository and the model.yaml files that are meant; without any, every model of it.

    Args:
        paths: Names of models, their folders or files, folders of models, or - for stdin.
        platform: The platform.yaml to use.

    Raises:
        NotFound: A path leads to no model, or into another repository than the first; or the repository has no model.
    """
    workspace, files = repository(paths, platform)
    if not files:
        raise NotFound(f"no model in {workspace.root / 'model'}; `mlops-charts init NAME` starts one")
    return workspace, files


def one_model(meant: Path | None, platform: Path | None = None) -> tuple[Workspace, Path]:
    """Return the repository and the one model.yaml that somebody means: by its name, its folder, or its file.

    Args:
        meant: What was said; None for the only model of the repository.
        platform: The platform.yaml to use.

    Raises:
        NotFound: There is no such model, or there are several.
    """
    workspace, files = what([] if meant is None else [meant], platform)
    if str(meant) == "-":
        raise NotFound(_unknown(Path("-"), workspace.root / "model"))
    if len(files) > 1:
        names = ", ".join(workspace.relative(file.parent) for file in files)
        said = "" if meant is None else f"{meant}: "
        raise NotFound(f"{said}there are {len(files)} models; say which: {names}")
    return workspace, files[0]


def repository(paths: Sequence[Path], platform: Path | None = None) -> tuple[Workspace, list[Path]]:
    """Return what `what` does, where it is no mistake that a repository has no model."""
    named = [path for path in paths if str(path) != "-" and _exists(path)]
    workspace = find_workspace(named[0] if named else Path.cwd(), platform)
    for path in named:
        other = find_workspace(path).root
        if other != workspace.root:
            raise NotFound(f"{path}: this is in {other}, and {named[0]} is in {workspace.root}; take one at a time")
    files = [file for path in paths for file in _models_at(path, workspace.root)] if paths else model_files(workspace)
    return workspace, list({file.resolve(): file for file in files}.values())


def _models_at(path: Path, root: Path) -> list[Path]:
    if str(path) == "-":
        return [path]
    bare, named = path.name == str(path), root / "model" / path / "model.yaml"
    if bare and _exists(named):
        return [named]
    if not _exists(path):
        raise NotFound(_unknown(path, root / "model" if bare else path.parent))
    if path.is_file():
        return [_model_file(path)]
    if (path / "model.yaml").is_file():
        return [path / "model.yaml"]
    found = sorted(path.glob("*/model.yaml")) or sorted((path / "model").glob("*/model.yaml"))
    if not found:
        raise NotFound(f"{path}: there is no model.yaml, nor a folder of models")
    return found


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False  # no name that a file could have


def _unknown(path: Path, folder: Path) -> str:
    model = str(path) if len(str(path)) <= _LONGEST else f"{str(path)[:_LONGEST]}..."
    known = sorted(file.parent.name for file in folder.glob("*/model.yaml"))
    near = nearest(path.name[:_LONGEST], known)
    hint = f'; did you mean "{near}"?' if near else f"; there are {', '.join(known)}" if known else ""
    return f'no model "{model}" in {folder}{hint}'


def _model_file(path: Path) -> Path:
    """Return the path of a file that may be a model.yaml, or raise what it is instead."""
    if path.suffix not in {".yaml", ".yml", ".json"}:
        raise NotFound(f"{path}: this is no model.yaml; name the model's folder or its model.yaml")
    content, _ = read(path)
    if content is not None and _PLATFORM.search(content):
        raise NotFound(f"{path}: this is a platform; name a model, and its platform is checked with it")
    return path


def render(workspace: Workspace, files: Sequence[Path], *, check: bool = False, whole: bool = False) -> Rendered:
    """Render models and what the repository has once, and write them unless `check`.

    Args:
        workspace: The repository.
        files: The model.yaml files to render.
        check: Whether to say only what would change.
        whole: Whether these are all models, so that charts of others are left over.

    Raises:
        NoPlatform: There is no platform.yaml.
    """
    if workspace.platform is None:
        raise NoPlatform(
            "rendering needs a platform.yaml: the cluster, its registry, its environments. "
            "`mlops-charts init` writes one with a comment on each entry"
        )
    platform, problems = load_platform(workspace)
    found: list[Problem] = list(problems)
    if has_errors(problems):
        return Rendered((), None, tuple(sort(found)))
    crossing = _crossing(files, workspace, platform)
    refused = {problem.position.file for problem in crossing if problem.position}
    sound = [file for file in files if workspace.relative(file) not in refused]
    outcomes = render_models(sound, workspace, platform, check=check)
    found += [*crossing, *(problem for outcome in outcomes for problem in outcome.problems)]
    tree = once(platform)
    found += foreign_apps(tree, workspace.root) if whole else ()
    changes = changes_of(tree, workspace.root) if check else write_tree(tree, workspace.root)
    gone = tuple(_gone(workspace)) if whole else ()
    return Rendered(tuple(outcomes), changes, tuple(sort(found)), gone, bool(others(workspace, files)))


def _crossing(files: Sequence[Path], workspace: Workspace, platform: Platform) -> list[Problem]:
    """Return the names that models share; known before anything is written, as one would overwrite the other."""
    rest = others(workspace, files)
    known = [load_model(path, workspace, platform).served for path in suspects(files, rest, platform)]
    return colliding(known, rest, workspace, platform) if known else []


def others(workspace: Workspace, files: Sequence[Path]) -> list[Path]:
    """Return the model.yaml files of the repository that are not among these."""
    named = {file.resolve() for file in files}
    return [file for file in model_files(workspace) if file.resolve() not in named]


def once(platform: Platform) -> Tree:
    """Return the files that the repository has once."""
    return platform_tree(platform.spec, generators(), platform.file)


def _gone(workspace: Workspace) -> Iterator[str]:
    """Yield the models that are gone and whose charts or Applications are still there."""
    root = workspace.root
    kept = {file.parent.name for file in model_files(workspace)}
    charts = [root / "charts" / name for name in sorted(list_folder(root / "charts")) if name not in kept]
    files = [*(root / "apps/models").glob("*.yaml"), *(file for chart in charts for file in chart.rglob("*.yaml"))]
    sources = {source_of(file) for file in files}
    found = {MODEL_SOURCE.fullmatch(source) for source in sources if source and not (root / source).exists()}
    yield from sorted(match[1] for match in found if match)


def remove(workspace: Workspace, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Remove everything that was generated for a model that is gone, and what was seeded for it.

    Returns:
        The files that were removed, and those of people that are left in the folder of its charts.

    Raises:
        NotFound: The model still exists, or nothing was generated for it.
    """
    source = f"model/{name}/model.yaml"
    if not MODEL_SOURCE.fullmatch(source):
        raise NotFound(f'"{name}" is no name of a model; name the folder that was in model/')
    if (workspace.root / source).exists():
        raise NotFound(f"{source} still exists; remove it first, then what was generated from it")
    folder = f"charts/{name}"
    for file in (workspace.root / folder / "serving").glob("*-*.yaml"):
        if read_text(file) == seeded(file.stem.partition("-")[2]).get(file.name):
            file.unlink()
    owned = (Owned(folder, source), Owned("apps/models", source, f"{name}-"))
    changes = write_tree(Tree({}, {}, owned), workspace.root)
    if not changes and not changes.resumed:
        raise NotFound(f"nothing was generated from {source}")
    left = (file for file in sorted((workspace.root / folder).rglob("*")) if file.is_file())
    return changes.removed, tuple(file.relative_to(workspace.root).as_posix() for file in left)


def diffs(rendered: Rendered, workspace: Workspace) -> Iterator[str]:
    """Yield the unified diff of each file that is stale, from what is on the disk to what should be."""
    platform, _ = load_platform(workspace)
    for outcome in rendered.outcomes:
        if outcome.changes:
            loaded = load_model(outcome.path, workspace, platform)
            if loaded.model is not None:
                yield from _tree_diff(rendering_of(loaded.model).tree, outcome.changes, workspace.root)
    if rendered.platform:
        yield from _tree_diff(once(platform), rendered.platform, workspace.root)


def _tree_diff(tree: Tree, changes: Changes, root: Path) -> Iterator[str]:
    for name in changes.changed:
        text = read_text(root / name) or ""
        if text.replace("\r\n", "\n") == tree.files[name]:
            yield f"{name} has other line endings: CRLF, expected LF (git config core.autocrlf false)\n"
            continue
        before, after = _lines(text), _lines(tree.files[name])
        for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}"):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Return lines with their ends, a carriage return being a part of its line: one that is too many is to be seen."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + ([last] if (last := text.rpartition("\n")[2]) else [])


__all__ = ["Rendered", "Rendering", "diffs", "remove", "render", "repository", "what"]
