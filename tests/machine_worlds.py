"""A small world for the state machine: git, a cluster that lags behind, persons, a pipeline, and ticks that may die."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from release_machines import EVIDENCE, policy
from serving_samples import identity

from mlops_charts.release import ReleaseState, nothing_released
from mlops_charts.release.deciding import Judged, Observed, Wait, next_event
from mlops_charts.release.events import Approve, Event, Pause, Resume, RollBack, Seen, Start, Unreject
from mlops_charts.release.machine import Transition, transition
from mlops_charts.release.moves import seconds_of, shifted
from mlops_charts.release.phases import Ingress
from mlops_charts.release.start import flying_version
from mlops_charts.release.state import SLOTS

Crash = Literal["", "before", "behind"]  # before its push, or behind it and before it knows
_BEGIN = "2026-11-23T10:00:00Z"
_NOBODY = frozenset[tuple[str, str]]()
_PERSONS = ("start", "askFirst", "approve", "pause", "resume", "rollBack", "rollBackAny", "unreject")
KINDS = (*_PERSONS, "sync", "ready", "time", "look", "push", "tick")


@dataclass(frozen=True)
class Happening:
    """One thing that happens.

    Attributes:
        kind: start, approve, pause, resume, rollBack, unreject: a person or the pipeline. sync: the cluster takes over
            what git says. ready: pods become ready. time: a minute passes. tick: the judge looks. look and push: it
            looks, and others may do things before it pushes.
        version: The minor number of the version that it is about.
        verdict: What the judge says if a tick asks it.
        crash: Where whoever does it dies, and does it again.
    """

    kind: str
    version: int = 1
    verdict: str = "hold"
    crash: Crash = ""


@dataclass
class World:
    """All that there is, and all that ever was in git; pods of broken versions never become ready."""

    ingress: Ingress
    strategy: str
    broken: frozenset[str] = frozenset()
    git: ReleaseState = field(default_factory=nothing_released)
    cluster: ReleaseState = field(default_factory=nothing_released)
    history: list[tuple[Event, ReleaseState, ReleaseState]] = field(default_factory=list)
    ready: frozenset[tuple[str, str]] = _NOBODY
    warm: frozenset[tuple[str, str]] = _NOBODY
    at: str = _BEGIN
    looked: Seen | Wait = field(default_factory=lambda: Wait("nobody has looked"))
    refused: list[Transition] = field(default_factory=list)

    def happens(self, one: Happening) -> None:
        """Let one thing happen; who dies does it again."""
        if one.kind == "sync":
            self._sync()
        elif one.kind == "ready":
            self.ready = frozenset(pod for pod in pods(self.cluster) if pod[1] not in self.broken)
        elif one.kind == "time":
            self.at = shifted(self.at, 60)
        elif one.kind == "look":
            self.looked = self._look(one.verdict)
        else:
            event = self._event(one)
            if not isinstance(event, Wait):
                self._commit(event, one.crash)

    def all(self, things: Iterable[Happening]) -> World:
        """Let things happen one after the other, and return this world."""
        for one in things:
            self.happens(one)
        return self

    def _sync(self) -> None:
        self.cluster = self.git
        self.ready &= pods(self.cluster)

    def _look(self, verdict: str) -> Seen | Wait:
        running = self.cluster == self.git and _needed(self.git) <= self.ready
        judged = {"advance": Judged("advance", "good"), "rollback": Judged("rollback", "bad", EVIDENCE)}
        smoke = "wrong" if verdict == "smoke" else None
        said = judged.get(verdict, Judged("hold", "too few"))
        seen = Observed(running, "not yet", said, smoke, handed_over=verdict != "hold")
        return next_event(self.git, seen, seconds_of(self.at), frozen=verdict == "frozen")

    def _event(self, one: Happening) -> Event | Wait:
        if one.kind == "tick":
            return self._look(one.verdict)
        version = identity(one.version)
        events: dict[str, Event | Wait] = {
            "push": self.looked,
            "start": Start(version, policy(self.strategy, interval_seconds=0, bake_seconds=60)),
            "askFirst": Start(version, policy(self.strategy, bake_seconds=60), approval=True),
            "approve": Approve(flying_version(self.git) or version.version),
            "pause": Pause(),
            "resume": Resume(),
            "rollBack": RollBack("a person says so", version.version),
            "rollBackAny": RollBack("a person says so"),
            "unreject": Unreject(version.version),
        }
        return events[one.kind]

    def _commit(self, event: Event, crash: Crash) -> None:
        if crash == "before":  # it has computed all, and nothing of it is left
            transition(self.git, event, ingress=self.ingress, at=self.at)
        self._push(event)
        if crash == "behind":  # git has it, and whoever pushed does not know
            self._push(event)

    def _push(self, event: Event) -> None:
        found = transition(self.git, event, ingress=self.ingress, at=self.at)
        if found.outcome == "moved":
            if isinstance(event, Seen):
                self.warm |= self.ready
            self.history.append((event, self.git, found.state))
            self.git = found.state
            self.warm &= pods(self.git)
        elif found.outcome == "refused":
            self.refused.append(found)


def pods(state: ReleaseState) -> frozenset[tuple[str, str]]:
    """Return which version runs in which slot."""
    return frozenset((name, state.slot(name).version) for name in SLOTS if state.slot(name).enabled)


def _needed(state: ReleaseState) -> frozenset[tuple[str, str]]:
    """Return the pods that are waited for: not those of a slot that has left the traffic."""
    left = state.phase in {"promoting", "baking", "rollingBack"}
    return frozenset((name, version) for name, version in pods(state) if state.slot(name).routed or not left)
