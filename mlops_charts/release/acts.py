"""What each event does to a state that admits it: one function for each kind of row in the table of transitions.

Which event does what in which phase is not here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from mlops_charts.release import moves
from mlops_charts.release.phases import Ingress, known_phases
from mlops_charts.release.start import Paused, Rejected, flying_version, stable_version
from mlops_charts.release.start import start as started
from mlops_charts.release.state import Phase, ReleaseState

Outcome = Literal["moved", "same", "refused"]
JUDGED: Final[tuple[Phase, ...]] = ("canary", "shadow", "abTest")  # both versions answer at once


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
class Case:
    """A state and what happens to it; its methods give the three outcomes."""

    state: ReleaseState
    event: Any
    ingress: Ingress
    at: str

    def moved(self, state: ReleaseState, why: str) -> Transition:
        """Return a new state, and why."""
        return Transition(state, "moved", why)

    def same(self, why: str) -> Transition:
        """Return that there is nothing to do, and why."""
        return Transition(self.state, "same", why)

    def refused(self, why: str) -> Transition:
        """Return that it may not be, and why."""
        return Transition(self.state, "refused", why)

    @property
    def flying(self) -> str:
        """The version in flight; empty if there is none."""
        return flying_version(self.state)

    @property
    def rival(self) -> bool:
        """Whether the version before runs."""
        return moves.pair(self.state).rival


def start(case: Case) -> Transition:
    """Start a release, unless a rejection, a person, or the ingress is against it."""
    state, event = case.state, case.event
    possible = [phase for phase in known_phases(case.ingress) if phase in JUDGED] + ["blueGreen"]
    if event.policy.strategy not in possible:
        message = f"the strategy {event.policy.strategy} is impossible with ingress {case.ingress}"
        return case.refused(f"{message}; possible are {', '.join(possible)}")
    policy = moves.begun_with(event.policy, event.min_replicas)
    try:
        after = started(
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


def approve(case: Case) -> Transition:
    """Let the version that waits warm up; its clock begins."""
    if case.event.version != case.flying:
        return case.refused(f"{case.flying} waits for approval here, and not {case.event.version}; name that version")
    if case.state.paused:
        return case.refused(f"a person holds the release of {case.flying}; resume it first")
    after = moves.arranged(case.state, "warming", case.ingress, case.at, started_at=case.at)
    return case.moved(after, f"{case.flying} was approved")


def approved(case: Case) -> Transition:
    """Find nothing to approve."""
    version = case.event.version
    if version in {case.flying, stable_version(case.state)}:
        return case.same(f"{version} was approved already, or needs no approval ({case.state.phase})")
    return case.refused(f"{version} does not wait for approval here; start its release first")


def pause(case: Case) -> Transition:
    """Hold the release."""
    if case.state.paused:
        return case.same(f"the release of {case.flying} is held already")
    return case.moved(moves.held(case.state, case.at), f"a person holds the release of {case.flying}")


def resume(case: Case) -> Transition:
    """Let a held release go on."""
    if not case.state.paused:
        return case.same(f"nobody holds the release of {case.flying}")
    return case.moved(moves.let_go(case.state, case.at), f"the release of {case.flying} goes on; its step begins anew")


def nothing_to_hold(case: Case) -> Transition:
    """Refuse to hold, or let go, what is not in flight."""
    return case.refused(f"no release is in flight here that could be held ({case.state.phase})")


def roll_back(case: Case) -> Transition:
    """Take back the version in flight."""
    state, event, flying = case.state, case.event, case.flying
    if not event.version and (refused := moves.taken_back(state)):
        return case.same(f"{refused} is being taken back already, by {flying}; to take that back, name {flying}")
    if event.version in {"", flying}:
        return _taken_back(case, f"a person takes {flying} back: {event.reason}")
    return _other_version(case)


def _other_version(case: Case) -> Transition:
    version = case.event.version
    if any(one.get("version") == version for one in case.state.rejected):
        return case.same(f"{version} was rejected already")
    if version == stable_version(case.state):
        return case.refused(f"{case.flying} is in flight; roll it back first, or release a version that replaces both")
    return case.refused(f"{version} is neither in flight nor answers users here")


def _taken_back(case: Case, why: str) -> Transition:
    """Take the version in flight out of the traffic; its predecessor, if its pods are gone already, must warm up."""
    state, parts = case.state, moves.pair(case.state)
    if state.phase == "baking" and not parts.rival:
        return _release_again(case)
    marked = moves.rejecting(state, parts.new, case.at, case.event.reason, getattr(case.event, "evidence", ""))
    return case.moved(moves.withdrawn(marked, case.ingress, case.at), why)


def roll_back_settled(case: Case) -> Transition:
    """Release the version before again, and reject the present one."""
    stable, version = stable_version(case.state), case.event.version
    if version in {"", stable}:
        return _release_again(case)
    return _other_version(case)


def _release_again(case: Case) -> Transition:
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


def roll_back_none(case: Case) -> Transition:
    """Find nothing to take back."""
    return _other_version(case) if case.event.version else case.refused("nothing is released here")


def rolling_back_already(case: Case) -> Transition:
    """Find the version on its way back."""
    if getattr(case.event, "version", "") not in {"", case.flying}:
        return _other_version(case)
    return case.same(f"{case.flying} is being rolled back")


def unreject(case: Case) -> Transition:
    """Lift a rejection."""
    version = case.event.version
    kept = tuple(one for one in case.state.rejected if one.get("version") != version)
    if len(kept) == len(case.state.rejected):
        return case.same(f"{version} is not rejected here")
    return case.moved(case.state.model_copy(update={"rejected": kept}), f"{version} may be released again")


def warm(case: Case) -> Transition:
    """Let a warm version meet traffic, once it has the pods that answer users now."""
    policy, state = moves.policy_in(case.state), case.state
    if policy is None:
        return case.refused(f"the policy of {case.flying}'s release cannot be read; roll it back, and start it again")
    more = moves.with_more_pods(state, case.event.min_replicas)
    if more != state:
        return case.moved(more, f"{case.flying} gets as many pods as answer users now: {case.event.min_replicas}")
    after = moves.first_stage(state, policy, case.ingress, case.at)
    return case.moved(after, f"{case.flying} is warm: {after.phase}")


def grow(case: Case) -> Transition:
    """Raise the floor of pods to what answers users now."""
    after = moves.with_more_pods(case.state, case.event.min_replicas)
    if after == case.state:
        return case.same(f"{case.flying} has pods enough, and waits for its verdict")
    return case.moved(after, f"{case.flying} gets as many pods as answer users now: {case.event.min_replicas}")


def promoted(case: Case) -> Transition:
    """Begin to bake, where there is a version before."""
    if not case.rival:
        return case.same(f"{case.flying} is the first release, and has nobody to bake beside; it settles next")
    after = moves.arranged(case.state, "baking", case.ingress, case.at)
    return case.moved(after, f"{case.flying} has all traffic; the version before stays warm")


def off_the_route(case: Case) -> Transition:
    """Switch a version off that has left the route."""
    state, parts = case.state, moves.pair(case.state)
    if not state.slot(parts.new).enabled:
        return case.same(f"{case.flying} is off already; it settles next")
    return case.moved(moves.without(state, parts.new), f"{case.flying} has left the route, and is switched off")


def advance(case: Case) -> Transition:
    """Go to the next step, or to all traffic."""
    policy = moves.policy_in(case.state)
    if policy is None:
        return case.refused(f"the policy of {case.flying}'s release cannot be read; roll it back, and start it again")
    after = moves.next_stage(case.state, policy, case.ingress, case.at)
    where = "has all traffic" if after.phase == "promoting" else f"gets {policy.steps[after.step]} %"
    return case.moved(after, f"every check has passed: {case.flying} {where}")


def regress(case: Case) -> Transition:
    """Take back a version that is worse."""
    return _taken_back(case, f"{case.flying} is taken back: {case.event.reason}")


def regress_promoted(case: Case) -> Transition:
    """Take back a promoted version that is worse, while the one before still runs."""
    if case.event.cause == "expired":
        return case.refused(f"{case.flying} is promoted already, so its time does not count any more")
    if case.state.phase == "baking" and not case.rival:
        return case.refused("the version before is off already; a person takes this one back with release rollback")
    return regress(case)


def bake_over(case: Case) -> Transition:
    """Switch the old version off."""
    if not case.rival:
        return case.same("the version before is off already; the release settles next")
    after = moves.without(case.state, moves.pair(case.state).old, case.at)
    return case.moved(after, f"{case.flying} has baked: the version before is switched off")


def settle(case: Case) -> Transition:
    """End a release that was promoted."""
    if case.rival:
        return case.refused("the version before is still warm; the release settles once it is off")
    return case.moved(moves.settled(case.state, case.at), f"{case.flying} is settled")


def settle_rollback(case: Case) -> Transition:
    """End a release that was taken back."""
    state = case.state
    if state.slot(moves.pair(state).new).enabled:
        return case.refused(f"{case.flying} is not off yet; the release settles once it is")
    rest = f"{stable_version(state)} goes on answering" if state.stable != "none" else "nothing is released"
    return case.moved(moves.settled(state, case.at), f"{case.flying} is rolled back: {rest}")


def same_because(why: str) -> Callable[[Case], Transition]:
    """Return an act that has nothing to do."""
    return lambda case: case.same(f"{why} ({case.state.phase})")


def refused_because(why: str) -> Callable[[Case], Transition]:
    """Return an act that is refused."""
    return lambda case: case.refused(f"{why} ({case.state.phase})")
