"""What a run and a version are, as MLflow's tags say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlops_charts import contract


@dataclass(frozen=True)
class Run:
    """A run of the pipeline, or a trial below it.

    Attributes:
        id: MLflow's.
        code: Digest of the code; empty for a trial.
        data: Digest of the data; empty for a trial.
        stage: One of contract.PROGRESS; empty while nobody has claimed it, and for a trial.
        version: The semantic version that came of it; empty before.
        commit: The git commit.
        started: When it was opened, in milliseconds since 1970.
        artifacts: Address of its artifacts.
        tags: All of them.
        params: As they were logged.
        metrics: The latest of each.
    """

    id: str
    code: str
    data: str
    stage: str
    version: str
    commit: str
    started: int
    artifacts: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]

    @property
    def finished(self) -> bool:
        """Whether it has a version that was handed to releases."""
        return self.stage == contract.PROGRESS[-1]

    def reached(self, stage: str) -> bool:
        """Return whether it has come as far as a stage."""
        return rank(self.stage) >= rank(stage)


@dataclass(frozen=True)
class Version:
    """A version in the registry.

    Attributes:
        number: The registry's counter.
        version: Semantic version; empty while it is being decided.
        run_id: The run that made it.
        code: Digest of the code.
        data: Digest of the data.
        image: Image that serves, without a digest.
        image_digest: `sha256:...`.
        commit: The git commit.
        source: Address of the saved model.
        tags: All of them.
        aliases: Those that point at it.
    """

    number: int
    version: str
    run_id: str
    code: str
    data: str
    image: str
    image_digest: str
    commit: str
    source: str
    tags: Mapping[str, str]
    aliases: tuple[str, ...]


def run_of(found: Any) -> Run:
    """Return a run of MLflow as we know it."""
    tags, info = found.data.tags, found.info
    return Run(
        id=info.run_id,
        code=tags.get(contract.TAG_CODE, ""),
        data=tags.get(contract.TAG_DATA, ""),
        stage=tags.get(contract.TAG_STAGE, ""),
        version=tags.get(contract.TAG_VERSION, ""),
        commit=tags.get(contract.TAG_COMMIT, ""),
        started=info.start_time,
        artifacts=info.artifact_uri,
        tags=tags,
        params=found.data.params,
        metrics=found.data.metrics,
    )


def version_of(found: Any, pointing: Mapping[str, Any]) -> Version:
    """Return a version of MLflow as we know it.

    Args:
        found: MLflow's.
        pointing: The number that each alias of the model points at; what a search gives has no aliases.
    """
    tags = found.tags
    return Version(
        number=int(found.version),
        version=tags.get(contract.TAG_VERSION, ""),
        run_id=found.run_id,
        code=tags.get(contract.TAG_CODE, ""),
        data=tags.get(contract.TAG_DATA, ""),
        image=tags.get(contract.TAG_IMAGE, ""),
        image_digest=tags.get(contract.TAG_IMAGE_DIGEST, ""),
        commit=tags.get(contract.TAG_COMMIT, ""),
        source=found.source,
        tags=tags,
        aliases=tuple(name for name, number in pointing.items() if int(number) == int(found.version)),
    )


def age(run: Run) -> tuple[int, str]:
    """Return what orders runs by age; older is less."""
    return run.started, run.id


def rank(stage: str) -> int:
    """Return how far a stage is; that of nobody's run is -1."""
    return contract.PROGRESS.index(stage) if stage in contract.PROGRESS else -1
