"""Which model a command about releases means, and where its releases and versions are: in the cluster, or here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_charts.errors import InvalidSpec, Mistake
from mlops_charts.fleet import rendering_of
from mlops_charts.loading import load_path
from mlops_charts.local.releases import NAME
from mlops_charts.planning.release import release_spec
from mlops_charts.release.asked import ReleaseSpec
from mlops_charts.release.git import Access
from mlops_charts.release.policy import Policy
from mlops_charts.release.repository import Remote
from mlops_charts.release.state import Identity
from mlops_charts.rendering import one_model, what

if TYPE_CHECKING:
    from mlops_charts.steps.registry import Registry

_HOME: Final = ".mlops-charts"
_PATIENCE: Final = 20.0  # seconds that a person waits for a silent server


@dataclass(frozen=True)
class About:
    """A model, and where its releases are.

    Attributes:
        spec: All that release commands know of it.
        remote: The branch of its release files, as the person who asks reaches it.
        local: Whether these are the releases of this machine.
    """

    spec: ReleaseSpec
    remote: Remote
    local: bool


def about(
    model: str, platform: Path | None = None, *, local: bool = False, environ: Mapping[str, str] | None = None
) -> About:
    """Return a model by its name, its folder, or its model.yaml.

    Raises:
        NotFound: There is no such model.
        InvalidSpec: Its files have errors.
        Mistake: The releases of this machine are asked for, and there are none.
    """
    environment = os.environ if environ is None else environ
    loaded = load_path(one_model(Path(model), platform)[1], platform)
    if loaded.model is None:
        raise InvalidSpec(loaded.problems)
    spec, root = release_spec(rendering_of(loaded.model).plan), loaded.model.workspace.root.resolve()
    if local:
        spec = _here(spec, root)
    elif uri := environment.get("MLFLOW_TRACKING_URI"):
        spec = spec.model_copy(update={"tracking_uri": uri})
    access = Access(environ=environment, person=root)
    return About(spec, Remote(spec.repository.url, spec.repository.branch, access, _PATIENCE), local)


def all_models(platform: Path | None = None) -> tuple[str, ...]:
    """Return the model.yaml files of the repository."""
    return tuple(str(file) for file in what([], platform)[1])


def identity(found: About, version: str) -> Identity:
    """Return what a slot says of a version, as MLflow knows it.

    Raises:
        Mistake: There is no such version, or it cannot be served.
        Unavailable: MLflow cannot be reached.
    """
    from mlops_charts.steps.identity import named_version, served_from  # noqa: PLC0415 - loads the steps

    registry = registry_of(found)
    known = named_version(registry, version)
    image = (known.image, known.image_digest)
    return served_from(registry, known, image, found.spec.runtime, local=found.local)


def registry_of(found: About) -> Registry:
    """Return the runs and versions of a model.

    Raises:
        Unavailable: MLflow cannot be reached.
    """
    from mlops_charts.steps.call import Unavailable  # noqa: PLC0415 - loads the steps
    from mlops_charts.steps.registry import registry_at  # noqa: PLC0415 - the same

    file = found.spec.tracking_uri.removeprefix("sqlite:///")
    if file != found.spec.tracking_uri and not Path(file).exists():
        raise Unavailable(f"{file} is not there: nothing was run here yet")
    environ = {name: text for name, text in found.remote.access.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return registry_at(found.spec.tracking_uri, found.spec.registered_model, environ)


def _here(spec: ReleaseSpec, root: Path) -> ReleaseSpec:
    home = root / _HOME
    if not (home / NAME / "HEAD").exists():
        raise Mistake(f"{home / NAME} is not there: this machine has no releases; `mlops-charts run` makes them")
    repository = spec.repository.model_copy(update={"url": str(home / NAME)})
    tracking = f"sqlite:///{home / 'mlflow' / 'mlflow.db'}"
    places = tuple(place.model_copy(update={"policy": _unhurried(place.policy)}) for place in spec.environments)
    changed = {"repository": repository, "tracking_uri": tracking, "prometheus": "", "environments": places}
    return spec.model_copy(update=changed)


def _unhurried(policy: Policy) -> Policy:
    """Return a policy for this machine, where no night is waited for and no PromQL is answered."""
    checks = tuple(check for check in policy.checks if check.metric != "business")
    return policy.model_copy(update={"interval_seconds": 0.0, "bake_seconds": 0.0, "checks": checks})
