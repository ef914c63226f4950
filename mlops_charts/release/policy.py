"""By what a release is carried out and judged: decided when it starts, and kept in its state until it ends."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Strategy = Literal["canary", "shadow", "abTest", "blueGreen"]
Metric = Literal["errorRate", "latency", "predictionDrift", "business"]


class _Part(BaseModel):
    # A release in flight may have been started by an older or a newer version of this library.
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True)


class PolicyCheck(_Part):
    """One comparison, every margin decided; a field that is not of its metric is None.

    Attributes:
        metric: What is compared.
        critical: Whether a failure ends the release at once, and not only at the end of its interval.
        max_increase_points: errorRate: the most it may rise, in percentage points.
        quantile: latency: the quantile compared.
        max_ratio: latency: the most that the quantile may grow, as a ratio.
        max_psi: predictionDrift: the largest population stability index.
        name: business: the name of the figure.
        success: business: PromQL that counts successes; {slot} stands for the version's slot.
        total: business: PromQL that counts trials.
        max_drop_percent: business: the most that the rate may fall, in percent of itself.
    """

    metric: Metric
    critical: bool = False
    max_increase_points: float | None = None
    quantile: float | None = None
    max_ratio: float | None = None
    max_psi: float | None = None
    name: str | None = None
    success: str | None = None
    total: str | None = None
    max_drop_percent: float | None = None

    @property
    def title(self) -> str:
        """What the check is called: errorRate, latency p95, predictionDrift, business conversion."""
        if self.metric == "latency":
            return f"latency p{100 * (self.quantile or 0):g}"
        return f"business {self.name}" if self.metric == "business" else self.metric


class Policy(_Part):
    """How a release goes, from its start to its end.

    Attributes:
        strategy: How the new version meets traffic.
        steps: canary: percent of the traffic, rising.
        interval_seconds: The least time at each step.
        bake_seconds: How long the old version stays warm after promotion.
        max_duration_seconds: A release still undecided after this is rolled back.
        confidence: Chance that neither an equal version is rolled back, nor one worse by a margin let through.
        power: Chance that an equal version is recognised with the planned samples.
        expected_requests_per_second: Traffic of the model, for the plan of samples.
        on_no_data: What happens where there is nothing to judge by.
        checks: What is compared.
        header: abTest: name of the request header that carries the variant; else empty.
        value: abTest: its value of those who meet the new version; else empty.
        executor: Whether Seldon's executor measures, and not our server.
    """

    strategy: Strategy
    steps: tuple[int, ...] = ()
    interval_seconds: float = Field(ge=0)
    bake_seconds: float = Field(ge=0)
    max_duration_seconds: float = Field(gt=0)
    confidence: float = Field(0.95, ge=0.5, lt=1)
    power: float = Field(0.8, ge=0.5, lt=1)
    expected_requests_per_second: float = Field(20, gt=0)
    on_no_data: Literal["hold", "rollback"] = "hold"
    checks: tuple[PolicyCheck, ...] = ()
    header: str = ""
    value: str = ""
    executor: bool = False

    @property
    def stages(self) -> int:
        """How often the new version is judged before it is promoted."""
        return {"canary": len(self.steps), "blueGreen": 0}.get(self.strategy, 1)
