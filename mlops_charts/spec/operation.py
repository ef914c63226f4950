"""How a version is served, released and watched."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from mlops_charts.spec.base import Block, Bool, Int, Number, overridable
from mlops_charts.spec.scalars import Bytes, Cores, Duration, Entrypoint
from mlops_charts.spec.words import describe, refuse


class ServingResources(Block):
    """What one serving pod may use."""

    cpu: Cores = overridable("500m", description="Processor, in cores or thousandths of one.")
    memory: Bytes = overridable("512Mi", description="Memory, in bytes with a unit; request and limit alike.")
    gpu: Int = overridable(0, ge=0, le=16, description="Whole GPUs, of the resource that platform.yaml names.")


class Autoscaling(Block):
    """How many pods there are, by load; exactly one of the two targets."""

    min: Int = overridable(2, ge=1, le=1000, description="The fewest pods of each version.")
    max: Int = overridable(10, ge=1, le=1000, description="The most pods of each version.")
    cpu_percent: Int | None = overridable(
        None, ge=1, le=100, description="Processor use that is aimed at, in percent of the request."
    )
    requests_per_second: Number | None = overridable(
        None, gt=0, description="Requests per second and pod that are aimed at; needs keda in platform.yaml."
    )


class Batching(Block):
    """How requests that arrive together are computed together."""

    max_size: Int = overridable(64, ge=1, le=4096, description="The most rows of one batch.")
    max_delay: Duration = overridable(
        "2ms", description="The longest that a request waits for others while a batch is computed."
    )


class RequestLog(Block):
    """A sample of what was asked and answered, for labels that come later."""

    sample: Number = overridable(0, ge=0, le=1, description="Share of the requests that is kept; 0 keeps none.")
    features: Bool = overridable(False, description="Whether the inputs are kept too.")
    retain: Duration = overridable("720h", description="How long it is kept.")


class Serving(Block):
    """What answers the users."""

    runtime: Literal["python", "seldon-core", "sklearn", "mlflow"] = Field(
        "python", description="Our server, Seldon's Python wrapper, or one of Seldon's prepackaged servers."
    )
    entrypoint: Entrypoint | None = Field(
        None, description="FILE.py:CLASS with predict(inputs), for pre- and post-processing of your own."
    )
    protocol: Literal["v2", "seldon"] = Field("v2", description="The Open Inference Protocol, or Seldon's first one.")
    replicas: Int = overridable(2, ge=1, le=1000, description="Pods of each version; not together with autoscaling.")
    autoscaling: Autoscaling | None = overridable(None, description="Pods by load, instead of replicas.")
    non_finite: Literal["reject", "missing"] = Field(
        "reject", description="What NaN and infinities of an input are: an error, or a missing value."
    )
    resources: ServingResources = overridable(default_factory=ServingResources, description="What one pod may use.")
    batching: Batching = overridable(default_factory=Batching, description="Requests computed together.")
    timeout: Duration = overridable("5s", description="The longest that a request may take.")
    request_log: RequestLog = overridable(default_factory=RequestLog, description="Sample of requests that is kept.")


class AbTest(Block):
    """An experiment with users that stay with the version they met first."""

    header: str = Field(
        pattern=r"^[A-Za-z0-9-]{1,64}$", examples=["x-user"], description="The request header that carries the variant."
    )
    value: str = Field(
        "candidate",
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        examples=["candidate"],
        description="The header's value of those who meet the new version.",
    )


class Check(Block):
    """One comparison of the new version with the one that serves, over the same minutes."""

    metric: Literal["errorRate", "latency", "predictionDrift", "business"] = Field(description="What is compared.")
    critical: Bool = Field(False, description="Whether a failure ends the release at once.")
    max_increase_points: Number | None = Field(
        None, gt=0, le=100, description="errorRate: the most it may rise, in percentage points."
    )
    quantile: Number | None = Field(None, gt=0, lt=1, description="latency: the quantile compared.")
    max_ratio: Number | None = Field(
        None,
        gt=1,
        description=(
            "latency: the most that the quantile may grow, as a ratio; none is 1.2, or 2.5 where Seldon's executor "
            "measures."
        ),
    )
    max_psi: Number | None = Field(None, gt=0, description="predictionDrift: the largest population stability index.")
    name: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_-]{1,40}$", examples=["conversion"], description="business: the name of the figure."
    )
    success: str | None = Field(
        None, description="business: PromQL that counts successes; {slot} stands for the version."
    )
    total: str | None = Field(None, description="business: PromQL that counts trials; {slot} stands for the version.")
    max_drop_percent: Number | None = Field(
        None, gt=0, le=100, description="business: the most that the rate may fall, in percent of itself."
    )


def _default_checks() -> tuple[Check, ...]:
    return (
        Check(metric="errorRate", max_increase_points=1.0, critical=True),
        Check(metric="latency", quantile=0.95),
        Check(metric="predictionDrift", max_psi=0.2),
    )


class Analysis(Block):
    """How a release is judged."""

    confidence: Number = overridable(
        0.95, ge=0.5, lt=1, description="Confidence that a version let through is not worse than its margins."
    )
    power: Number = overridable(
        0.8, ge=0.5, lt=1, description="Chance that an equally good version is recognised with the planned samples."
    )
    checks: tuple[Check, ...] = overridable(default_factory=_default_checks, description="What is compared.")


class Release(Block):
    """How a new version takes over."""

    strategy: Literal["canary", "shadow", "abTest", "blueGreen"] = overridable(
        "canary", description="How the new version meets traffic."
    )
    ab_test: AbTest | None = overridable(None, description="The experiment, for the strategy abTest.")
    steps: tuple[Int, ...] = overridable(
        (5, 25, 50), min_length=1, description="Percent of the traffic that goes to the new version, step by step."
    )
    interval: Duration = overridable("5m", description="The least time at each step.")
    expected_requests_per_second: Number = overridable(
        20, gt=0, description="Traffic of the model, for the plan of samples."
    )
    bake: Duration = overridable("30m", description="How long the old version stays warm after promotion.")
    analysis: Analysis = overridable(default_factory=Analysis, description="The judgement.")
    on_no_data: Literal["hold", "rollback"] = overridable(
        "hold", description="What happens when there is nothing to judge by; it is never a pass."
    )
    max_duration: Duration = overridable("6h", description="A release still undecided after this is rolled back.")


def _check_features(found: Any) -> Any:
    if isinstance(found, list | tuple) and found and all(isinstance(item, str) for item in found):
        return tuple(found)
    if found != "all":
        raise refuse("wrong-type", f"found {describe(found)}, expected features", "all, or a list of columns")
    return found


Features = Annotated[
    Any,
    AfterValidator(_check_features),
    WithJsonSchema(
        {"anyOf": [{"const": "all", "type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
    ),
]


class Drift(Block):
    """When inputs and predictions have moved away from those of the training."""

    max_psi: Number = overridable(0.2, gt=0, description="The largest population stability index without an alert.")
    window: Duration = overridable("1h", description="The time over which it is taken.")
    features: Features = Field("all", description="The features watched: all, or a list.")


class LatencyObjective(Block):
    """How fast answers must be."""

    quantile: Number = overridable(0.99, gt=0, lt=1, description="Share of the requests that must be as fast.")
    max: Duration = overridable("100ms", description="The longest that they may take.")


class Objectives(Block):
    """What users are promised."""

    availability_percent: Number = overridable(
        99.9, gt=0, lt=100, description="Share of the requests answered without an error of the server, in percent."
    )
    latency: LatencyObjective = overridable(default_factory=LatencyObjective, description="The promise of speed.")


class Monitoring(Block):
    """What is watched, and when somebody is called."""

    drift: Drift = overridable(default_factory=Drift, description="Drift of inputs and predictions.")
    objectives: Objectives = overridable(default_factory=Objectives, description="Promises whose breach is an alert.")
    dashboard: Bool = Field(True, description="Whether a Grafana dashboard is made.")
