"""The whole state of a release in one environment, as `release-<environment>.yaml` holds it.

Every key is always present and there are no nulls: a template must never meet an absent value.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Phase = Literal[
    "none", "awaitingApproval", "warming", "canary", "shadow", "abTest", "promoting", "baking", "rollingBack", "settled"
]
SlotName = Literal["blue", "green"]
SLOTS: tuple[Literal["blue"], Literal["green"]] = ("blue", "green")


class _Record(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=False,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )

    def data(self) -> dict[str, Any]:
        """Return the record as it stands in the file."""
        return self.model_dump(mode="json", by_alias=True)


class Identity(_Record):
    """Which version a slot holds."""

    version: str = Field("", description="Semantic version.")
    image: str = Field("", description="Image by digest.")
    model_uri: str = Field("", description="Where a prepackaged server loads the model from.")
    run_id: str = Field("", description="MLflow run that made it.")
    code_digest: str = Field("", description="Digest of the code that made it.")
    data_digest: str = Field("", description="Digest of the data that it learned from.")


class Slot(Identity):
    """One of the two places for a version."""

    enabled: bool = Field(False, description="Whether its pods exist.")
    routed: bool = Field(False, description="Whether it stands in the route with its weight.")
    mirrored: bool = Field(False, description="Whether it gets a copy of the traffic whose answers nobody sees.")
    matched: bool = Field(False, description="Whether requests with the experiment's header go to it.")
    weight: int = Field(0, ge=0, le=100, description="Its share of the traffic, in percent.")
    min_replicas: int = Field(1, ge=1, description="The fewest pods under autoscaling.")


class Match(_Record):
    """The header that decides in an abTest."""

    header: str = Field("", description="Name of the request header.")
    value: str = Field("", description="Value of those who meet the new version.")


class ReleaseState(_Record):
    """The state of a release in one environment."""

    phase: Phase = Field("none", description="What is going on.")
    stable: Literal["none", "blue", "green"] = Field("none", description="The slot that answers users.")
    in_flight: bool = Field(False, description="Whether the judge's CronJob exists.")
    paused: bool = Field(False, description="Whether a person holds the release.")
    step: int = Field(0, ge=0, description="The step of the canary, from 0.")
    started_at: str = Field("", description="When the release started, in UTC.")
    step_started_at: str = Field("", description="When its step started, in UTC.")
    match: Match = Field(default_factory=Match, description="The experiment's header.")
    policy: dict[str, Any] = Field({}, description="Steps, interval and checks as they were when the release started.")
    rejected: tuple[dict[str, Any], ...] = Field(
        (), description="Versions that are not released again until a person says so."
    )
    blue: Slot = Field(default_factory=Slot, description="The slot blue.")
    green: Slot = Field(default_factory=Slot, description="The slot green.")

    def slot(self, name: SlotName) -> Slot:
        """Return one of the two slots."""
        return self.blue if name == "blue" else self.green


def nothing_released() -> ReleaseState:
    """Return the state before the first release."""
    return ReleaseState()
