"""The working tree against another revision, model by model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_charts.comparing.effects import effects
from mlops_charts.comparing.objects import Change, Side, changes
from mlops_charts.errors import InvalidSpec
from mlops_charts.fleet import rendering_of
from mlops_charts.loading import Platform, load_model, load_platform
from mlops_charts.problems import Problem, has_errors
from mlops_charts.rendering import once
from mlops_charts.tree import Tree
from mlops_charts.validation.helm import Helm, find_helm
from mlops_charts.workspace import Workspace
from mlops_charts.workspace.git import files_at
from mlops_charts.workspace.write import read_text


@dataclass(frozen=True)
class Comparison:
    """How one model, or what the repository has once, differs.

    Attributes:
        title: The model's name, or "apps".
        changes: The objects that differ.
        effects: What that causes, in words.
    """

    title: str
    changes: tuple[Change, ...]
    effects: tuple[str, ...]


def compare(workspace: Workspace, files: Sequence[Path], base: str, *, whole: bool) -> list[Comparison]:
    """Return how the rendering of the working tree differs from what another revision has committed.

    Args:
        workspace: The repository.
        files: The model.yaml files to compare.
        base: The other revision.
        whole: Whether these are all models: then models that are gone, and what the repository has once, count too.

    Raises:
        InvalidSpec: A model or the platform has errors.
        workspace.git.GitError: The revision cannot be read.
        validation.helm.MissingTool: There is no Helm.
    """
    platform, problems = load_platform(workspace)
    if has_errors(problems):
        raise InvalidSpec(problems)
    trees, errors = _trees(workspace, platform, files)
    if has_errors(errors):
        raise InvalidSpec([*problems, *errors])
    old = files_at(workspace.root, base, ["charts", "apps"])
    names = [*trees, *(_gone(old, trees) if whole else ())]
    helm, ingress = find_helm(), platform.spec.ingress.type
    found = []
    for name in names:
        before = {path: text for path, text in old.items() if _is_of(path, name)}
        after = _on_disk(workspace.root, trees[name]) if name in trees else {}
        if before != after:
            found.append(_compare_model(name, Side(before, helm, ingress), Side(after, helm, ingress)))
    if whole:
        found.append(_compare_once(old, once(platform), helm, platform))
    return [comparison for comparison in found if comparison.changes]


def _trees(workspace: Workspace, platform: Platform, files: Sequence[Path]) -> tuple[dict[str, Tree], list[Problem]]:
    trees: dict[str, Tree] = {}
    problems: list[Problem] = []
    for file in files:
        loaded = load_model(file, workspace, platform)
        problems += loaded.problems
        if loaded.model is not None:
            trees[loaded.model.spec.metadata.name] = rendering_of(loaded.model).tree
    return trees, problems


def _gone(old: dict[str, str], trees: dict[str, Tree]) -> list[str]:
    return sorted({path.split("/")[1] for path in old if path.startswith("charts/")} - trees.keys())


def _is_of(path: str, model: str) -> bool:
    name = path.rpartition("/")[2]
    return path.startswith(f"charts/{model}/") or (
        path.startswith("apps/models/") and (name == f"{model}-pipeline.yaml" or name.startswith(f"{model}-serving-"))
    )


def _on_disk(root: Path, tree: Tree) -> dict[str, str]:
    """Return the files of a tree, with the people's and the releases' as they are on the disk."""
    seeds = {name: read_text(root / name) or text for name, text in tree.seeds.items()}
    return {**tree.files, **seeds}


def _compare_model(name: str, before: Side, after: Side) -> Comparison:
    found = changes("pipeline", before.pipeline(name), after.pipeline(name))
    for environment in dict.fromkeys([*before.environments(name), *after.environments(name)]):
        found += _compare_environment(name, environment, before, after)
    found += changes("apps", before.applications(), after.applications())
    return Comparison(name, tuple(found), tuple(effects(found, _history(name, after))))


def _compare_environment(name: str, environment: str, before: Side, after: Side) -> Iterator[Change]:
    place = f"serving in {environment}"
    both = [side.serving(name, environment, as_if=False) for side in (before, after)]
    now = changes(place, both[0], both[1])
    yield from now
    nothing = [side.release(name, environment).get("stable", "none") == "none" for side in (before, after)]
    if all(nothing) and environment in before.environments(name) and environment in after.environments(name):
        told = {(change.kind, change.name) for change in now}
        then = [side.serving(name, environment, as_if=True) for side in (before, after)]
        yield from (change for change in changes(place, *then, served=False) if (change.kind, change.name) not in told)


def _history(name: str, side: Side) -> dict[str, str]:
    """Return the versions that release files know, by the beginning of their code digest."""
    found = {}
    for environment in side.environments(name):
        release = side.release(name, environment)
        for slot in (release.get("blue", {}), release.get("green", {})):
            if slot.get("version") and slot.get("codeDigest"):
                found[slot["codeDigest"][:10]] = slot["version"]
    return found


def _compare_once(old: dict[str, str], tree: Tree, helm: Helm, platform: Platform) -> Comparison:
    before = {path: text for path, text in old.items() if path.startswith(("apps/bootstrap/", "apps/projects/"))}
    ingress = platform.spec.ingress.type
    found = changes("apps", Side(before, helm, ingress).applications(), Side(tree.files, helm, ingress).applications())
    return Comparison("apps", tuple(found), tuple(effects(found, {})))
