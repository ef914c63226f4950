"""What `render` does, without the command line: which models, their trees, the tree of the platform, and the disk."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_charts.assemble import Rendering, platform_tree
from mlops_charts.errors import NoPlatform, NotFound
from mlops_charts.fleet import Outcome, colliding, render_models, rendering_of
from mlops_charts.generators.table import generators
from mlops_charts.loading import Platform, load_model, load_platform
from mlops_charts.problems import Problem, has_errors, sort
from mlops_charts.tree import Owned, Tree
from mlops_charts.workspace import Changes, Workspace, changes_of, find_workspace, model_files, write_tree
from mlops_charts.workspace.write import read_text


@dataclass(frozen=True)
class Rendered:
    """What came of rendering.

    Attributes:
        outcomes: Model by model.
        platform: What became of the files that the repository has once; None if platform.yaml has errors.
        problems: Everything that is wrong, sorted.
    """

    outcomes: tuple[Outcome, ...]
    platform: Changes | None
    problems: tuple[Problem, ...]

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
    """Return the repository and the model.yaml files that paths mean; without paths, every model of it.

    Raises:
        NotFound: A path leads to no model, or the repository has none.
    """
    workspace = find_workspace(paths[0] if paths and str(paths[0]) != "-" else Path.cwd(), platform)
    files = [file for path in paths for file in _models_at(path)] or model_files(workspace)
    if not files:
        raise NotFound(f"no model in {workspace.root / 'model'}; `mlops-charts init NAME` starts one")
    return workspace, files


def _models_at(path: Path) -> list[Path]:
    if str(path) == "-" or path.is_file():
        return [path]
    if (path / "model.yaml").is_file():
        return [path / "model.yaml"]
    found = sorted(path.glob("*/model.yaml")) or sorted((path / "model").glob("*/model.yaml"))
    if not found:
        raise NotFound(f"{path}: there is no model.yaml, nor a folder of models")
    return found


def render(workspace: Workspace, files: Sequence[Path], *, check: bool = False, whole: bool = False) -> Rendered:
    """Render models and what the repository has once, and write them unless `check`.

    Args:
        workspace: The repository.
        files: The model.yaml files to render.
        check: Whether to say only what would change.
        whole: Whether these are all models, so that charts of others are stale.

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
    outcomes = render_models(files, workspace, platform, check=check)
    for outcome in outcomes:
        found += outcome.problems
    found += colliding([outcome.served for outcome in outcomes], others(workspace, files), workspace, platform)
    tree = once(platform)
    changes = changes_of(tree, workspace.root) if check else write_tree(tree, workspace.root)
    if whole:
        changes = _with_orphans(changes, workspace, files) if check else changes
    return Rendered(tuple(outcomes), changes, tuple(sort(found)))


def others(workspace: Workspace, files: Sequence[Path]) -> list[Path]:
    """Return the model.yaml files of the repository that are not among these."""
    named = {file.resolve() for file in files}
    return [file for file in model_files(workspace) if file.resolve() not in named]


def once(platform: Platform) -> Tree:
    return platform_tree(platform.spec, generators(), platform.file)


def _with_orphans(changes: Changes, workspace: Workspace, files: Sequence[Path]) -> Changes:
    """Add the charts of models that are gone: `--check` says so, only `--remove` takes them away."""
    known = {file.parent.name for file in files}
    charts = workspace.root / "charts"
    gone = (
        [path.name for path in charts.iterdir() if path.is_dir() and path.name not in known] if charts.is_dir() else []
    )
    names = [f"charts/{name} (its model is gone: render --remove {name})" for name in sorted(gone)]
    return Changes(changes.added, changes.changed, (*changes.removed, *names), changes.unchanged, changes.resumed)


def remove(workspace: Workspace, name: str) -> tuple[str, ...]:
    """Remove everything that was generated for a model that is gone.

    Raises:
        NotFound: The model still exists, or nothing was generated for it.
    """
    source = f"model/{name}/model.yaml"
    if (workspace.root / source).exists():
        raise NotFound(f"{source} still exists; remove it first, then what was generated from it")
    folder = f"charts/{name}"
    owned = (Owned(folder, source), Owned("apps/models", source, f"{name}-"))
    changes = write_tree(Tree({}, {}, owned), workspace.root)
    if not changes:
        raise NotFound(f"nothing was generated from {source}")
    return changes.removed


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
        before = (read_text(root / name) or "").splitlines(keepends=True)
        after = tree.files[name].splitlines(keepends=True)
        yield from difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")


__all__ = ["Rendered", "Rendering", "diffs", "remove", "render", "what"]
