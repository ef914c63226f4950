"""The state machine of releases: what each event makes of a release in each phase.

`TRANSITIONS` has every event in every phase, and docs/releases.md shows it. All is pure: the same state and event give
the same result at any time and place. When which event happens is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, get_args

from mlops_charts.release import moves
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
from mlops_charts.release.phases import PHASES, Ingress, known_phases
from mlops_charts.release.start import Paused, Rejected, flying_version, stable_version, start
from mlops_charts.release.state import Phase, ReleaseState

Outcome = Literal["moved", "same", "refused"]
JUDGED: Final[tuple[Phase, ...]] = ("canary", "shadow", "abTest")  # both versions answer at once
_RESTING: Final[tuple[Phase, ...]] = ("none", "settled")
_BEFORE: Final[tuple[Phase, ...]] = ("awaitingApproval", "warming", *JUDGED)
_FLYING: Final[tuple[Phase, ...]] = (*_BEFORE, "promoting", "baking", "rollingBack")
_HOLDABLE: Final[tuple[Phase, ...]] = tuple(phase for phase in _FLYING if phase != "rollingBack")


@dataclass(frozen=True)
class Transition:
    """What an event makes of a state.

    Attributes:
        state: The state then; unless `moved`, the state as it was.
        outcome: moved: commit the state. same: there is nothing to do, because it was done or has no meaning any more.
            refused: it may not be.
        why: The same in words; of a refusal, what to do.
    """

    state: ReleaseState
    outcome: Outcome
    why: str


@dataclass(frozen=True)
class _Case:
    state: ReleaseState
    event: Any
    ingress: Ingress
    at: str

    def moved(self, state: ReleaseState, why: str) -> Transition:
        return Transition(state, "moved", why)

    def same(self, why: str) -> Transition:
        return Transition(self.state, "same", why)

    def refused(self, why: str) -> Transition:
        return Transition(self.state, "refused", why)

    @property
    def flying(self) -> str:
        return flying_version(self.state)

    @property
    def rival(self) -> bool:
        return moves.pair(self.state).rival


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
    act: Callable[[_Case], Transition]

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
    case = _Case(state, event, ingress, at)
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


def _start(case: _Case) -> Transition:
    state, event = case.state, case.event
    possible = [phase for phase in known_phases(case.ingress) if phase in JUDGED] + ["blueGreen"]
    if event.policy.strategy not in possible:
        message = f"the strategy {event.policy.strategy} is impossible with ingress {case.ingress}"
        return case.refused(f"{message}; possible are {', '.join(possible)}")
    policy = moves.begun_with(event.policy, event.min_replicas)
    try:
        after = start(
            state,
            event.version,
            ingress=case.ingress,
            policy=policy,
            at=case.at,
            approval=event.approval,
            min_replicas=event.min_replicas,
        )
    except (Rejected, Paused) as error:
        return case.refused(str(error))
    version, rival = event.version.version, case.flying
    if after == state:
        return case.same(f"{version} {'is in flight' if version == rival else 'answers users'} already ({state.phase})")
    instead = f", instead of {rival} ({state.phase})" if rival else ""
    return case.moved(after, f"the release of {version} starts{instead}")


def _approve(case: _Case) -> Transition:
    if case.event.version != case.flying:
        return case.refused(f"{case.flying} waits for approval here, and not {case.event.version}; name that version")
    if case.state.paused:
        return case.refused(f"a person holds the release of {case.flying}; resume it first")
    after = moves.arranged(case.state, "warming", case.ingress, case.at, started_at=case.at)
    return case.moved(after, f"{case.flying} was approved")


def _approved(case: _Case) -> Transition:
    version = case.event.version
    if version in {case.flying, stable_version(case.state)}:
        return case.same(f"{version} was approved already, or needs no approval ({case.state.phase})")
    return case.refused(f"{version} does not wait for approval here; start its release first")


def _pause(case: _Case) -> Transition:
    if case.state.paused:
        return case.same(f"the release of {case.flying} is held already")
    return case.moved(moves.held(case.state, case.at), f"a person holds the release of {case.flying}")


def _resume(case: _Case) -> Transition:
    if not case.state.paused:
        return case.same(f"nobody holds the release of {case.flying}")
    return case.moved(moves.let_go(case.state, case.at), f"the release of {case.flying} goes on; its step begins anew")


def _nothing_to_hold(case: _Case) -> Transition:
    return case.refused(f"no release is in flight here that could be held ({case.state.phase})")


def _roll_back(case: _Case) -> Transition:
    state, event, flying = case.state, case.event, case.flying
    if not event.version and (refused := moves.taken_back(state)):
        return case.same(f"{refused} is being taken back already, by {flying}; to take that back, name {flying}")
    if event.version in {"", flying}:
        return _taken_back(case, f"a person takes {flying} back: {event.reason}")
    return _other_version(case)


def _other_version(case: _Case) -> Transition:
    version = case.event.version
    if any(one.get("version") == version for one in case.state.rejected):
        return case.same(f"{version} was rejected already")
    if version == stable_version(case.state):
        return case.refused(f"{case.flying} is in flight; roll it back first, or release a version that replaces both")
    return case.refused(f"{version} is neither in flight nor answers users here")


def _taken_back(case: _Case, why: str) -> Transition:
    """Take the version in flight out of the traffic; its predecessor, if its pods are gone already, must warm up."""
    state, parts = case.state, moves.pair(case.state)
    if state.phase == "baking" and not parts.rival:
        return _release_again(case)
    marked = moves.rejecting(state, parts.new, case.at, case.event.reason, getattr(case.event, "evidence", ""))
    return case.moved(moves.withdrawn(marked, case.ingress, case.at), why)


def _roll_back_settled(case: _Case) -> Transition:
    stable, version = stable_version(case.state), case.event.version
    if version in {"", stable}:
        return _release_again(case)
    return _other_version(case)


def _release_again(case: _Case) -> Transition:
    state, parts = case.state, moves.pair(case.state)
    bad, good = state.slot(parts.new).version, state.slot(parts.old).version
    if not good:
        return case.refused(f"no version is known from before {bad}; release another one")
    if moves.was_rejected(state, parts.old):
        return case.refused(
            f"{good}, the version before {bad}, was rejected; unreject it first, or release another one"
        )
    marked = moves.rejecting(state, parts.new, case.at, case.event.reason)
    after = moves.taking_back(marked, case.at)
    return case.moved(after, f"a person takes {bad} back: {case.event.reason}; {good} warms up again")


def _roll_back_none(case: _Case) -> Transition:
    return _other_version(case) if case.event.version else case.refused("nothing is released here")


def _rolling_back_already(case: _Case) -> Transition:
    if getattr(case.event, "version", "") not in {"", case.flying}:
        return _other_version(case)
    return case.same(f"{case.flying} is being rolled back")


def _unreject(case: _Case) -> Transition:
    version = case.event.version
    kept = tuple(one for one in case.state.rejected if one.get("version") != version)
    if len(kept) == len(case.state.rejected):
        return case.same(f"{version} is not rejected here")
    return case.moved(case.state.model_copy(update={"rejected": kept}), f"{version} may be released again")


def _warm(case: _Case) -> Transition:
    policy, state = moves.policy_in(case.state), case.state
    if policy is None:
        return case.refused(f"the policy of {case.flying}'s release cannot be read; roll it back, and start it again")
    more = moves.with_more_pods(state, case.event.min_replicas)
    if more != state:
        return case.moved(more, f"{case.flying} gets as many pods as answer users now: {case.event.min_replicas}")
    after = moves.first_stage(state, policy, case.ingress, case.at)
    return case.moved(after, f"{case.flying} is warm: {after.phase}")


def _grow(case: _Case) -> Transition:
    after = moves.with_more_pods(case.state, case.event.min_replicas)
    if after == case.state:
        return case.same(f"{case.flying} has pods enough, and waits for its verdict")
    return case.moved(after, f"{case.flying} gets as many pods as answer users now: {case.event.min_replicas}")


def _promoted(case: _Case) -> Transition:
    if not case.rival:
        return case.same(f"{case.flying} is the first release, and has nobody to bake beside; it settles next")
    after = moves.arranged(case.state, "baking", case.ingress, case.at)
    return case.moved(after, f"{case.flying} has all traffic; the version before stays warm")


def _off_the_route(case: _Case) -> Transition:
    state, parts = case.state, moves.pair(case.state)
    if not state.slot(parts.new).enabled:
        return case.same(f"{case.flying} is off already; it settles next")
    return case.moved(moves.without(state, parts.new), f"{case.flying} has left the route, and is switched off")


def _advance(case: _Case) -> Transition:
    policy = moves.policy_in(case.state)
    if policy is None:
        return case.refused(f"the policy of {case.flying}'s release cannot be read; roll it back, and start it again")
    after = moves.next_stage(case.state, policy, case.ingress, case.at)
    where = "has all traffic" if after.phase == "promoting" else f"gets {policy.steps[after.step]} %"
    return case.moved(after, f"every check has passed: {case.flying} {where}")


def _regress(case: _Case) -> Transition:
    return _taken_back(case, f"{case.flying} is taken back: {case.event.reason}")


def _regress_promoted(case: _Case) -> Transition:
    if case.event.cause == "expired":
        return case.refused(f"{case.flying} is promoted already, so its time does not count any more")
    if case.state.phase == "baking" and not case.rival:
        return case.refused("the version before is off already; a person takes this one back with release rollback")
    return _regress(case)


def _bake_over(case: _Case) -> Transition:
    if not case.rival:
        return case.same("the version before is off already; the release settles next")
    after = moves.without(case.state, moves.pair(case.state).old, case.at)
    return case.moved(after, f"{case.flying} has baked: the version before is switched off")


def _settle(case: _Case) -> Transition:
    if case.rival:
        return case.refused("the version before is still warm; the release settles once it is off")
    return case.moved(moves.settled(case.state, case.at), f"{case.flying} is settled")


def _settle_rollback(case: _Case) -> Transition:
    state = case.state
    if state.slot(moves.pair(state).new).enabled:
        return case.refused(f"{case.flying} is not off yet; the release settles once it is")
    rest = f"{stable_version(state)} goes on answering" if state.stable != "none" else "nothing is released"
    return case.moved(moves.settled(state, case.at), f"{case.flying} is rolled back: {rest}")


def _same(why: str) -> Callable[[_Case], Transition]:
    return lambda case: case.same(f"{why} ({case.state.phase})")


def _refused(why: str) -> Callable[[_Case], Transition]:
    return lambda case: case.refused(f"{why} ({case.state.phase})")


_NONE_FLIES: Final = "no release is in flight here"
TRANSITIONS: Final[tuple[Row, ...]] = (
    Row(
        Start,
        PHASES,
        ("awaitingApproval", "warming"),
        "the version goes into the slot that is not stable, and supersedes a release in flight; refused if it was "
        "rejected, or a person holds the release in flight; nothing if it is stable or in flight",
        _start,
    ),
    Row(Approve, ("awaitingApproval",), ("warming",), "its pods start, and its clock", _approve),
    Row(
        Approve,
        tuple(phase for phase in PHASES if phase != "awaitingApproval"),
        (),
        "nothing, or refused if the version is not the one here",
        _approved,
    ),
    Row(Pause, _HOLDABLE, _HOLDABLE, "nothing but evidence or a person moves it; its clock stands still", _pause),
    Row(Pause, (*_RESTING, "rollingBack"), (), "refused: there is nothing to hold", _nothing_to_hold),
    Row(Resume, _HOLDABLE, _HOLDABLE, "its clock goes on, and its step begins anew", _resume),
    Row(Resume, (*_RESTING, "rollingBack"), (), "refused: nothing is held", _nothing_to_hold),
    Row(
        RollBack,
        _BEFORE,
        ("rollingBack",),
        "the new version leaves the traffic and is rejected; nothing if it is being taken back already",
        _roll_back,
    ),
    Row(
        RollBack,
        ("promoting",),
        ("rollingBack",),
        "the version before answers again, the new one is rejected",
        _roll_back,
    ),
    Row(
        RollBack,
        ("baking",),
        ("rollingBack", "warming"),
        "the version before answers again, the new one is rejected; if its pods are gone, they warm up first",
        _roll_back,
    ),
    Row(
        RollBack,
        ("settled",),
        ("warming",),
        "the version before is released again, and gets all traffic once it is warm; the present one is rejected; "
        "refused if there is none, or it was rejected",
        _roll_back_settled,
    ),
    Row(RollBack, ("rollingBack",), (), "nothing: it is being rolled back", _rolling_back_already),
    Row(RollBack, ("none",), (), "refused: nothing is released", _roll_back_none),
    Row(Unreject, PHASES, PHASES, "the version may be released again; nothing if it was not rejected", _unreject),
    Row(
        Ready,
        ("warming",),
        ("warming", "canary", "shadow", "abTest", "promoting"),
        "it meets traffic as the strategy says; a first release and blueGreen get all; if more pods answer users than "
        "its floor, that is raised first",
        _warm,
    ),
    Row(Ready, JUDGED, JUDGED, "its floor of pods is raised to those that answer users; else nothing", _grow),
    Row(Ready, ("promoting",), ("baking",), "the old version stays warm; nothing for a first release", _promoted),
    Row(Ready, ("rollingBack",), ("rollingBack",), "the version, off the route now, is switched off", _off_the_route),
    Row(Ready, ("baking",), (), "nothing", _same("the release waits for the end of its bake, or to settle")),
    Row(Ready, ("awaitingApproval",), (), "refused: a person must approve", _refused("a person must approve it first")),
    Row(Ready, _RESTING, (), "nothing", _same(_NONE_FLIES)),
    Row(Advance, ("canary",), ("canary", "promoting"), "the next step; behind the last one, all traffic", _advance),
    Row(Advance, ("shadow", "abTest"), ("promoting",), "all traffic", _advance),
    Row(
        Advance,
        ("awaitingApproval", "warming", "promoting", "baking", "rollingBack", *_RESTING),
        (),
        "refused: there is no comparison in this phase that could pass",
        _refused("no comparison is under way here"),
    ),
    Row(
        Regress,
        ("warming", *JUDGED),
        ("rollingBack",),
        "the new version leaves the traffic and is rejected, also if a person holds the release",
        _regress,
    ),
    Row(
        Regress,
        ("promoting", "baking"),
        ("rollingBack",),
        "the version before answers again; refused if its pods are gone, or the cause is time",
        _regress_promoted,
    ),
    Row(Regress, ("rollingBack",), (), "nothing: it is being rolled back", _rolling_back_already),
    Row(Regress, ("awaitingApproval",), (), "refused: nothing of it runs", _refused("nothing of it runs yet")),
    Row(Regress, _RESTING, (), "refused: no release is in flight", _refused(_NONE_FLIES)),
    Row(Baked, ("baking",), ("baking",), "the old version is switched off", _bake_over),
    Row(
        Baked,
        tuple(phase for phase in PHASES if phase != "baking"),
        (),
        "refused: nothing bakes",
        _refused("nothing bakes here"),
    ),
    Row(
        Settle,
        ("promoting", "baking"),
        ("settled",),
        "the release is over; refused while the old version is warm",
        _settle,
    ),
    Row(
        Settle,
        ("rollingBack",),
        ("settled", "none"),
        "the version before goes on, or nothing is released; refused until the new version is off",
        _settle_rollback,
    ),
    Row(Settle, _RESTING, (), "nothing: it is settled", _same("the release is settled already")),
    Row(Settle, _BEFORE, (), "refused: the release is under way", _refused("the release is under way")),
)
EVENTS: Final[tuple[type[Event], ...]] = get_args(Event)
