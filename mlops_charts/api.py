"""The library: `load`, `plan`, `render`, `validate`, `write`, one arrow of the house each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlops_charts.assemble import Rendering, plan_of, platform_tree
from mlops_charts.errors import InvalidSpec
from mlops_charts.generators.model import Generator
from mlops_charts.generators.table import generators as all_generators
from mlops_charts.loading import Model, load_path
from mlops_charts.planning import Plan
from mlops_charts.proving import Depth, Report, prove_models
from mlops_charts.tree import Tree
from mlops_charts.workspace import Changes, write_tree


def load(path: str | Path, platform: str | Path | None = None) -> Model:
    """Read a model, its platform and its source files.

    Args:
        path: A model.yaml or its folder.
        platform: The platform.yaml; else the nearest one above, else the built-in platform.

    Raises:
        InvalidSpec: The files have problems; it carries all of them, each with its position.
    """
    loaded = load_path(Path(path), Path(platform) if platform else None)
    if loaded.model is None:
        raise InvalidSpec(loaded.problems)
    return loaded.model


def plan(model: Model) -> Plan:
    """Decide everything that follows from a model."""
    return plan_of(model)


def render(plan: Plan, generators: Sequence[Generator] = ()) -> Rendering:
    """Render a plan into charts and Applications.

    Args:
        plan: What was decided.
        generators: Generators of your own, besides ours and the installed ones.

    Returns:
        The charts, the Applications, and as `.tree` the files; each is made when it is first read.

    Raises:
        ChartError: A generator built something that is no chart; raised by what is read of the result.
        BrokenGenerator: A generator that is installed cannot be loaded.
    """
    return Rendering(plan, all_generators(generators))


def validate(
    model: Model,
    rendering: Rendering | None = None,
    *,
    deep: bool = False,
    crds: Sequence[str | Path] = (),
    require_all: bool = False,
) -> Report:
    """Hold a model's rendering against all proofs.

    Args:
        model: What was asked, for the positions of problems.
        rendering: What it became; rendered anew if left out.
        deep: Also real Helm, every phase of a release, and the schemas of all kinds.
        crds: Folders with CustomResourceDefinitions, besides the fetched ones; they make the proofs deep.
        require_all: Whether an object without a schema is an error; it makes the proofs deep.

    Raises:
        ChartError: A generator built something that is no chart.
        validation.schemas.SchemaError: A folder of `crds` does not exist, or holds what is no CRD.
        validation.helm.MissingTool: `deep` needs the extra `validate`.
    """
    rendering = rendering or render(plan(model))
    depth = Depth(deep, tuple(Path(folder) for folder in crds), require_all)
    return prove_models([(model, rendering)], model.workspace.root, depth)


def write(rendering: Rendering, root: str | Path) -> Changes:
    """Write a model's charts and Applications, and what its repository has once, below a folder.

    Each file is old or new, never torn; files of people and of releases are written once and never again.

    Raises:
        OSError: The disk refused; what was written before stays, and the next call goes on.
    """
    once: Tree = platform_tree(rendering.plan.platform, rendering.generators)
    return write_tree(rendering.tree | once, Path(root))
