"""capacity.json: what one pod of a model carries, as it was measured; people commit it beside model.yaml."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from mlops_charts.errors import MlopsChartsError
from mlops_charts.workspace.write import replace_text

CAPACITY: Final = "capacity.json"
LATE: Final = 0.01  # seconds; beyond it who asked was short of processor time itself


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)


class Machine(_Part):
    """What it was measured on; who asked ran on the same one."""

    processor: str = Field(description="As the system names it.")
    cores: int = Field(ge=1, description="Cores that server and who asked it had together.")
    memory_bytes: int = Field(ge=0, description="Memory of the machine, in bytes.")
    system: str = Field(description="System and architecture.")
    python: str = Field(description="Version of Python.")


class Pod(_Part):
    """What was measured."""

    workers: int = Field(ge=1, description="Processes that answer.")
    rows_per_request: int = Field(ge=1, description="Rows of each request.")
    memory_bytes: int = Field(ge=0, description="The most memory of all its processes, in bytes; 0 if nothing says.")
    options: tuple[str, ...] = Field((), description="What the server was started with.")


class Objective(_Part):
    """How fast answers must be."""

    quantile: float = Field(gt=0, lt=1, description="Share of the requests that must be as fast.")
    seconds: float = Field(gt=0, description="The longest that they may take.")


class Level(_Part):
    """One rate of requests, and what came of it."""

    offered: float = Field(gt=0, description="Requests per second that were due.")
    answered: float = Field(ge=0, description="Requests per second that got an answer.")
    share: float = Field(ge=0, le=1, description="Share of the requests that got one.")
    p50: float | None = Field(description="Seconds from due to answered, median; null if nothing was answered.")
    p99: float | None = Field(description="The same, 99th percentile.")
    at_objective: float | None = Field(description="The same, at the quantile of the objective.")
    cpu_seconds: float = Field(ge=0, description="Processor time of one request, in seconds; 0 if nothing says.")
    late: float = Field(ge=0, description="Seconds by which who asked was late, 99th percentile.")


class Capacity(_Part):
    """What one pod carries."""

    model: str = Field(description="The model.")
    measured: datetime = Field(description="When.")
    server: str = Field(description="Version of mlops-charts.")
    machine: Machine
    pod: Pod
    objective: Objective
    saturation: float = Field(gt=0, description="The most requests per second that were answered at any rate.")
    at_objective: Level | None = Field(description="The highest rate within the objective; null if none was.")
    levels: tuple[Level, ...] = Field(description="All rates, rising.")


class UnreadableCapacity(MlopsChartsError):  # noqa: N818 - it says what is so
    """capacity.json is not what this version writes."""


def read_capacity(folder: Path) -> Capacity | None:
    """Return what stands in a model's folder; None if nothing does.

    Raises:
        UnreadableCapacity: It is none of this version.
    """
    try:
        return Capacity.model_validate_json((folder / CAPACITY).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UnreadableCapacity(f"{CAPACITY} is none of this version ({reason}); measure it again") from None


def write_capacity(folder: Path, capacity: Capacity) -> Path:
    """Write capacity.json into a model's folder and return its path."""
    path = folder / CAPACITY
    replace_text(path, capacity.model_dump_json(indent=2, by_alias=True) + "\n")
    return path


def capacity_schema() -> str:
    """Return the JSON Schema of capacity.json."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Capacity.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"
