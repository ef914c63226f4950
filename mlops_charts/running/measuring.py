"""What `bench serve` measures: the model that the newest run here has saved, served as model.yaml says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlops_charts.capacity.measure import Asked, NoModel
from mlops_charts.capacity.measured import Objective
from mlops_charts.contract import ALLOW_PICKLE, SIGNATURE, TRUSTED_TYPES
from mlops_charts.errors import InvalidSpec
from mlops_charts.loading import load_path
from mlops_charts.local.records import pasts
from mlops_charts.local.summary import summary
from mlops_charts.rendering import one_model
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.scalars import seconds

DEFAULT = Objective(quantile=0.99, seconds=0.1)


@dataclass(frozen=True)
class Measured:
    """What is measured, and where the figures belong.

    Attributes:
        asked: What is measured.
        into: The folder of model.yaml; None where a saved model was named, whose figures are only told.
    """

    asked: Asked
    into: Path | None


def measured(path: Path | None, platform: Path | None, name: str = "model") -> Measured:
    """Return what a path leads to: a saved model, or one of the repository.

    Args:
        path: A folder of a saved model; or a model's name, its folder or its file; None for the only one.
        platform: The platform.yaml to use.
        name: Of a saved model, in the address of its requests.

    Raises:
        InvalidSpec: model.yaml has errors.
        NoModel: No run here has saved a model.
        NotFound: There is no such model.
    """
    if path is not None and (path / SIGNATURE).is_file():
        return Measured(Asked(path, name, DEFAULT), None)
    loaded = load_path(one_model(path, platform)[1], platform)
    if loaded.model is None:
        raise InvalidSpec(loaded.problems)
    spec, root = loaded.model.spec, loaded.model.workspace.root
    asked = Asked(
        _saved(root, spec.metadata.name),
        spec.metadata.name,
        _objective(spec),
        options=_options(spec),
        environ=_trusted(spec),
    )
    return Measured(asked, root / loaded.model.folder)


def _saved(root: Path, name: str) -> Path:
    home = root / ".mlops-charts"
    past = pasts(home / "runs" / name)
    folders = (summary(name, one, home / "artifacts", past[place + 1 :]).model_folder for place, one in enumerate(past))
    found = next((Path(folder) for folder in folders if folder and Path(folder).is_dir()), None)
    if found is None:
        raise NoModel(f"no run here has saved a model of {name}; `mlops-charts run model/{name}` does")
    return found


def _objective(spec: ModelSpec) -> Objective:
    promised = spec.monitoring.objectives.latency
    return Objective(quantile=promised.quantile, seconds=seconds(promised.max))


def _options(spec: ModelSpec) -> tuple[str, ...]:
    serving = spec.serving
    return (
        f"--batch-size={serving.batching.max_size}",
        f"--batch-delay={serving.batching.max_delay}",
        f"--timeout={serving.timeout}",
        f"--non-finite={serving.non_finite}",
    )


def _trusted(spec: ModelSpec) -> dict[str, str]:
    types = ",".join(spec.training.trusted_types)
    return {TRUSTED_TYPES: types, ALLOW_PICKLE: "1" if spec.training.allow_pickle else ""}
