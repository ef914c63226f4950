"""The working tree against another revision, model by model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mlops_charts.comparing.effects import Setting, effects
from mlops_charts.comparing.objects import Change, Refused, Side, changes
from mlops_charts.comparing.releases import Release
from mlops_charts.errors import InvalidSpec
from mlops_charts.fleet import rendering_of
from mlops_charts.loading import Platform, load_model, load_platform
from mlops_charts.problems import Problem, has_errors
from mlops_charts.release.phases import Ingress
from mlops_charts.rendering import once
from mlops_charts.tree import Tree
from mlops_charts.validation.helm import Helm, find_helm
from mlops_charts.workspace import Workspace
from mlops_charts.workspace.git import files_at
from mlops_charts.workspace.write import read_text

_ONCE = ("apps/bootstrap/", "apps/projects/")


@dataclass(frozen=True)
class Comparison:
    """How one model, or what the repository has once, differs.

    Attributes:
        title: The model's name, or "apps".
        changes: The objects that differ.
        effects: What that causes, in words.
        refused: What one side could not render and is not compared, in one line each.
    """

    title: str
    changes: tuple[Change, ...]
    effects: tuple[str, ...]
    refused: tuple[str, ...] = ()


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
    sides = _Sides(base, find_helm(), platform.spec.ingress.type)
    found = []
    for name in [*trees, *(_gone(old, trees) if whole else ())]:
        before = {path: text for path, text in old.items() if _is_of(path, text, name)}
        after = _on_disk(workspace.root, trees[name]) if name in trees else _left(workspace.root, before)
        if before != after:
            found.append(_compare_model(name, *sides.of(before, after)))
    if whole:
        once_before = {path: text for path, text in old.items() if path.startswith(_ONCE)}
        found.append(_compare_once(*sides.of(once_before, once(platform).files)))
    return [comparison for comparison in found if comparison.changes or comparison.effects or comparison.refused]


@dataclass(frozen=True)
class _Sides:
    base: str
    helm: Helm
    ingress: Ingress

    def of(self, before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Side, Side]:
        """Return both sides of some files."""
        return (
            Side(self.base, before, self.helm, self.ingress),
            Side("the working tree", after, self.helm, self.ingress),
        )


def _trees(workspace: Workspace, platform: Platform, files: Sequence[Path]) -> tuple[dict[str, Tree], list[Problem]]:
    trees: dict[str, Tree] = {}
    problems: list[Problem] = []
    for file in files:
        loaded = load_model(file, workspace, platform)
        problems += loaded.problems
        if loaded.model is not None:
            trees[loaded.model.spec.metadata.name] = rendering_of(loaded.model).tree
    return trees, problems


def _gone(old: Mapping[str, str], trees: Mapping[str, Tree]) -> list[str]:
    """Return the models of the base that are gone; a chart that somebody wrote by hand is none."""
    names = {path.split("/")[1] for path in old if path.startswith("charts/")}
    return sorted(
        name for name in names - trees.keys() if _is_ours(old.get(f"charts/{name}/pipeline/Chart.yaml"), name)
    )


def _is_of(path: str, text: str, model: str) -> bool:
    return path.startswith(f"charts/{model}/") or (path.startswith("apps/models/") and _is_ours(text, model))


def _is_ours(text: str | None, model: str) -> bool:
    return text is not None and f" model/{model}/model.yaml" in text.partition("\n")[0]


def _left(root: Path, before: Mapping[str, str]) -> dict[str, str]:
    """Return what the disk still has of a model that is gone: until `render --remove`, all of it goes on."""
    found = {path: text for path in before if (text := read_text(root / path)) is not None}
    return found if any(path.endswith("/Chart.yaml") for path in found) else {}


def _on_disk(root: Path, tree: Tree) -> dict[str, str]:
    """Return the files of a tree, with the people's and the releases' as they are on the disk."""
    seeds = {name: read_text(root / name) or text for name, text in tree.seeds.items()}
    return {**tree.files, **seeds}


def _compare_model(name: str, before: Side, after: Side) -> Comparison:
    found: list[Change] = []
    refused: list[str] = []
    both = (before, after)
    environments = list(dict.fromkeys([*before.environments(name), *after.environments(name)]))
    _try(lambda: changes("pipeline", *(side.pipeline(name) for side in both)), found, refused)
    for environment in environments:
        _try(partial(_environment, name, environment, before, after), found, refused)
    _try(lambda: changes("apps", *(side.applications() for side in both)), found, refused)
    setting = Setting(
        {environment: _release(name, environment, before, after) for environment in environments},
        new=not before.files,
        gone=not after.files,
    )
    return Comparison(name, tuple(found), tuple(effects(found, setting)), tuple(refused))


def _try(part: Callable[[], Sequence[Change]], found: list[Change], refused: list[str]) -> None:
    """Compare one part; what one side cannot render is told, and the other parts are compared nevertheless."""
    try:
        found += part()
    except Refused as refusal:
        refused.append(str(refusal))


def _release(name: str, environment: str, before: Side, after: Side) -> Release:
    states = [
        side.release(name, environment) if environment in side.environments(name) else None for side in (before, after)
    ]
    return Release(*states)


def _environment(name: str, environment: str, before: Side, after: Side) -> list[Change]:
    place, both = f"serving in {environment}", (before, after)
    there = [environment in side.environments(name) for side in both]
    objects = [
        side.serving(name, environment, as_if=False) if is_there else {}
        for side, is_there in zip(both, there, strict=True)
    ]
    now = changes(place, *objects)
    nothing = [side.release(name, environment).get("stable", "none") == "none" for side in both]
    if not (all(nothing) and all(there)):
        return now
    told = {(change.kind, change.name) for change in now}
    then = changes(place, *(side.serving(name, environment, as_if=True) for side in both), served=False)
    return [*now, *(change for change in then if (change.kind, change.name) not in told)]


def _compare_once(before: Side, after: Side) -> Comparison:
    found: list[Change] = []
    refused: list[str] = []
    _try(lambda: changes("apps", before.applications(), after.applications()), found, refused)
    return Comparison("apps", tuple(found), tuple(effects(found, Setting({}))), tuple(refused))
