"""What stands in charts/ and apps/ beside what is rendered, and is told before anybody's cluster acts on it.

Argo CD and Helm take whatever stands there; so a release file that is lost, one that is left over, and a file that no
generator wrote are problems. Reads the disk, and writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mlops_charts.assemble import Rendering
from mlops_charts.problems import CODES, Position, Problem
from mlops_charts.source import parse, read
from mlops_charts.tree import Owned, Tree
from mlops_charts.workspace.write import GENERATED, Listing, list_folder, lost_seeds, present, read_text, source_of

_SEED = re.compile(r"(values|release)-[a-z0-9-]+\.yaml")
_READ_THOUGH_HIDDEN = (".helmignore", ".argocd-")  # both change what Argo CD renders
_APPLIED = (".yaml", ".yml", ".json", ".jsonnet")


def lost_releases(tree: Tree, root: Path) -> Iterator[Problem]:
    """Yield each release file that is gone while its environment is still there."""
    for name in lost_seeds(tree, root):
        yield release_lost(name, tree.with_file[name])


def release_lost(name: str, environment: str) -> Problem:
    """Return the problem with a release file that is gone.

    Args:
        name: The release file, from the root.
        environment: The generated file of its environment, which is still there.
    """
    message = "the file is gone, and its environment is there: taken for nothing released, what serves would be removed"
    note = (
        f"git checkout HEAD -- {name}\n"
        f"or, where the loss is committed: git checkout $(git log -1 --format=%h -- {name})^ -- {name}\n"
        f"if really nothing is served there, remove {environment} as well, then render"
    )
    return Problem("release-file-lost", message, Position(name), note=note)


def beside(rendering: Rendering, root: Path, listing: Listing = list_folder) -> list[Problem]:
    """Return what is wrong with files that stand in a model's charts and are not rendered."""
    folder = f"{rendering.folder}/serving/"
    found: list[Problem] = []
    for name in _unknown(rendering, root, listing):
        base = name.removeprefix(folder)
        if _SEED.fullmatch(base):
            found += _left_release(root / name, name) if base.startswith("release-") else ()
        elif _rendered_by_helm(name):
            found.append(_foreign(name))
    return found


def left(rendering: Rendering, root: Path, listing: Listing = list_folder) -> list[str]:
    """Return the files of people and releases whose environment the model no longer has."""
    folder = f"{rendering.folder}/serving/"
    return sorted(name for name in _unknown(rendering, root, listing) if _SEED.fullmatch(name.removeprefix(folder)))


def foreign_apps(once: Tree, root: Path) -> list[Problem]:
    """Return a problem for each file in apps/ that no generator wrote.

    Args:
        once: What the repository has once; all else is known by its head.
        root: The repository.
    """
    there = sorted(present(root, [Owned("apps", "")]))
    return [_foreign(name) for name in there if name not in once.files and _applied(name) and _is_foreign(root / name)]


def _unknown(rendering: Rendering, root: Path, listing: Listing) -> list[str]:
    """Return the files in a model's charts that are neither rendered, nor removed by the next rendering."""
    charts = [owned for owned in rendering.owned if not owned.prefix]
    suspects = {name for name in present(root, charts, listing) if source_of(root / name) != rendering.plan.source}
    seeds = {name for owned in charts for name in suspects & _expected(rendering, owned.folder)}
    rest = suspects - seeds
    return sorted(rest - rendering.tree.files.keys()) if rest else []


def _expected(rendering: Rendering, folder: str) -> set[str]:
    """Return the files of a chart that bear no head: they need not be rendered to be known."""
    return {f"{folder}/values.schema.json", *rendering.seeds}


def _rendered_by_helm(name: str) -> bool:
    """Return whether a file can change what is deployed: hidden ones are passed over, as are copies of editors."""
    base = name.rpartition("/")[2]
    if base.startswith("."):
        return base.startswith(_READ_THOUGH_HIDDEN) and not base.endswith(".mlops-charts-new")
    return "/templates/" in name or not base.endswith("~")


def _applied(name: str) -> bool:
    base = name.rpartition("/")[2]
    return not base.endswith("~") and (not base.startswith(".") or base.endswith(_APPLIED))


def _is_foreign(file: Path) -> bool:
    return GENERATED not in (read_text(file) or "")[:300]


def _foreign(name: str) -> Problem:
    message = "no generator wrote this file, and Argo CD would take it: nothing of it was proven"
    note = "make it with a generator of your own, or move it out of this folder"
    return Problem("foreign-file", message, Position(name), note=note)


def _left_release(file: Path, name: str) -> Iterator[Problem]:
    """Yield a warning where a release file of an environment that is gone says that a version serves there."""
    content, _ = read(file)
    source = parse(content, name)[0] if content is not None else None
    release = source.data.get("release") if source and isinstance(source.data, dict) else None
    if not isinstance(release, dict) or release.get("phase") == "none":
        return
    slot = release.get(str(release.get("stable")))
    version = slot.get("version") if isinstance(slot, dict) else None
    message = f"the model has no such environment, and the file still says that {version or 'a version'} serves there"
    note = "take the environment back into model.yaml, or remove this file once nothing is served there"
    yield Problem("release-file-left", message, Position(name), "", note, CODES["release-file-left"].severity)
