"""What was asked of a run, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlops_charts.local.records import Told
from mlops_charts.problems import Problem


def _nobody(_line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Asked:
    """What was asked of a run.

    Attributes:
        path: A model.yaml or its folder; None for the only model of the repository.
        platform: The platform.yaml to use; None for the nearest one.
        assignments: Fields of model.yaml for this run alone, `training.seed=1`.
        trigger: What started it, one of contract.TRIGGERS.
        first: The step to begin with; empty for the first.
        last: The step to end with; empty for the last.
        keep: Whether the folders of tasks stay.
        builder: What builds images: auto, none, docker, podman or buildah.
        environments: Where the version is released on this machine; nothing for the first one, `all` for all.
        release: Whether it is released at all once it was handed to releases.
        fresh: Whether the repository of releases begins anew.
        bad: What a bad version does, errors, latency or drift, that is made and released instead; empty for none.
    """

    path: Path | None = None
    platform: Path | None = None
    assignments: tuple[str, ...] = ()
    trigger: str = "commit"
    first: str = ""
    last: str = ""
    keep: bool = False
    builder: str = "auto"
    environments: tuple[str, ...] = ()
    release: bool = True
    fresh: bool = False
    bad: str = ""


@dataclass(frozen=True)
class Listener:
    """Who hears what happens.

    Attributes:
        told: Of every change of a step.
        say: Of all else, a line.
        warn: Of problems that are no errors.
        begins: Of the steps that there are, before the first begins.
        live: Of what is going on right now, in a line that the next one replaces.
    """

    told: Told
    say: Callable[[str], None]
    warn: Callable[[Sequence[Problem]], None]
    begins: Callable[[str, Sequence[str]], None]
    live: Callable[[str], None] = _nobody
