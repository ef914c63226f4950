"""What a tick is told, and what it says that it did."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlops_charts.judge.verdict import Verdict
from mlops_charts.release import ReleaseState
from mlops_charts.release.asked import Place, ReleaseSpec, read_release_spec
from mlops_charts.release.git import Access
from mlops_charts.release.repository import Remote
from mlops_charts.releasing.evidence import plain
from mlops_charts.releasing.here import Here, read_here

if TYPE_CHECKING:
    from mlops_charts.steps.registry import Registry

Outcome = Literal["resting", "held", "overtaken", "moved"]


@dataclass(frozen=True)
class Asked:
    """What a tick is told.

    Attributes:
        spec: The model.
        place: The environment.
        remote: Where release files are.
        here: Where things are on a machine that stands for a cluster.
        environ: Variables of the environment.
    """

    spec: ReleaseSpec
    place: Place
    remote: Remote
    here: Here = field(default_factory=Here)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @classmethod
    def read(
        cls,
        spec: Path,
        environment: str,
        *,
        credentials: Path | None = None,
        signing_key: Path | None = None,
        here: Path | None = None,
    ) -> Asked:
        """Return what the command line says.

        Args:
            spec: release.json.
            environment: The environment.
            credentials: Folder with git's credentials.
            signing_key: Folder with the key that signs commits.
            here: File that says where things are on this machine.

        Raises:
            Mistake: A file cannot be read, or there is no such environment.
        """
        known, places = read_release_spec(spec), read_here(here) if here else Here()
        address = places.repository or known.repository.url
        remote = Remote(address, known.repository.branch, Access(credentials, signing_key))
        return cls(known, known.place(environment), remote, places)

    @property
    def path(self) -> str:
        """The release file."""
        return self.spec.path(self.place.name)

    @cached_property
    def registry(self) -> Registry:
        """MLflow, reached once it is needed: to load it takes seconds."""
        from mlops_charts.steps.registry import registry_at  # noqa: PLC0415 - loads the steps

        return registry_at(self.spec.tracking_uri, self.spec.registered_model, self.environ)


@dataclass(frozen=True)
class Ticked:
    """What a tick did.

    Attributes:
        outcome: resting: no release is in flight. held: nothing is to be done yet. overtaken: somebody else has changed
            the state meanwhile; the next tick decides anew. moved: the state has moved.
        message: The same in words, with the reason.
        environment: The environment.
        state: The state in git as far as this tick knows.
        event: What has happened to the release; empty if nothing.
        version: The version in flight; empty if none.
        evidence: Digest of the record behind it; empty without one.
        commit: The commit that has it; empty without one.
        verdict: What the judge says; None where it was not asked.
    """

    outcome: Outcome
    message: str
    environment: str
    state: ReleaseState
    event: str = ""
    version: str = ""
    evidence: str = ""
    commit: str = ""
    verdict: Verdict | None = None

    def told(self) -> dict[str, Any]:
        """Return it in short, without what is empty."""
        texts = {name: found for name, found in vars(self).items() if isinstance(found, str) and found}
        return {**texts, "phase": self.state.phase}

    def data(self) -> dict[str, Any]:
        """Return it as plain data, with the whole verdict."""
        verdict = plain(asdict(self.verdict)) if self.verdict else None
        return {**self.told(), "verdict": verdict}
