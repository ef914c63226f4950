"""Many models at once: each rendered by itself, what is unchanged not at all, on all processors.

What is remembered between runs is a hint alone: it is believed only while inputs and outputs are what they were.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from mlops_charts.assemble import Rendering
from mlops_charts.generators.table import ENTRY_POINTS, generators
from mlops_charts.loading import Loaded, Model, Platform, load_model
from mlops_charts.planning import decide
from mlops_charts.problems import Problem
from mlops_charts.rules import Served, check_fleet
from mlops_charts.workspace import Changes, Workspace, changes_of, write_tree
from mlops_charts.workspace.write import STATE_FOLDER, list_folder

_WORTH_A_POOL = 24  # models; below, starting processes costs more than it saves


@dataclass(frozen=True)
class Outcome:
    """What became of one model.

    Attributes:
        path: Its model.yaml.
        problems: What is wrong with it.
        changes: What was written, or would be; None if it has errors.
        served: The names that it takes in the fleet.
    """

    path: Path
    problems: tuple[Problem, ...]
    changes: Changes | None
    served: Served | None = None


def rendering_of(model: Model) -> Rendering:
    """Return the rendering of a model by all generators of this environment."""
    return Rendering(decide(model.spec, model.platform.spec, model.content.files, model.folder), generators())


def render_models(
    paths: Sequence[Path], workspace: Workspace, platform: Platform, *, check: bool = False
) -> list[Outcome]:
    """Render models and write them, or with `check` only say what writing would change; in the order of the paths."""
    render = partial(_render_chunk, workspace=workspace, platform=platform, check=check)
    workers = os.cpu_count() or 1
    if len(paths) < _WORTH_A_POOL or workers == 1:
        return render(paths)
    size = max(8, len(paths) // (workers * 8))
    chunks = [paths[start : start + size] for start in range(0, len(paths), size)]
    with ProcessPoolExecutor(workers) as pool:
        return [outcome for chunk in pool.map(render, chunks) for outcome in chunk]


def _render_chunk(paths: Sequence[Path], *, workspace: Workspace, platform: Platform, check: bool) -> list[Outcome]:
    listing = cache(list_folder)
    return [_render_one(path, workspace, platform, check=check, listing=listing) for path in paths]


def _render_one(path: Path, workspace: Workspace, platform: Platform, *, check: bool, listing: Any) -> Outcome:
    loaded = load_model(path, workspace, platform)
    if loaded.model is None:
        return Outcome(path, loaded.problems, None, loaded.served)
    memory = _Memory(loaded, workspace)
    if memory.unchanged():
        return Outcome(path, loaded.problems, Changes(unchanged=memory.count), loaded.served)
    tree = rendering_of(loaded.model).tree
    if check:
        return Outcome(path, loaded.problems, changes_of(tree, workspace.root, listing), loaded.served)
    changes = write_tree(tree, workspace.root, listing)
    memory.remember([*tree.files, *tree.seeds])
    return Outcome(path, loaded.problems, changes, loaded.served)


def colliding(
    known: Sequence[Served | None], others: Sequence[Path], workspace: Workspace, platform: Platform
) -> list[Problem]:
    """Return the names that models share.

    Args:
        known: What the models at hand take.
        others: The model.yaml files of the rest of the repository; only those are read whose folder's name could make
            a name that is taken.
        workspace: The repository.
        platform: The cluster.
    """
    taken = {name.name for served in known if served for name in served.names}
    suspects = [path for path in others if taken & _could_take(path.parent.name, platform)]
    read = [load_model(path, workspace, platform).served for path in suspects]
    return check_fleet([served for served in (*read, *known) if served is not None])


def _could_take(model: str, platform: Platform) -> set[str]:
    """Return every name that a model of this name would take if it were served everywhere."""
    spec = platform.spec
    found = {model, f"{model}-pipeline", spec.pipeline.namespace.format(model=model, environment="pipeline")}
    for name, environment in spec.environments.items():
        found |= {f"{model}-serving-{name}", environment.namespace.format(model=model, environment=name)}
        found.add(spec.ingress.host.format(model=model, environment=name))
    return found


class _Memory:
    """What the last rendering of a model was made from, and what its files looked like then."""

    def __init__(self, loaded: Loaded, workspace: Workspace) -> None:
        model = loaded.model
        assert model is not None  # noqa: S101 - the caller has looked
        self._root = workspace.root
        self._file = workspace.root / STATE_FOLDER / "rendered" / f"{model.spec.metadata.name}.json"
        self._key = _inputs(model)
        self.count = 0

    def unchanged(self) -> bool:
        """Return whether inputs and outputs are what they were."""
        try:
            found = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return False
        if not isinstance(found, dict) or found.get("key") != self._key:
            return False
        self.count = len(found["files"])
        return all(_stamp(self._root / name) == stamp for name, stamp in found["files"].items())

    def remember(self, names: Iterable[str]) -> None:
        """Write down what the files look like."""
        found = {"key": self._key, "files": {name: _stamp(self._root / name) for name in names}}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(found))
        beside.replace(self._file)


def _stamp(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def _inputs(model: Model) -> str:
    state = hashlib.sha256(_program().encode())
    state.update("\n".join(model.source.lines).encode())
    state.update(model.platform.spec.model_dump_json().encode())
    for name, content in model.content.files.items():
        state.update(f"\0{name}\0{len(content)}\0".encode())
        state.update(content)
    return state.hexdigest()


@cache
def _program() -> str:
    """Return what tells one state of this program, and of the generators installed beside it, from another."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - reads the environment's metadata

    stamps = [f"{path.name}:{path.stat().st_mtime_ns}" for path in sorted(Path(__file__).parent.rglob("*.[pl][yu]*"))]
    others = [
        f"{entry.name}={entry.value}:{entry.dist.version if entry.dist else ''}"
        for entry in entry_points(group=ENTRY_POINTS)
    ]
    return "|".join([*stamps, *others])
