"""From what was asked to what is decided: pure, and each decision once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlops_charts import contract
from mlops_charts.planning.digests import code_digest, content_digest
from mlops_charts.planning.model import EnvironmentPlan, Images, PipelinePlan, Plan, PodSecurity
from mlops_charts.planning.names import Names
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.operation import Check
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.spec.resolve import environment_names, resolve
from mlops_charts.spec.scalars import seconds
from mlops_charts.spec.steps import all_steps

_DIGEST_LENGTH = 10
_FINE_RATIO = 1.2  # what the buckets of our server can tell apart
_COARSE_RATIO = 2.5  # the widest gap between two buckets of Seldon's executor


def decide(spec: ModelSpec, platform: PlatformSpec, files: Mapping[str, bytes], folder: str) -> Plan:
    """Return all that follows from a model, its platform and its source files.

    Args:
        spec: The model.
        platform: The cluster.
        files: Source files by their path in the model's folder.
        folder: The model's folder in the repository, with slashes.
    """
    digest = code_digest(spec, platform, files)
    names = Names(spec.metadata.name, digest[:_DIGEST_LENGTH])
    return Plan(
        spec=spec,
        platform=platform,
        folder=folder,
        source=f"{folder}/model.yaml",
        files=files,
        code_digest=digest,
        names=names,
        labels=_labels(spec),
        annotations=dict(sorted(spec.metadata.annotations.items())),
        images=_images(spec, platform, files),
        pipeline=_pipeline(spec, platform),
        environments=tuple(_environment(spec, platform, name) for name in environment_names(spec, platform)),
    )


def _labels(spec: ModelSpec) -> dict[str, str]:
    owner = {"mlops-charts/owner": spec.metadata.owner} if spec.metadata.owner else {}
    return {
        "app.kubernetes.io/name": spec.metadata.name,
        "app.kubernetes.io/part-of": spec.metadata.name,
        "app.kubernetes.io/managed-by": "mlops-charts",
        **owner,
        **dict(sorted(spec.metadata.labels.items())),
    }


def _images(spec: ModelSpec, platform: PlatformSpec, files: Mapping[str, bytes]) -> Images:
    runtime = platform.pipeline.runtime_image
    model = spec.build.image or f"{platform.registry.host}/{spec.metadata.name}"
    requirements = files.get(spec.training.requirements or "")
    environment = ""
    if requirements is not None and not spec.training.image:
        key = content_digest(requirements + b"\0" + runtime.encode())[:16]
        environment = f"{platform.registry.host}/{spec.metadata.name}-environment:{key}"
    return Images(runtime, spec.training.image or environment or runtime, environment, model)


def _pipeline(spec: ModelSpec, platform: PlatformSpec) -> PipelinePlan:
    training = spec.training
    return PipelinePlan(
        namespace=platform.pipeline.namespace.format(model=spec.metadata.name, environment="pipeline"),
        steps=tuple(all_steps(spec)),
        pod_security="baseline",
        schedules=(training.schedule,) if training.schedule else (),
        time_zone=platform.kubernetes.time_zone,
        registered_model=spec.versioning.registered_model or spec.metadata.name,
        mutex=f"{spec.metadata.name}-pipeline",
    )


def _environment(spec: ModelSpec, platform: PlatformSpec, name: str) -> EnvironmentPlan:
    there, asked = platform.environments[name], resolve(spec, name)
    model, executor = spec.metadata.name, asked.serving.runtime != "python"
    security: PodSecurity = "baseline" if executor else "restricted"
    return EnvironmentPlan(
        name=name,
        spec=asked,
        cluster=there.cluster,
        namespace=there.namespace.format(model=model, environment=name),
        host=platform.ingress.host.format(model=model, environment=name),
        pod_security=security,
        executor=executor,
        service_port=contract.EXECUTOR_HTTP_PORT if executor else contract.HTTP_PORT,
        checks=checks_of(asked),
        max_duration_seconds=int(seconds(asked.release.max_duration)),
        freeze=there.freeze,
    )


def checks_of(spec: ModelSpec) -> tuple[Check, ...]:
    """Return what a release is judged by, every margin decided."""
    executor = spec.serving.runtime != "python"
    return tuple(_decided(check, executor=executor) for check in _measured(spec, executor=executor))


def _measured(spec: ModelSpec, *, executor: bool) -> Iterable[Check]:
    """Return the checks that can be made: of the default ones, not drift, which our server alone measures."""
    default = "checks" not in spec.release.analysis.model_fields_set
    return (c for c in spec.release.analysis.checks if not (default and executor and c.metric == "predictionDrift"))


def _decided(check: Check, *, executor: bool) -> Check:
    if check.metric != "latency" or check.max_ratio is not None:
        return check
    return check.model_copy(update={"max_ratio": _COARSE_RATIO if executor else _FINE_RATIO})
