"""What a model must achieve, how it is versioned and how its image is built."""

from typing import Literal

from pydantic import Field

from mlops_charts.spec.base import Block, Bool, Int, Number
from mlops_charts.spec.scalars import Entrypoint, ImageName, SecretName


class Slice(Block):
    """The rows that share a value of a column."""

    column: str = Field(min_length=1, description="The column whose values make the slices.")


class Gate(Block):
    """One thing that a version must achieve; min, max or both."""

    metric: str = Field(min_length=1, description="The metric.")
    min: Number | None = Field(None, description="The least that passes.")
    max: Number | None = Field(None, description="The most that passes.")
    cls: str | None = Field(None, alias="class", description="The class that the metric is taken of.")
    slice: Slice | None = Field(None, description="The gate holds in each slice by itself.")
    max_spread: Number | None = Field(None, gt=0, description="The most that the best and the worst slice may differ.")
    on: Literal["estimate", "lowerBound"] = Field(
        "estimate", description="Whether the estimate must pass or the bound of its confidence interval."
    )


class Champion(Block):
    """The comparison with the version that serves now, on the same rows."""

    metric: str = Field(min_length=1, description="The metric compared.")
    max_drop: Number = Field(
        0.01, ge=0, description="The most that the new version may be worse by, in the metric's unit."
    )
    confidence: Number = Field(0.95, ge=0.5, lt=1, description="Confidence of the paired test.")
    on_inconclusive: Literal["pass", "fail"] = Field(
        "pass", description="What happens when the rows are too few to tell."
    )


class Validation(Block):
    """What a trained model must show before it gets a version."""

    metrics: Entrypoint | None = Field(None, description="FILE.py:FUNCTION that computes further metrics.")
    min_rows: Int = Field(100, ge=1, description="The fewest test rows that a verdict may rest on.")
    gates: tuple[Gate, ...] = Field((), description="What must be achieved; none is a warning.")
    champion: Champion | None = Field(None, description="Comparison with the version that serves; none skips it.")
    approval: Literal["none", "manual"] = Field(
        "none", description="Whether a person must approve a release, by a commit."
    )


class Versioning(Block):
    """How a model is registered."""

    registered_model: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        examples=["iris"],
        description="Name in the registry; none is the model's name.",
    )
    bump: Literal["auto", "major", "minor", "patch"] = Field(
        "auto",
        description=(
            "The part of the version that rises; auto: major for a new signature, minor for code, params or "
            "columns, patch for data."
        ),
    )


class Scan(Block):
    """The search for known vulnerabilities in the image."""

    severity: tuple[Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"], ...] = Field(
        ("HIGH", "CRITICAL"), min_length=1, description="Severities that stop a release."
    )
    ignore_unfixed: Bool = Field(True, description="Whether those without a fix are let through.")


class Sign(Block):
    """The signature of the image."""

    mode: Literal["none", "key", "keyless"] = Field(
        "none", description="No signature, a key of your own, or the pod's identity."
    )
    secret: SecretName | None = Field(
        None, description="The Secret with cosign.key and cosign.password, for the mode key."
    )


class Build(Block):
    """How the image that serves a version is made."""

    image: ImageName | None = Field(
        None, description="Name of the image without a tag; none is the platform's registry and the model's name."
    )
    cache: Bool = Field(True, description="Whether layers are kept in the registry.")
    scan: Scan | None = Field(default_factory=Scan, description="The search for vulnerabilities; null leaves it out.")
    sign: Sign = Field(default_factory=Sign, description="The signature.")
    sbom: Bool = Field(True, description="Whether a bill of materials (CycloneDX) is made.")
    provenance: Bool = Field(True, description="Whether SLSA provenance is attested, where the image is signed.")
