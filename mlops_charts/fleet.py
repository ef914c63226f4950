"""Many models at once: each rendered by itself, what is unchanged not at all, on all processors."""

from __future__ import annotations

import gc
import os
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from mlops_charts.assemble import Rendering, plan_of
from mlops_charts.generators.table import generators
from mlops_charts.loading import Model, Platform, load_model
from mlops_charts.problems import Problem
from mlops_charts.remembering import Memory
from mlops_charts.rules import Served, check_fleet
from mlops_charts.standing import beside, left, lost_releases
from mlops_charts.workspace import Changes, Workspace, changes_of, write_tree
from mlops_charts.workspace.write import Listing, list_folder

_GARBAGE = 50_000  # new objects before a search; a model makes more than the default of 700 in no time
_WORTH_A_POOL = 24  # models; below, starting processes costs more than it saves


@dataclass(frozen=True)
class Outcome:
    """What became of one model.

    Attributes:
        path: Its model.yaml.
        problems: What is wrong with it.
        changes: What was written, or would be; None if it has errors.
        served: The names that it takes in the fleet.
        left: Files of people and releases whose environment the model no longer has.
    """

    path: Path
    problems: tuple[Problem, ...]
    changes: Changes | None
    served: Served | None = None
    left: tuple[str, ...] = ()


def rendering_of(model: Model) -> Rendering:
    """Return the rendering of a model by all generators of this environment."""
    return Rendering(plan_of(model), generators())


def render_models(
    paths: Sequence[Path], workspace: Workspace, platform: Platform, *, check: bool = False
) -> list[Outcome]:
    """Render models and write them, or with `check` only say what writing would change; in the order of the paths."""
    render = partial(_render_chunk, workspace=workspace, platform=platform, check=check)
    workers = os.cpu_count() or 1
    if len(paths) < _WORTH_A_POOL or workers == 1:
        return render(paths)
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - costs, and a single model needs none

    size = max(8, len(paths) // (workers * 8))
    chunks = [paths[start : start + size] for start in range(0, len(paths), size)]
    with ProcessPoolExecutor(workers, initializer=_begin_work) as pool:
        try:
            return [outcome for chunk in pool.map(render, chunks) for outcome in chunk]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _begin_work() -> None:
    """Prepare a worker: interrupts are the parent's, and what is loaded for good is not searched for garbage."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    gc.set_threshold(_GARBAGE)


def _render_chunk(paths: Sequence[Path], *, workspace: Workspace, platform: Platform, check: bool) -> list[Outcome]:
    listing = cache(list_folder)
    return [_render_one(path, workspace, platform, check=check, listing=listing) for path in paths]


def _render_one(path: Path, workspace: Workspace, platform: Platform, *, check: bool, listing: Listing) -> Outcome:
    loaded = load_model(path, workspace, platform)
    if loaded.model is None:
        return Outcome(path, loaded.problems, None, loaded.served)
    memory = Memory(loaded.model, listing)
    if memory.unchanged():
        return Outcome(path, loaded.problems, Changes(unchanged=memory.count), loaded.served)
    rendering, root = rendering_of(loaded.model), workspace.root
    found = [*lost_releases(rendering.tree, root), *beside(rendering, root, listing)]
    problems = (*loaded.problems, *found)
    if any(problem.code == "release-file-lost" for problem in found):
        return Outcome(path, problems, None, loaded.served)
    if check:
        changes = changes_of(rendering.tree, root, listing)
    else:
        done = None if found else partial(memory.remember, rendering.tree)  # what is wrong is told again
        changes = write_tree(rendering.tree, root, listing, done)
    return Outcome(path, problems, changes, loaded.served, tuple(left(rendering, root, listing)))


def suspects(paths: Sequence[Path], others: Sequence[Path], platform: Platform) -> list[Path]:
    """Return those of the paths whose names could be another model's as well, judged by the names of their folders."""
    could = {path: _could_take(path.parent.name, platform) for path in (*others, *paths)}
    takers = Counter(name for names in could.values() for name in names)
    return [path for path in paths if any(takers[name] > 1 for name in could[path])]


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
