"""The resolved spec of a run, as the chart's ConfigMap hands it to every step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from mlops_charts.errors import Mistake
from mlops_charts.release.policy import Policy
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.operation import Monitoring, Release, Serving
from mlops_charts.spec.platform import Freeze, Ingress


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True)


class RunImages(_Part):
    """Image references of a run.

    Attributes:
        runtime: What the steps run in.
        training: What the model's own code runs in.
        environment: The environment image; empty if the model asks for no packages of its own.
        model: Name of the image that serves, without a tag.
        base: What the image that serves is built on.
    """

    runtime: str
    training: str
    environment: str
    model: str
    base: str


class Decided(_Part):
    """What was decided for the model, as far as steps ask.

    Attributes:
        code_digest: SHA-256, in hexadecimal, of all that decides what training makes.
        folder: The model's folder in the repository.
        images: Image references.
        registered_model: Name in the registry.
    """

    code_digest: str
    folder: str
    images: RunImages
    registered_model: str


class RunEnvironment(_Part):
    """Where the model is served, and how a release goes there.

    Attributes:
        name: The environment.
        policy: By what a release that starts now is carried out and judged.
        freeze: Times in which no release starts or advances.
        serving: How it is served there.
        release: How a new version takes over there.
        monitoring: What is watched there.
    """

    name: str
    policy: Policy
    freeze: tuple[Freeze, ...]
    serving: Serving
    release: Release
    monitoring: Monitoring


class RunGit(_Part):
    """The repository of models and releases; on a laptop its address is a folder.

    Attributes:
        url: Where it is.
        branch: The branch that is deployed.
        path: The folder of platform.yaml in it; empty at its top.
        release_branch: The branch of release files, where it is another one.
    """

    url: str
    branch: str
    path: str = ""
    release_branch: str | None = None


class RunMlflow(_Part):
    """Where runs and versions are kept.

    Attributes:
        tracking_uri: MLflow's address; on a laptop straight a file of SQLite.
    """

    tracking_uri: str


class RunStorage(_Part):
    """The S3 that rows lie on.

    Attributes:
        endpoint: Its address.
        region: Its region.
    """

    endpoint: str
    region: str


class RunPlatform(_Part):
    """The blocks of platform.yaml that steps ask.

    Attributes:
        git: The repository.
        mlflow: The model registry.
        storage: Where rows lie.
        ingress: How traffic comes in, by which the phases of a release are made.
    """

    git: RunGit
    mlflow: RunMlflow
    storage: RunStorage
    ingress: Ingress


class RunSpec(_Part):
    """All that a run knows of what was asked and decided.

    Attributes:
        model: What was asked, by model.yaml.
        platform: What was asked, by platform.yaml.
        environments: Where the model is served, in the order of promotion.
        plan: What was decided.
    """

    model: ModelSpec
    platform: RunPlatform
    environments: tuple[RunEnvironment, ...]
    plan: Decided

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.metadata.name


def read_spec(path: Path) -> RunSpec:
    """Return the resolved spec in a file.

    Raises:
        Mistake: There is none, or it is of another version of the charts.
    """
    try:
        return spec_of(json.loads(path.read_bytes()))
    except OSError as error:
        raise Mistake(f"{path} cannot be read: {error.strerror}; --spec names the model.json of the spec") from None
    except (ValueError, RecursionError) as error:
        reason = _first(error) if isinstance(error, ValidationError) else str(error)
        message = f"{path} is no spec of this version: {reason}; render the charts with the version that runs them"
        raise Mistake(message) from None


def spec_of(data: Mapping[str, Any]) -> RunSpec:
    """Return the resolved spec of plain data; pydantic's ValidationError if it is none."""
    return RunSpec.model_validate(data)


def _first(error: ValidationError) -> str:
    one = error.errors()[0]
    return ": ".join(filter(None, (".".join(map(str, one["loc"])), one["msg"])))
