"""Whether a run trains, goes on, releases or does nothing: one table over what the registry and git hold.

    | the registry holds      | from a commit                         | from the schedule or a drift trigger |
    | nothing                 | train                                 | train                                |
    | the code, other data    | release its newest version, or train  | train                                |
    | both, finished          | release that version                  | nothing                              |
    | both, unfinished        | go on from where it stopped           | the same                             |

A version that is stable, in flight or rejected is not released; then there is nothing to do. Pure functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mlops_charts.contract import TRIGGERS
from mlops_charts.steps.registered import Run, Version
from mlops_charts.steps.released import Released

RESUME: Final = {
    "": "none",
    "opened": "none",
    "trained": "validate",
    "validated": "version",
    "versioned": "monitor",
    "monitored": "build",
    "built": "deploy",
}
"""From where a run goes on, by the stage that it has reached; none is from the beginning."""


@dataclass(frozen=True)
class Held:
    """What the registry holds of a code.

    Attributes:
        runs: All runs of it, newest first.
        versions: All versions of the model.
    """

    runs: Sequence[Run]
    versions: Sequence[Version]

    def finished(self, data: str = "") -> Version | None:
        """Return the newest version of a run that is finished, of these data or of any; None if there is none."""
        runs = {run.id for run in self.runs if run.finished and data in {"", run.data}}
        found = [version for version in self.versions if version.run_id in runs and version.version]
        return max(found, key=lambda version: version.number, default=None)

    def unfinished(self, data: str) -> bool:
        """Return whether a run of these data stopped on its way."""
        return any(run.data == data and not run.finished for run in self.runs)


@dataclass(frozen=True)
class Decision:
    """What runs.

    Attributes:
        action: train (or go on, whatever the run has reached), release or nothing.
        reason: Why, in words.
        version: The version that is released, or that leaves nothing to do; None where there is none.
    """

    action: str
    reason: str
    version: Version | None = None


def decide(held: Held, released: Released, data: str, trigger: str) -> Decision:
    """Return what runs, by the table above."""
    from_commit = trigger == TRIGGERS[0]
    if (version := held.finished(data)) is not None:
        if from_commit:
            return _release(version, released, "has this code and these data")
        return Decision("nothing", f"nothing to train: version {version.version} has this code and these data", version)
    if held.unfinished(data):
        return Decision("train", "a run of this code and these data has not come to its end")
    newest = held.finished()
    if newest is None:
        return Decision("train", "training: nothing has come of this code yet")
    if from_commit:
        return _release(newest, released, "has this code, and a commit does not train it on other data")
    return Decision("train", f"training: the data are others than those of version {newest.version} of this code")


def _release(version: Version, released: Released, because: str) -> Decision:
    hindrance = released.hindrance(version)
    if hindrance:
        text = f"nothing to train: version {version.version} {because}, and {hindrance}"
        return Decision("nothing", text, version)
    return Decision("release", f"releasing version {version.version}: it {because}", version)
