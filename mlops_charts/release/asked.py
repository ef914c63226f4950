"""What the judge is told of a model and its cluster: `release.json`, which the serving chart mounts into its pod."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from mlops_charts.errors import Mistake
from mlops_charts.release.phases import Ingress
from mlops_charts.release.policy import Policy
from mlops_charts.release.state import SLOTS


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True)


def _moment(given: str) -> str:
    if datetime.fromisoformat(given).tzinfo is None:
        raise ValueError("it has no time zone")
    return given


def _by_slot(given: dict[str, str]) -> dict[str, str]:
    if missing := set(SLOTS) - given.keys():
        raise ValueError(f"it does not say {' and '.join(sorted(missing))}")
    return given


class Freeze(_Part):
    """A time in which no release starts or advances.

    Attributes:
        from_: Its beginning, RFC 3339.
        to: Its end.
    """

    from_: Annotated[str, AfterValidator(_moment)] = Field(alias="from")
    to: Annotated[str, AfterValidator(_moment)]


class Place(_Part):
    """One environment.

    Attributes:
        name: The environment.
        namespace: Where the model is served.
        policy: By what a release that starts now is carried out and judged.
        approval: Whether a person must agree before a release starts here.
        freeze: Times in which no release starts or advances.
        autoscaled: Whether an autoscaler decides how many pods there are.
        replicas: Pods of each slot without an autoscaler, with one the fewest.
    """

    name: str
    namespace: str
    policy: Policy
    approval: bool
    freeze: tuple[Freeze, ...]
    autoscaled: bool
    replicas: int


class Repository(_Part):
    """Where release files are.

    Attributes:
        url: The repository.
        branch: The branch with the release files.
        folder: The folder of the serving chart, from the top of the repository.
    """

    url: str
    branch: str
    folder: str


class ReleaseSpec(_Part):
    """All that release commands know of a model.

    Attributes:
        model: Its name.
        registered_model: Its name in MLflow.
        tracking_uri: MLflow's address.
        ingress: How traffic is divided.
        prometheus: Prometheus' address; empty without one.
        runtime: What serves.
        protocol: What is spoken to it.
        executor: Whether Seldon's executor stands before the model.
        deployments: By slot, the name of the Deployment that Seldon makes.
        services: By slot, the name of the Service that Seldon makes.
        service_port: Port of those Services.
        route: Name of the HTTPRoute; empty where there is none.
        repository: Where release files are.
        environments: In the order of promotion.
    """

    model: str
    registered_model: str
    tracking_uri: str
    ingress: Ingress
    prometheus: str
    runtime: Literal["python", "seldon-core", "sklearn", "mlflow"]
    protocol: Literal["v2", "seldon"]
    executor: bool
    deployments: Annotated[dict[str, str], AfterValidator(_by_slot)]
    services: Annotated[dict[str, str], AfterValidator(_by_slot)]
    service_port: int
    route: str
    repository: Repository
    environments: tuple[Place, ...]

    def place(self, environment: str) -> Place:
        """Return one environment; Mistake if the model is not served there."""
        found = next((place for place in self.environments if place.name == environment), None)
        if found is None:
            known = ", ".join(place.name for place in self.environments)
            raise Mistake(f"{self.model} is not served in {environment}; its environments are {known}")
        return found

    def following(self, environment: str) -> Place | None:
        """Return the environment that a version goes to from another one; None after the last."""
        names = [place.name for place in self.environments]
        index = names.index(environment) + 1
        return self.environments[index] if index < len(names) else None

    def path(self, environment: str) -> str:
        """Return the path of an environment's release file, from the top of the repository."""
        return f"{self.repository.folder}/release-{environment}.yaml"


def read_release_spec(path: Path) -> ReleaseSpec:
    """Return the spec in a file.

    Raises:
        Mistake: There is none, or it is of another version of the charts.
    """
    try:
        return release_spec_of(json.loads(path.read_bytes()))
    except OSError as error:
        raise Mistake(f"{path} cannot be read: {error.strerror}; --spec names the release.json of the model") from None
    except (ValueError, RecursionError) as error:
        message = f"{path} is no release.json of this version: {_first(error)}"
        raise Mistake(f"{message}; render the charts with the version that runs them") from None


def release_spec_of(data: dict[str, Any]) -> ReleaseSpec:
    """Return the spec of plain data; pydantic's ValidationError if it is none."""
    return ReleaseSpec.model_validate(data)


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    one = error.errors()[0]
    return ": ".join(filter(None, (".".join(map(str, one["loc"])), one["msg"])))
