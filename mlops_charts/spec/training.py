"""How a model is trained: code, data, resources, search, and the steps people add."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from mlops_charts.spec.base import Block, Bool, Int, Number
from mlops_charts.spec.scalars import (
    Bytes,
    Cores,
    Cron,
    Duration,
    Entrypoint,
    EnvironmentVariable,
    Image,
    Label,
    SecretName,
    ShortLabel,
)
from mlops_charts.spec.words import describe, refuse

Task = Literal["classification", "regression", "ranking", "custom"]


def _check_parameter(found: Any) -> Any:
    items = found if isinstance(found, list | tuple) else (found,)
    if not all(item is None or isinstance(item, str | int | float | bool) for item in items):
        raise refuse(
            "wrong-type",
            f"found {describe(found)}, expected a parameter",
            "text, a number, true, false, or a list of them",
        )
    return tuple(found) if isinstance(found, list) else found


Scalar = Annotated[
    Any, AfterValidator(_check_parameter), WithJsonSchema({"type": ["string", "number", "boolean", "null", "array"]})
]


class Resources(Block):
    """What one pod may use: requests, and the limits that follow from them."""

    cpu: Cores = Field("1", description="Processor, in cores or thousandths of one (500m).")
    memory: Bytes = Field("1Gi", description="Memory, in bytes with a unit; request and limit alike.")
    gpu: Int = Field(0, ge=0, le=16, description="Whole GPUs, of the resource that platform.yaml names.")
    ephemeral_storage: Bytes = Field("2Gi", description="Scratch disk, in bytes with a unit.")


class OutOfMemory(Block):
    """What a step gets when it ran out of memory."""

    factor: Number = Field(2, gt=1, le=8, description="The memory of each retry, as a multiple of the one before.")
    max: Bytes = Field("8Gi", description="The most memory that a retry may ask for.")


class Retries(Block):
    """How often a step that failed for no fault of its own is tried again."""

    limit: Int = Field(2, ge=0, le=10, description="Retries of one step.")
    on_out_of_memory: OutOfMemory = Field(default_factory=OutOfMemory, description="How memory grows with each retry.")


class SpaceRange(Block):
    """The values that a search tries for one parameter; exactly one of the kinds."""

    int: tuple[Int, Int] | None = Field(None, description="Whole numbers from the first to the second, both included.")
    float: tuple[Number, Number] | None = Field(None, description="Numbers between the two, evenly.")
    log_float: tuple[Number, Number] | None = Field(
        None, description="Numbers between the two, evenly in their logarithm."
    )
    choice: tuple[Scalar, ...] | None = Field(None, description="One of these.")


class Search(Block):
    """A search for good parameters: trials at the points of a seeded Sobol sequence, in parallel pods."""

    trials: Int = Field(20, ge=1, le=1000, description="Points to try.")
    parallel: Int = Field(4, ge=1, le=100, description="Trials that run at the same time.")
    metric: str = Field(min_length=1, description="The metric that the best trial has most of.")
    direction: Literal["maximize", "minimize"] = Field(
        "maximize", description="Whether more of the metric is better, or less."
    )
    space: dict[str, SpaceRange] = Field(min_length=1, description="Parameters of the training and the values to try.")


class Split(Block):
    """How the rows are divided into those to train on and those to judge by."""

    test: Number = Field(0.2, gt=0, lt=1, description="Share of the rows that the model never sees in training.")
    by: Literal["random", "stratified", "group", "time", "given"] = Field(
        "random", description="What decides where a row goes."
    )
    column: str | None = Field(
        None, description="The column of the group, the time or the given split (values train and test)."
    )


class Data(Block):
    """The rows: where they are and which column is to be predicted."""

    uri: str = Field(
        pattern=(
            r"^(sklearn://[a-z0-9_]+|file://[^\s]+|s3://[^\s/]+/[^\s]+"
            r"|python://[^\s:]+\.py:[A-Za-z_][A-Za-z0-9_]*)$"
        ),
        examples=["sklearn://iris"],
        description=(
            "sklearn://NAME, file://PATH in the model's folder, s3://BUCKET/KEY (CSV or Parquet) or "
            "python://FILE.py:FUNCTION."
        ),
    )
    target: str = Field("target", min_length=1, description="The column to predict.")
    exclude: tuple[str, ...] = Field((), description="Columns that are no features.")
    split: Split = Field(default_factory=Split, description="How rows are divided into training and test.")


class SecretVariable(Block):
    """One key of a Secret of the namespace as an environment variable."""

    name: SecretName = Field(description="The Secret.")
    key: str = Field(
        min_length=1,
        max_length=253,
        pattern=r"^\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$",
        examples=["password"],
        description="The key in it.",
    )
    env: EnvironmentVariable = Field(description="The variable that carries it.")


class Toleration(Block):
    """A taint that the pods put up with; the fields are Kubernetes' own."""

    key: str | None = Field(None, description="The taint's key; none means every key.")
    operator: Literal["Exists", "Equal"] = Field("Equal", description="Whether the value counts.")
    value: str | None = Field(None, description="The taint's value.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="The effect; none means every one."
    )
    toleration_seconds: Int | None = Field(None, ge=0, description="Seconds that a NoExecute taint is put up with.")


class Training(Block):
    """How the model is made."""

    entrypoint: Entrypoint = Field(
        "train.py:train", description="FILE.py:FUNCTION; train(X, y, context) returns a fitted estimator."
    )
    task: Task = Field("classification", description="What is predicted, which decides the metrics.")
    framework: Literal["sklearn", "xgboost", "lightgbm", "torch", "onnx", "custom"] = Field(
        "sklearn", description="What the estimator is made with."
    )
    params: dict[str, Scalar] = Field({}, description="Parameters handed to the entrypoint as context.params.")
    seed: Int = Field(0, ge=0, le=2**32 - 1, description="Seed of every random generator.")
    search: Search | None = Field(None, description="A search for better params; none trains once.")
    data: Data = Field(description="The rows to learn from.")
    requirements: str | None = Field(
        None,
        pattern=r"^[^\s/][^\s]*$",
        examples=["requirements.txt"],
        description="File of further packages, every line pinned exactly; an environment image is built from it.",
    )
    image: Image | None = Field(None, description="An image of your own for the steps that run the model's code.")
    source_exclude: tuple[str, ...] = Field(
        (), description="Patterns of files that are no source, besides model.yaml, *.md, notebooks and caches."
    )
    resources: Resources = Field(default_factory=Resources, description="What a training pod may use.")
    retries: Retries = Field(default_factory=Retries, description="When a step is tried again.")
    node_selector: dict[str, str] = Field({}, description="Labels of the nodes to train on.")
    tolerations: tuple[Toleration, ...] = Field((), description="Taints that training puts up with.")
    affinity: dict[str, Any] = Field({}, description="Kubernetes' own affinity, as it stands in a pod.")
    priority_class_name: Label | None = Field(None, description="The PriorityClass of the pods.")
    env: dict[EnvironmentVariable, str] = Field({}, description="Environment variables with plain values.")
    secrets: tuple[SecretVariable, ...] = Field((), description="Environment variables from Secrets.")
    schedule: Cron | None = Field(
        None, description="When to retrain if the data changed; five cron fields, in the platform's time zone."
    )
    timeout: Duration = Field("2h", description="The longest that training, or one trial of a search, may take.")
    allow_pickle: Bool = Field(
        False, description="Whether a model that neither ONNX nor skops can hold may be pickled."
    )
    trusted_types: tuple[str, ...] = Field((), description="Types that skops may load, besides those of its own list.")


def _one_word(found: Any) -> Any:
    return (found,) if isinstance(found, str) else found


Command = Annotated[tuple[str, ...], BeforeValidator(_one_word, json_schema_input_type=str | tuple[str, ...])]


class ExtraStep(Block):
    """A step of your own in the pipeline."""

    name: ShortLabel = Field(description="The step.")
    after: str | None = Field(None, description="The step it follows; exactly one of after and before.")
    before: str | None = Field(None, description="The step it precedes.")
    image: Image = Field(description="Where it runs.")
    command: Annotated[tuple[str, ...], BeforeValidator(_one_word, json_schema_input_type=str | tuple[str, ...])] = (
        Field(min_length=1, description="The program and its arguments; no shell.")
    )
    inputs: tuple[str, ...] = Field((), description="Artifacts of earlier steps that it reads, below /inputs.")
    outputs: tuple[ShortLabel, ...] = Field((), description="Artifacts that it writes, below /outputs.")
    resources: Resources = Field(default_factory=Resources, description="What its pod may use.")


class Pipeline(Block):
    """What is added to the pipeline."""

    steps: tuple[ExtraStep, ...] = Field((), description="Steps of your own.")
