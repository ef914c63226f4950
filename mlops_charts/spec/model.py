"""model.yaml: all that may be said of one model."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from mlops_charts.spec.base import Block
from mlops_charts.spec.operation import Monitoring, Release, Serving
from mlops_charts.spec.overrides import partial
from mlops_charts.spec.quality import Build, Validation, Versioning
from mlops_charts.spec.scalars import ModelName, ShortLabel
from mlops_charts.spec.training import Pipeline, Training
from mlops_charts.spec.words import describe, refuse

API_VERSION = "mlops-charts/v1"


class Metadata(Block):
    """What the model is called and whose it is."""

    name: ModelName = Field(description="The model; also the name of its folder. A DNS label of at most 30 characters.")
    owner: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$",
        examples=["team-flowers"],
        description="The team that answers for it.",
    )
    description: str = Field("", max_length=500, description="What it predicts, in a sentence.")
    labels: dict[str, str] = Field({}, description="Labels on every object.")
    annotations: dict[str, str] = Field({}, description="Annotations on every object.")


if TYPE_CHECKING:
    Overrides = Block
else:
    Overrides = partial("Overrides", {"serving": Serving, "release": Release, "monitoring": Monitoring})


class Environment(Block):
    """A place where the model is served."""

    name: ShortLabel = Field(description="An environment of platform.yaml.")
    overrides: Overrides | None = Field(
        None, description="What differs there; only fields that the schema marks as overridable."
    )


def _named(found: Any) -> Any:
    if not isinstance(found, str | dict | Environment):
        raise refuse(
            "wrong-type",
            f"found {describe(found)}, expected an environment",
            "its name, or {name: ..., overrides: ...}",
        )
    return {"name": found} if isinstance(found, str) else found


EnvironmentOrName = Annotated[Environment, BeforeValidator(_named, json_schema_input_type=ShortLabel | Environment)]


class ModelSpec(Block):
    """One model: how it is trained, judged, built, served, released and watched."""

    api_version: Literal["mlops-charts/v1"] = Field("mlops-charts/v1", description="The version of this format.")
    kind: Literal["Model"] = Field("Model", description="What the file describes.")
    metadata: Metadata = Field(description="What the model is called and whose it is.")
    training: Training = Field(description="How it is made.")
    pipeline: Pipeline = Field(default_factory=Pipeline, description="Steps of your own.")
    validation: Validation = Field(default_factory=Validation, description="What it must achieve.")
    versioning: Versioning = Field(default_factory=Versioning, description="How it is registered.")
    build: Build = Field(default_factory=Build, description="How its image is made.")
    serving: Serving = Field(default_factory=Serving, description="What answers the users.")
    release: Release = Field(default_factory=Release, description="How a new version takes over.")
    monitoring: Monitoring = Field(default_factory=Monitoring, description="What is watched.")
    environments: tuple[EnvironmentOrName, ...] = Field(
        (),
        description=(
            "Where it is served, in the order of promotion; none means every environment of platform.yaml, in its "
            "order."
        ),
    )
