"""What a run needs before it begins: the model, the services of this machine in its platform, what Helm renders."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from mlops_charts.assemble import Rendering, seeded
from mlops_charts.chart import emit_chart
from mlops_charts.errors import InvalidSpec, Mistake
from mlops_charts.fleet import rendering_of
from mlops_charts.loading import Model, Platform, load_model, load_platform
from mlops_charts.local.releases import NAME, commit_of, release_repository, set_aside
from mlops_charts.local.setting import Setting, containers
from mlops_charts.local.variables import base
from mlops_charts.planning import Plan
from mlops_charts.problems import Problem, has_errors
from mlops_charts.rendering import one_model
from mlops_charts.running.asked import Asked, Listener
from mlops_charts.running.assigning import changed
from mlops_charts.running.grounds import chosen, on_this_machine
from mlops_charts.running.releases import Ground
from mlops_charts.running.serving import config_map
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.steps.asked import spec_of
from mlops_charts.validation.helm import find_helm, split
from mlops_charts.workspace import Workspace
from mlops_charts.workspace.write import locked, read_text, replace_text

_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION")


@dataclass(frozen=True)
class Prepared:
    """What a run starts from.

    Attributes:
        rendering: What is rendered, with the services and the policy of this machine.
        whole: The plan with the policy of the cluster.
        workspace: The repository.
        home: The folder of all that runs leave.
        objects: The objects of the pipeline chart.
        commit: The commit of the model's folder.
        environ: The user's environment.
        environments: Where the version is released.
    """

    rendering: Rendering
    whole: Plan
    workspace: Workspace
    home: Path
    objects: Sequence[Any]
    commit: str
    environ: Mapping[str, str]
    environments: tuple[str, ...]

    @property
    def plan(self) -> Plan:
        """The plan for this machine."""
        return self.rendering.plan

    @property
    def runs(self) -> Path:
        """The folder of the runs of the model."""
        return self.home / "runs" / self.plan.model

    def ground(self) -> Ground:
        """Return what releases have of this machine."""
        plan, root, text = self.plan, self.workspace.root, config_map(self.objects, "model.json")
        named = [*_KEYS, *(secret.env for secret in plan.spec.training.secrets if secret.env)]
        own = {name: self.environ[name] for name in named if name in self.environ}
        return Ground(
            rendering=self.rendering,
            whole=self.whole,
            spec=spec_of(json.loads(text)),
            spec_text=text,
            source=root / plan.folder,
            own=root / "charts" / plan.model / "serving",
            home=self.home,
            environ={**base(self.environ, self.home / "cache"), **own},
            requirements=self._requirements(),
        )

    def _requirements(self) -> Path | None:
        plan = self.plan
        if not plan.images.environment:
            return None
        file = self.home / "releases" / plan.model / "requirements.txt"
        replace_text(file, plan.files[plan.spec.training.requirements or ""].decode())
        return file


def prepared(asked: Asked, listener: Listener, environ: Mapping[str, str] | None) -> Prepared:
    """Return what a run starts from; see `running.run` for what it raises."""
    environment = dict(os.environ if environ is None else environ)
    model, warnings = _model(asked)
    listener.warn(warnings)
    home = _home(model.workspace)
    rendering = rendering_of(replace(model, platform=_local(model.platform, home, environment)))
    names = chosen(rendering.plan, asked.environments)
    if asked.fresh and (aside := set_aside(home)):
        listener.say(f"releases begin anew; what was before is in {aside}")
    _releases(rendering.plan, model.workspace, home)
    here = on_this_machine(rendering, names)
    commit = commit_of(model.workspace.root, model.folder)
    return Prepared(here, rendering.plan, model.workspace, home, _objects(here), commit, environment, names)


def _model(asked: Asked) -> tuple[Model, Sequence[Problem]]:
    """Return the model, with the fields that were set, and the warnings about it."""
    workspace, file = one_model(asked.path, asked.platform)
    platform, problems = load_platform(workspace)
    loaded = load_model(file, workspace, platform)
    found = [*problems, *loaded.problems]
    if loaded.model is None or has_errors(found):
        raise InvalidSpec(found)
    if not asked.assignments:
        return loaded.model, found
    return changed(loaded.model, file, asked.assignments), found


def _home(workspace: Workspace) -> Path:
    """Return the folder of all that a run leaves, which git does not see."""
    with locked(workspace.root.resolve()) as home:
        return home


def _local(platform: Platform, home: Path, environ: Mapping[str, str]) -> Platform:
    """Return the platform with the services of this machine in the place of those of the cluster.

    What is laid over it need not be what a platform.yaml may say, an address that is a folder, so nothing checks it.
    """
    spec = platform.spec
    (home / "mlflow").mkdir(parents=True, exist_ok=True)
    endpoint = environ.get("AWS_ENDPOINT_URL") or spec.storage.endpoint
    if not endpoint.startswith(("http://", "https://")):
        raise Mistake(f"AWS_ENDPOINT_URL is {endpoint}: expected an address that begins with http:// or https://")
    services: dict[str, Any] = {
        "mlflow": spec.mlflow.model_copy(
            update={"tracking_uri": f"sqlite:///{home / 'mlflow' / 'mlflow.db'}", "credentials_secret": None}
        ),
        "git": spec.git.model_copy(update={"url": str(home / NAME), "signing_key_secret": None}),
        "storage": spec.storage.model_copy(update={"endpoint": endpoint.rstrip("/")}),
        "prometheus": spec.prometheus.model_copy(update={"pushgateway": None}),
    }
    laid: PlatformSpec = spec.model_copy(update=services)
    return replace(platform, spec=laid)


def _objects(rendering: Rendering) -> list[Any]:
    """Return the objects of the pipeline chart, as the real Helm renders them."""
    helm = find_helm()
    with tempfile.TemporaryDirectory(prefix="mlops-charts-") as place:
        folder = Path(place, "pipeline")
        for path, text in emit_chart(rendering.pipeline).items():
            replace_text(folder / path, text)
        plan = rendering.plan
        printed = helm.template(
            folder,
            name=plan.model,
            namespace=plan.pipeline.namespace,
            kubernetes_version=f"{plan.platform.kubernetes.version}.0",
        )
    return [manifest for _, manifest in split(printed)]


def _releases(plan: Plan, workspace: Workspace, home: Path) -> None:
    git = plan.platform.git
    folder = Path("charts", plan.model, "serving")
    files: dict[str, str] = {}
    for environment in plan.environments:
        name = f"release-{environment.name}.yaml"
        text = read_text(workspace.root / folder / name)
        path = Path(git.path, folder, name).as_posix()
        files[path] = seeded(environment.name)[name] if text is None else text
    release_repository(home, [name for name in (git.branch, git.release_branch) if name], files)


def setting_of(plan: Plan, home: Path, folder: Path, asked: Asked, environ: Mapping[str, str]) -> Setting:
    """Return where a run happens."""
    name = plan.spec.training.requirements or ""
    requirements = None
    if plan.images.environment:
        requirements = folder / "requirements.txt"
        replace_text(requirements, plan.files[name].decode())
    data, storage = plan.spec.training.data.uri, plan.platform.storage.credentials_secret
    return Setting(
        home=home,
        folder=folder,
        uid=folder.name,
        environ=environ,
        containers=containers(environ, asked.builder),
        environment_image=plan.images.environment,
        requirements=requirements,
        free_secret="" if data.startswith("s3://") else storage,
        keep=asked.keep,
    )
