"""What happened while a version was released on this machine: commits, traffic and verdicts, in a file of the run.

It knows what a release's state and a verdict are; it must not know who moves a release, nor how a page looks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from mlops_charts.judge.verdict import Compared
from mlops_charts.workspace.write import read_text, replace_text

Outcome = Literal["settled", "rolledBack", "superseded", "unchanged", "leftOut", "failed", "stopped"]
WORDS: Final[Mapping[str, str]] = {
    "settled": "settled",
    "rolledBack": "rolled back",
    "superseded": "superseded",
    "unchanged": "nothing to release",
    "leftOut": "left out",
    "failed": "failed",
    "stopped": "stopped",
}


@dataclass(frozen=True)
class Move:
    """A state of the release, as it was committed.

    Attributes:
        at: When this machine ran it, in seconds since 1970.
        committed: When it was committed, in seconds since 1970.
        commit: The commit.
        subject: The first line of its message.
        trailers: What it says for programs.
        phase: The phase.
        step: The step of a canary, from 0.
        weights: Percent of the traffic by version, of those that get any.
        shadow: The version that gets a copy of the traffic, or those with the experiment's header; empty without.
        began: What the state calls the beginning of its step.
    """

    at: float
    committed: float
    commit: str
    subject: str
    trailers: Mapping[str, str]
    phase: str
    step: int
    weights: Mapping[str, int]
    shadow: str = ""
    began: str = ""

    @property
    def title(self) -> str:
        """Where the release stands, in a few words."""
        return f"{self.phase} {min(self.weights.values(), default=0)} %" if self.phase == "canary" else self.phase


@dataclass(frozen=True)
class Look:
    """What a tick of the judge found.

    Attributes:
        at: When it ended, in seconds since 1970.
        outcome: What it did: hold, moved...
        message: The same in words.
        phase: The phase that it looked at.
        step: The step of a canary, from 0.
        decision: Of the verdict; empty where nothing was judged.
        reason: Of the verdict.
        checks: What each check found.
    """

    at: float
    outcome: str
    message: str
    phase: str
    step: int
    decision: str = ""
    reason: str = ""
    checks: tuple[Compared, ...] = ()


@dataclass(frozen=True)
class Second:
    """What users got in one second.

    Attributes:
        at: In seconds since 1970.
        answered: Requests by version.
        failed: Requests that were answered with 500 or more, or not at all.
        p95: Seconds; None where nobody asked.
    """

    at: float
    answered: Mapping[str, int]
    failed: int
    p95: float | None = None


@dataclass(frozen=True)
class Story:
    """The release of a version in one environment.

    Attributes:
        model: The model.
        environment: The environment.
        version: What was released.
        rival: The version that served before; empty for a first release.
        outcome: What became of it.
        reason: Why, in words.
        began: When this machine began with it, in seconds since 1970.
        seconds: How long that took.
        strategy: Of its policy.
        bad: What the version was made to do wrong; empty for a good one.
        caught: Seconds from its first answer to users to the commit that took it back; None where it was not.
        left_out: What is not as in a cluster, a line each.
        moves: The states of the release.
        looks: What the judge found.
        traffic: What users got.
    """

    model: str
    environment: str
    version: str
    rival: str = ""
    outcome: Outcome = "stopped"
    reason: str = ""
    began: float = 0.0
    seconds: float = 0.0
    strategy: str = ""
    bad: str = ""
    caught: float | None = None
    left_out: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()
    looks: tuple[Look, ...] = ()
    traffic: tuple[Second, ...] = field(default=())

    @property
    def line(self) -> str:
        """What became of it, in a line."""
        return ": ".join(filter(None, (WORDS[self.outcome], self.reason)))


def write_story(folder: Path, story: Story) -> None:
    """Write a story into the folder of its run."""
    content = json.dumps(asdict(story), indent=1, default=_plain)
    replace_text(folder / f"release-{story.environment}.json", content + "\n")


def read_story(path: Path) -> Story | None:
    """Return the story in a file; None where there is none, or one of another version."""
    try:
        return _form().validate_json(read_text(path) or "null")
    except ValidationError:
        return None


def _plain(content: Any) -> Any:
    return dict(content) if isinstance(content, Mapping) else str(content)


@cache
def _form() -> TypeAdapter[Story]:
    return TypeAdapter(Story)
