"""What `run` does: render the pipeline of a model with the platform of this machine, and run its Workflow here."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_charts.assemble import Rendering, seeded
from mlops_charts.chart import emit_chart
from mlops_charts.errors import InvalidSpec, Mistake, NotFound
from mlops_charts.fleet import rendering_of
from mlops_charts.loading import Model, Platform, load_model, load_platform
from mlops_charts.local.engine import Part
from mlops_charts.local.flow import Flow, read_flow
from mlops_charts.local.page import write_page
from mlops_charts.local.part import part_of
from mlops_charts.local.records import Past, Told, pasts, prune, read_past
from mlops_charts.local.releases import NAME, commit_of, release_repository
from mlops_charts.local.running import Ears, new_uid, run_flow
from mlops_charts.local.setting import Setting, containers
from mlops_charts.local.summary import Summary, summary
from mlops_charts.planning import Plan
from mlops_charts.problems import Problem, has_errors
from mlops_charts.rendering import what
from mlops_charts.running.assigning import changed
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.validation.helm import find_helm, split
from mlops_charts.workspace import Workspace
from mlops_charts.workspace.write import locked, read_text, replace_text


@dataclass(frozen=True)
class Asked:
    """What was asked of a run.

    Attributes:
        path: A model.yaml or its folder; None for the only model of the repository.
        platform: The platform.yaml to use; None for the nearest one.
        assignments: Fields of model.yaml for this run alone, `training.seed=1`.
        trigger: What started it, one of contract.TRIGGERS.
        first: The step to begin with; empty for the first.
        last: The step to end with; empty for the last.
        keep: Whether the folders of tasks stay.
        builder: What builds images: auto, none, docker, podman or buildah.
    """

    path: Path | None = None
    platform: Path | None = None
    assignments: tuple[str, ...] = ()
    trigger: str = "commit"
    first: str = ""
    last: str = ""
    keep: bool = False
    builder: str = "auto"


@dataclass(frozen=True)
class Listener:
    """Who hears what happens.

    Attributes:
        told: Of every change of a step.
        say: Of all else, a line.
        warn: Of problems that are no errors.
        begins: Of the steps that there are, before the first begins.
    """

    told: Told
    say: Callable[[str], None]
    warn: Callable[[Sequence[Problem]], None]
    begins: Callable[[str, Sequence[str]], None]


def run(asked: Asked, listener: Listener, environ: Mapping[str, str] | None = None) -> Summary:
    """Run the pipeline of a model here and return what came of it.

    Args:
        asked: What was asked.
        listener: Who hears what happens.
        environ: The user's environment; that of this process if left out.

    Raises:
        InvalidSpec: The files have errors.
        NotFound: There is no such model, or there are several.
        MissingTool: Helm is not here.
        Mistake: No such step, a variable that stands for a Secret is missing, a field that a local run refuses.
        KeyboardInterrupt: It was stopped.
    """
    environment = dict(os.environ if environ is None else environ)
    model, warnings = _model(asked)
    listener.warn(warnings)
    home = _home(model.workspace)
    here = replace(model, platform=_local(model.platform, home, environment))
    rendering = rendering_of(here)
    plan = rendering.plan
    commit = commit_of(model.workspace.root, model.folder)
    flow = read_flow(_objects(rendering), {"trigger": asked.trigger, "git-commit": commit})
    runs = home / "runs" / plan.model
    earlier = pasts(runs)
    part = part_of(flow, earlier, home / "artifacts", asked.first, asked.last)
    _tell_of_other_code(part, earlier, flow, listener)
    _releases(plan, model.workspace, home)
    setting = _setting(plan, home, runs / new_uid(), asked, environment)
    listener.begins(plan.model, [task["name"] for task in flow.tasks])
    try:
        past = run_flow(flow, setting, part, Ears(listener.told, listener.say))
    except KeyboardInterrupt:
        stopped = read_past(setting.folder)
        if stopped is not None:
            write_page(stopped, summary(plan.model, stopped, setting.artifacts, earlier), setting.artifacts)
        raise
    found = summary(plan.model, past, setting.artifacts, earlier)
    write_page(past, found, setting.artifacts)
    prune([past, *earlier], setting.artifacts)
    return found


def _tell_of_other_code(part: Part, earlier: Sequence[Past], flow: Flow, listener: Listener) -> None:
    """Say so where what is taken over was made by other code than that of this run."""
    for past in earlier:
        if past.uid == part.uid and past.parameters.get("code-digest") != flow.parameters.get("code-digest"):
            files = "model.yaml counts as it is now, the model's other files as they were then"
            listener.say(f"what is taken over from the run {past.uid} is of other code than this run: {files}")


def _model(asked: Asked) -> tuple[Model, Sequence[Problem]]:
    """Return the model, with the fields that were set, and the warnings about it."""
    workspace, files = what([asked.path] if asked.path else [], asked.platform)
    if len(files) > 1:
        names = ", ".join(workspace.relative(file.parent) for file in files)
        raise NotFound(f"there are {len(files)} models; say which: {names}")
    platform, problems = load_platform(workspace)
    loaded = load_model(files[0], workspace, platform)
    found = [*problems, *loaded.problems]
    if loaded.model is None or has_errors(found):
        raise InvalidSpec(found)
    if not asked.assignments:
        return loaded.model, found
    return changed(loaded.model, files[0], asked.assignments), found


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


def _setting(plan: Plan, home: Path, folder: Path, asked: Asked, environ: Mapping[str, str]) -> Setting:
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


__all__ = ["Asked", "Listener", "run"]
