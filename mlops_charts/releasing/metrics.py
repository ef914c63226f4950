"""What the judge wants to know of the two slots, and of which minutes, wherever it is then measured.

A source of counts never raises for what the world does: it says in `Window.flaws` why counts cannot be trusted, and a
window with a flaw decides nothing. Answers with a status of 500 or more are errors, those with which a server says that
it is overloaded (503) or too late (504) included: users have met them, whoever is to blame.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from mlops_charts.judge.counts import Window
from mlops_charts.release.asked import Place, ReleaseSpec
from mlops_charts.release.policy import Policy, PolicyCheck
from mlops_charts.release.state import SLOTS, ReleaseState, SlotName

BEFORE_SECONDS: Final = 3600.0  # how far ahead of a window the stable slot is looked at, to lay a test out
MAX_SKEW_SECONDS: Final = 60.0
MAX_AGE_SECONDS: Final = 90.0
_SWITCHED: Final = frozenset({"promoting", "baking"})  # all traffic goes to the new version, so it is called stable


@dataclass(frozen=True)
class Question:
    """What is asked of a source of counts.

    Attributes:
        spec: The model.
        place: The environment.
        state: Its release.
        policy: By what the release is judged.
        pods: By slot, how many pods are available.
        now: The time here, in seconds since 1970; Prometheus goes by its own.
    """

    spec: ReleaseSpec
    place: Place
    state: ReleaseState
    policy: Policy
    pods: Mapping[str, int]
    now: float

    @property
    def begin(self) -> float:
        """When the step of the release began, in seconds since 1970; not a number where the state does not say."""
        try:
            found = datetime.fromisoformat(self.state.step_started_at)
        except ValueError:
            return math.nan
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()

    @property
    def concurrent(self) -> bool:
        """Whether both slots have traffic in the same minutes."""
        return self.state.phase not in _SWITCHED

    @property
    def candidate(self) -> SlotName:
        """The slot of the new version."""
        if self.state.stable == "none":
            return next((name for name in SLOTS if self.state.slot(name).enabled), "blue")
        return _other(self.state.stable) if self.concurrent else self.state.stable

    @property
    def stable(self) -> SlotName:
        """The slot that answered users when the release started, or was free then."""
        return _other(self.candidate)

    def version(self, slot: SlotName) -> str:
        """Return the version that a slot holds; empty if it holds none."""
        return self.state.slot(slot).version

    @property
    def metrics(self) -> frozenset[str]:
        """What is judged by."""
        return frozenset(check.metric for check in self.policy.checks)

    def checks(self, metric: str) -> tuple[PolicyCheck, ...]:
        """Return the checks of one metric."""
        return tuple(check for check in self.policy.checks if check.metric == metric)


class Source(Protocol):
    """Where counts come from."""

    def window(self, question: Question) -> Window:
        """Return the counts of both slots since the step of the release began."""


@dataclass(frozen=True)
class Stretch:
    """One slot over some time.

    Attributes:
        slot: The slot.
        version: What it holds; whatever else it held meanwhile is left out.
        begin: Seconds since 1970.
        end: The same.
    """

    slot: SlotName
    version: str
    begin: float
    end: float


@dataclass(frozen=True)
class Stretches:
    """The minutes that a window is made of.

    Attributes:
        stable: Of the old version: the same minutes while both have traffic, else as many ahead of the switch.
        candidate: Of the new version.
        before: Of the old version, up to an hour ahead of `stable`.
    """

    stable: Stretch
    candidate: Stretch
    before: Stretch


def stretches(question: Question, end: float) -> Stretches:
    """Return what is to be measured.

    Args:
        question: What is asked.
        end: The newest moment that can be measured, at or after the beginning of the step.
    """
    begin, old = question.begin, question.stable
    first, last = (begin, end) if question.concurrent else (begin - (end - begin), begin)
    version = question.version(old)
    return Stretches(
        stable=Stretch(old, version, first, last),
        candidate=Stretch(question.candidate, question.version(question.candidate), begin, end),
        before=Stretch(old, version, first - BEFORE_SECONDS, first),
    )


def unusable(question: Question, end: float, flaws: Iterable[str]) -> Window:
    """Return a window without counts, which says why there are none.

    Args:
        question: What was asked.
        end: The newest moment that is known of.
        flaws: Why, in words.
    """
    begin = question.begin
    return Window(
        begin=begin if math.isfinite(begin) else end, end=end, flaws=tuple(flaws), concurrent=question.concurrent
    )


def untimely(question: Question, clock: float, whose: str) -> list[str]:
    """Return what is wrong with the beginning of the window, seen by the clock of whoever measures.

    Args:
        question: What is asked.
        clock: The time there, in seconds since 1970.
        whose: Whose clock it is, in words.
    """
    ahead = question.begin - clock
    if math.isnan(ahead):
        return ["the state of the release does not say when its step began; write stepStartedAt, or roll it back"]
    if ahead > 0:
        return [
            f"the step began {ahead:.0f} s in the future by {whose}; set the clock of whoever committed it, or wait"
        ]
    return []


def _other(slot: SlotName) -> SlotName:
    return "green" if slot == "blue" else "blue"
