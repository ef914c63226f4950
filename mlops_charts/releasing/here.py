"""A machine that stands for a cluster: where a tick finds there what it would otherwise find by names of Kubernetes.

A local run writes such a file; in a cluster there is none. It must not know who starts what the addresses lead to.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from mlops_charts.errors import Mistake


class Here(BaseModel):
    """Where things are on this machine; whatever is left out is as in a cluster.

    Attributes:
        api_server: Address of what answers as the API server does: GET of the Deployments by name, of the HTTPRoute and
            of the SeldonDeployment, in the namespace of the environment. It is asked without a token.
        services: By slot, address of what stands for Seldon's Service of it.
        metrics: By slot, addresses of the metrics of all its pods. They are scraped, and Prometheus is not asked.
        journal: Folder in which scraped counters are kept from tick to tick.
        repository: The bare repository with the release files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)

    api_server: str | None = Field(None, pattern=r"^http://(127\.0\.0\.1|localhost|\[::1\]):[0-9]+/?$")
    services: dict[str, str] = {}
    metrics: dict[str, tuple[str, ...]] = {}
    journal: Path | None = None
    repository: str | None = None


def read_here(path: Path) -> Here:
    """Return what a file says of this machine; Mistake if it cannot be read."""
    try:
        return Here.model_validate_json(path.read_bytes())
    except OSError as error:
        raise Mistake(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise Mistake(f"{path}: {': '.join(filter(None, (where, first['msg'])))}") from None
