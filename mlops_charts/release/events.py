"""What may happen to a release: by persons, by the pipeline, or because the judge has seen something.

What the judge has seen is of one state. The event keeps that state, so that it means nothing once a rival's commit has
changed it, and the same event twice is one transition.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from mlops_charts.problems import visible_lines
from mlops_charts.release.policy import Policy
from mlops_charts.release.state import Identity, ReleaseState

_LONGEST: Final = 2000  # characters of a reason


def _kept(reason: str) -> str:
    shown = visible_lines(reason[: _LONGEST + 1])
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."


@dataclass(frozen=True)
class Start:
    """A version is to be released here.

    Attributes:
        version: What is released.
        policy: By what it is carried out and judged.
        approval: Whether a person must agree first.
        min_replicas: The fewest pods that the model asks for under autoscaling; 1 without an autoscaler.
    """

    version: Identity
    policy: Policy
    approval: bool = False
    min_replicas: int = 1


@dataclass(frozen=True)
class Approve:
    """A person agrees to the release of a version."""

    version: str


@dataclass(frozen=True)
class Pause:
    """A person holds the release in flight."""


@dataclass(frozen=True)
class Resume:
    """A person lets a held release go on."""


@dataclass(frozen=True)
class RollBack:
    """A person takes a version back: in flight, or settled, which releases the version before it again.

    Attributes:
        reason: Why, in words.
        version: The version; empty means the one in flight, else the one that answers users.
    """

    reason: str
    version: str = ""


@dataclass(frozen=True)
class Unreject:
    """A person lifts the rejection of a version."""

    version: str


@dataclass(frozen=True)
class Ready:
    """What the state says runs, and where the version is new it has answered its example as when it was saved.

    In `warming` the new version may then get traffic. In `promoting`, and in `rollingBack`, what was committed last is
    seen running.

    Attributes:
        min_replicas: Pods that the stable slot runs now, the floor of the new slot under autoscaling; 1 without an
            autoscaler.
        seen: The state in which it was seen; in any other the event changes nothing. None is not checked.
    """

    min_replicas: int = 1
    seen: ReleaseState | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Advance:
    """The evidence says that the version is not worse.

    Attributes:
        evidence: Digest of the record of the evidence, sha256:...
        seen: The state in which it was seen; in any other the event changes nothing. None is not checked.
    """

    evidence: str = ""
    seen: ReleaseState | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Regress:
    """The evidence says that the version is worse, or that it cannot be judged.

    Attributes:
        reason: Why, in words.
        evidence: Digest of the record of the evidence.
        cause: verdict: a check failed. noData: nothing to judge by, and the policy says rollback. expired: undecided
            after the policy's longest time. smoke: it answers its example otherwise than when it was saved.
        seen: The state in which it was seen; in any other the event changes nothing. None is not checked.
    """

    reason: str
    evidence: str = ""
    cause: Literal["verdict", "noData", "expired", "smoke"] = "verdict"
    seen: ReleaseState | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Keep of the reason, which may repeat what a server said, what every file and every reader bears."""
        object.__setattr__(self, "reason", _kept(self.reason))


@dataclass(frozen=True)
class Baked:
    """The time is over in which the old version stays warm.

    Attributes:
        seen: The state in which it was seen; in any other the event changes nothing. None is not checked.
    """

    seen: ReleaseState | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Settle:
    """What was committed last runs, everything is written down, and the next environment's release has started.

    Attributes:
        seen: The state in which it was seen; in any other the event changes nothing. None is not checked.
    """

    seen: ReleaseState | None = field(default=None, repr=False)


Seen = Ready | Advance | Regress | Baked | Settle
Event = Start | Approve | Pause | Resume | RollBack | Unreject | Ready | Advance | Regress | Baked | Settle
