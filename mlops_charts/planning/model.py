"""What was decided: plain frozen data that generators turn into manifests.

`spec` and `platform` stand here for what is passed on as it was written; what had to be decided is a field of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mlops_charts.planning.names import Names
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.operation import Check
from mlops_charts.spec.platform import Freeze, PlatformSpec

PodSecurity = Literal["restricted", "baseline"]


@dataclass(frozen=True)
class Images:
    """Image references.

    Attributes:
        runtime: What the steps of ours run in.
        training: What the model's own code runs in: an image of the user's, the environment image, or the runtime.
        environment: The environment image to be built from requirements.txt; empty if there is none.
        model: Name of the image that serves, without a tag.
    """

    runtime: str
    training: str
    environment: str
    model: str


@dataclass(frozen=True)
class PipelinePlan:
    """How the model is made.

    Attributes:
        namespace: Where.
        steps: The steps in order, with the user's own in their places.
        pod_security: Pod Security level of the namespace; baseline because the builder is root in its container.
        schedules: Cron lines of retraining, none or one.
        time_zone: Time zone of the schedules.
        registered_model: Name in the registry.
        mutex: Name of the lock that keeps two runs apart.
    """

    namespace: str
    steps: tuple[str, ...]
    pod_security: PodSecurity
    schedules: tuple[str, ...]
    time_zone: str
    registered_model: str
    mutex: str


@dataclass(frozen=True)
class EnvironmentPlan:
    """Where and how the model is served in one environment.

    Attributes:
        name: The environment.
        spec: The model's spec with this environment's overrides laid over it.
        cluster: URL of the API server, as Argo CD knows it.
        namespace: Where.
        host: Host name of the route.
        pod_security: Pod Security level of the namespace.
        executor: Whether Seldon's executor stands before the model.
        service_port: Port of the Services that Seldon makes.
        checks: What a release is judged by, every margin decided.
        max_duration_seconds: After this a release is rolled back.
        freeze: Times in which no release starts or advances.
    """

    name: str
    spec: ModelSpec
    cluster: str
    namespace: str
    host: str
    pod_security: PodSecurity
    executor: bool
    service_port: int
    checks: tuple[Check, ...]
    max_duration_seconds: int
    freeze: tuple[Freeze, ...]


@dataclass(frozen=True)
class Plan:
    """All that was decided for one model.

    Attributes:
        spec: What was asked, without overrides.
        platform: What the cluster is.
        folder: The model's folder in the repository, `model/iris`.
        source: Its model.yaml, as headers of generated files name it.
        files: The source files that the code digest covers, by their path in the folder.
        code_digest: SHA-256 of what decides what training makes, in hexadecimal.
        names: Names of the objects.
        labels: Labels of every object.
        annotations: Annotations of every object.
        images: Image references.
        pipeline: How the model is made.
        environments: Where it is served, in the order of promotion.
    """

    spec: ModelSpec
    platform: PlatformSpec
    folder: str
    source: str
    files: Mapping[str, bytes]
    code_digest: str
    names: Names
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    images: Images
    pipeline: PipelinePlan
    environments: tuple[EnvironmentPlan, ...]

    @property
    def model(self) -> str:
        """The model's name."""
        return self.names.model

    def environment(self, name: str) -> EnvironmentPlan:
        """Return the plan of one environment; KeyError if the model is not served there."""
        return {environment.name: environment for environment in self.environments}[name]
