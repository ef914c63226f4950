"""The state machine of releases: what each event makes of a release in each phase.

`TRANSITIONS` has every event in every phase, and docs/transitions.md shows it. All is pure: the same state and event
give the same result at any time and place. When which event happens is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, get_args

from mlops_charts.release import acts
from mlops_charts.release.acts import JUDGED, Case, Outcome, Transition
from mlops_charts.release.events import (
    Advance,
    Approve,
    Baked,
    Event,
    Pause,
    Ready,
    Regress,
    Resume,
    RollBack,
    Seen,
    Settle,
    Start,
    Unreject,
)
from mlops_charts.release.flaws import problems_of
from mlops_charts.release.phases import PHASES, Ingress
from mlops_charts.release.state import Phase, ReleaseState

__all__ = ["EVENTS", "JUDGED", "TRANSITIONS", "Outcome", "Row", "Transition", "transition"]

_RESTING: Final[tuple[Phase, ...]] = ("none", "settled")
_BEFORE: Final[tuple[Phase, ...]] = ("awaitingApproval", "warming", *JUDGED)
_FLYING: Final[tuple[Phase, ...]] = (*_BEFORE, "promoting", "baking", "rollingBack")
_HOLDABLE: Final[tuple[Phase, ...]] = tuple(phase for phase in _FLYING if phase != "rollingBack")


@dataclass(frozen=True)
class Row:
    """One event in some phases.

    Attributes:
        event: Its type.
        phases: In which of them.
        becomes: The phases that it may lead to; `phases` itself if it stays where it is, none if it changes nothing.
        meaning: What happens and when, for a person.
        act: Carries it out.
    """

    event: type[Event]
    phases: tuple[Phase, ...]
    becomes: tuple[Phase, ...]
    meaning: str
    act: Callable[[Case], Transition]

    def after(self, phase: Phase) -> tuple[Phase, ...]:
        """Return the phases that the event may lead to from one of its phases."""
        return (phase,) if self.becomes == self.phases else self.becomes


def transition(state: ReleaseState, event: Event, *, ingress: Ingress, at: str) -> Transition:
    """Return what an event makes of a state.

    Args:
        state: The state as git has it.
        event: What happens.
        ingress: How traffic is divided.
        at: The time in UTC, 2026-11-23T10:00:00Z.
    """
    case = Case(state, event, ingress, at)
    if isinstance(event, Seen) and event.seen is not None and event.seen != state:
        return case.same(f"the release has moved on since this was seen; it is {state.phase} now")
    if flaws := problems_of(state, ingress):
        return case.refused(f"{flaws[0].key}: {flaws[0].message}; repair the release file first: {flaws[0].note}")
    if state.paused and isinstance(event, Ready | Advance | Baked | Settle):
        return case.refused(f"a person holds the release of {case.flying}; resume it, or roll it back")
    found = _rows()[type(event), state.phase].act(case)
    if found.state == state:
        return found if found.outcome == "refused" else case.same(found.why)
    if flaws := problems_of(found.state, ingress):
        return case.refused(f"{flaws[0].key}: {flaws[0].message}; {flaws[0].note}")
    return found


@cache
def _rows() -> Mapping[tuple[type[Event], Phase], Row]:
    return {(row.event, phase): row for row in TRANSITIONS for phase in row.phases}


_NONE_FLIES: Final = "no release is in flight here"
TRANSITIONS: Final[tuple[Row, ...]] = (
    Row(
        Start,
        PHASES,
        ("awaitingApproval", "warming"),
        "the version goes into the slot that is not stable, and supersedes a release in flight; refused if it was "
        "rejected, or a person holds the release in flight; nothing if it is stable or in flight",
        acts.start,
    ),
    Row(Approve, ("awaitingApproval",), ("warming",), "its pods start, and its clock", acts.approve),
    Row(
        Approve,
        tuple(phase for phase in PHASES if phase != "awaitingApproval"),
        (),
        "nothing, or refused if the version is not the one here",
        acts.approved,
    ),
    Row(Pause, _HOLDABLE, _HOLDABLE, "nothing but evidence or a person moves it; its clock stands still", acts.pause),
    Row(Pause, (*_RESTING, "rollingBack"), (), "refused: there is nothing to hold", acts.nothing_to_hold),
    Row(Resume, _HOLDABLE, _HOLDABLE, "its clock goes on, and its step begins anew", acts.resume),
    Row(Resume, (*_RESTING, "rollingBack"), (), "refused: nothing is held", acts.nothing_to_hold),
    Row(
        RollBack,
        _BEFORE,
        ("rollingBack",),
        "the new version leaves the traffic and is rejected; nothing if it is being taken back already",
        acts.roll_back,
    ),
    Row(
        RollBack,
        ("promoting",),
        ("rollingBack",),
        "the version before answers again, the new one is rejected",
        acts.roll_back,
    ),
    Row(
        RollBack,
        ("baking",),
        ("rollingBack", "warming"),
        "the version before answers again, the new one is rejected; if its pods are gone, they warm up first",
        acts.roll_back,
    ),
    Row(
        RollBack,
        ("settled",),
        ("warming",),
        "the version before is released again, and gets all traffic once it is warm; the present one is rejected; "
        "refused if there is none, or it was rejected",
        acts.roll_back_settled,
    ),
    Row(RollBack, ("rollingBack",), (), "nothing: it is being rolled back", acts.rolling_back_already),
    Row(RollBack, ("none",), (), "refused: nothing is released", acts.roll_back_none),
    Row(Unreject, PHASES, PHASES, "the version may be released again; nothing if it was not rejected", acts.unreject),
    Row(
        Ready,
        ("warming",),
        ("warming", "canary", "shadow", "abTest", "promoting"),
        "it meets traffic as the strategy says; a first release and blueGreen get all; if more pods answer users than "
        "its floor, that is raised first",
        acts.warm,
    ),
    Row(Ready, JUDGED, JUDGED, "its floor of pods is raised to those that answer users; else nothing", acts.grow),
    Row(Ready, ("promoting",), ("baking",), "the old version stays warm; nothing for a first release", acts.promoted),
    Row(
        Ready, ("rollingBack",), ("rollingBack",), "the version, off the route now, is switched off", acts.off_the_route
    ),
    Row(
        Ready, ("baking",), (), "nothing", acts.same_because("the release waits for the end of its bake, or to settle")
    ),
    Row(
        Ready,
        ("awaitingApproval",),
        (),
        "refused: a person must approve",
        acts.refused_because("a person must approve it first"),
    ),
    Row(Ready, _RESTING, (), "nothing", acts.same_because(_NONE_FLIES)),
    Row(Advance, ("canary",), ("canary", "promoting"), "the next step; behind the last one, all traffic", acts.advance),
    Row(Advance, ("shadow", "abTest"), ("promoting",), "all traffic", acts.advance),
    Row(
        Advance,
        ("awaitingApproval", "warming", "promoting", "baking", "rollingBack", *_RESTING),
        (),
        "refused: there is no comparison in this phase that could pass",
        acts.refused_because("no comparison is under way here"),
    ),
    Row(
        Regress,
        ("warming", *JUDGED),
        ("rollingBack",),
        "the new version leaves the traffic and is rejected, also if a person holds the release",
        acts.regress,
    ),
    Row(
        Regress,
        ("promoting", "baking"),
        ("rollingBack",),
        "the version before answers again; refused if its pods are gone, or the cause is time",
        acts.regress_promoted,
    ),
    Row(Regress, ("rollingBack",), (), "nothing: it is being rolled back", acts.rolling_back_already),
    Row(
        Regress,
        ("awaitingApproval",),
        (),
        "refused: nothing of it runs",
        acts.refused_because("nothing of it runs yet"),
    ),
    Row(Regress, _RESTING, (), "refused: no release is in flight", acts.refused_because(_NONE_FLIES)),
    Row(Baked, ("baking",), ("baking",), "the old version is switched off", acts.bake_over),
    Row(
        Baked,
        tuple(phase for phase in PHASES if phase != "baking"),
        (),
        "refused: nothing bakes",
        acts.refused_because("nothing bakes here"),
    ),
    Row(
        Settle,
        ("promoting", "baking"),
        ("settled",),
        "the release is over; refused while the old version is warm",
        acts.settle,
    ),
    Row(
        Settle,
        ("rollingBack",),
        ("settled", "none"),
        "the version before goes on, or nothing is released; refused until the new version is off",
        acts.settle_rollback,
    ),
    Row(Settle, _RESTING, (), "nothing: it is settled", acts.same_because("the release is settled already")),
    Row(Settle, _BEFORE, (), "refused: the release is under way", acts.refused_because("the release is under way")),
)
EVENTS: Final[tuple[type[Event], ...]] = get_args(Event)
