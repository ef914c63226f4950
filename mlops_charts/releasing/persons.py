"""What persons decide: a release is started, approved, held, let go on, taken back. Each is one commit of one file.

The state machine says what may be; here it is asked for the environment that is meant, and what follows is committed.
It must not know the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from mlops_charts.errors import Mistake
from mlops_charts.release import ReleaseState
from mlops_charts.release.asked import Place, ReleaseSpec
from mlops_charts.release.deciding import frozen_until
from mlops_charts.release.events import Approve, Event, Pause, Resume, RollBack, Start, Unreject
from mlops_charts.release.machine import Transition, transition
from mlops_charts.release.repository import Commit, Remote, fetched, write
from mlops_charts.release.start import flying_version, stable_version
from mlops_charts.release.state import Identity
from mlops_charts.release_file import state_in
from mlops_charts.releasing import commits

Verb = Literal["start", "approve", "pause", "resume", "rollback", "unreject"]
_LONGEST: Final = 1000  # characters of a reason


@dataclass(frozen=True)
class Standing:
    """One environment, as git has it.

    Attributes:
        place: The environment.
        path: Its release file.
        state: What stands in it; None without such a file.
    """

    place: Place
    path: str
    state: ReleaseState | None


@dataclass(frozen=True)
class Decision:
    """What a person has decided.

    Attributes:
        verb: What is to be done.
        version: With which version; empty means the one in flight.
        environment: Where; empty means where it fits.
        reason: Why, in words; empty if that was not said.
        identity: What a slot says of the version; for a start alone.
    """

    verb: Verb
    version: str = ""
    environment: str = ""
    reason: str = ""
    identity: Identity | None = None


@dataclass(frozen=True)
class Done:
    """What became of a decision.

    Attributes:
        outcome: moved: there is a commit. same: there was nothing to do.
        message: The same in words.
        environment: Where.
        state: The state in git.
        commit: The commit; the branch's newest where there was nothing to do.
    """

    outcome: Literal["moved", "same"]
    message: str
    environment: str
    state: ReleaseState
    commit: str


def standing(spec: ReleaseSpec, remote: Remote) -> tuple[Standing, ...]:
    """Return the environments of a model, in the order of promotion.

    Raises:
        RepositoryError: Git cannot be reached.
        Mistake: A release file is none.
    """
    with fetched(remote) as branch:
        texts = {spec.path(place.name): branch.text(spec.path(place.name)) for place in spec.environments}
    return tuple(
        Standing(place, path, state_in(text, path) if text is not None else None)
        for place in spec.environments
        for path, text in texts.items()
        if path == spec.path(place.name)
    )


def decide(spec: ReleaseSpec, remote: Remote, decision: Decision, *, now: datetime | None = None) -> Done:
    """Carry out what a person has decided, by one commit at most.

    Args:
        spec: The model.
        remote: The branch of release files.
        decision: What was decided.
        now: When; else the present moment.

    Raises:
        Mistake: It may not be, or nobody can tell where it is meant; in words.
        RepositoryError: Git cannot be reached.
    """
    place = spec.place(decision.environment) if decision.environment else _meant(spec, remote, decision)
    moment = now or datetime.now(UTC)
    _not_frozen(spec, place, decision, moment)
    seen: list[tuple[ReleaseState, Transition]] = []

    def change(text: str | None) -> Commit | None:
        before = state_in(text, spec.path(place.name))
        found = _transition(spec, place, before, decision, moment)
        seen.append((before, found))
        if found.outcome == "refused":
            raise Mistake(f"{spec.model} in {place.name}: {found.why}")
        if found.outcome == "same":
            return None
        event = _event(place, decision)
        return commits.commit_of(spec.model, place.name, event, before, found.state, body=_reason(decision))

    written = write(remote, spec.path(place.name), change)
    before, found = seen[-1]
    if not written.changed:
        return Done(
            "same", f"{spec.model} in {place.name}: nothing to do, {found.why}", place.name, before, written.commit
        )
    message = f"{spec.model} in {place.name}: {found.why} ({commits.moved(before, found.state)})"
    return Done("moved", message, place.name, found.state, written.commit)


def _transition(
    spec: ReleaseSpec, place: Place, state: ReleaseState, decision: Decision, moment: datetime
) -> Transition:
    flying = flying_version(state)
    if decision.verb in {"pause", "resume"} and decision.version and decision.version != flying:
        there = f"that is {flying} ({state.phase})" if flying else f"nothing is ({state.phase})"
        return Transition(state, "refused", f"{decision.version} is not in flight here, {there}")
    at = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return transition(state, _event(place, decision), ingress=spec.ingress, at=at)


def _event(place: Place, decision: Decision) -> Event:
    if decision.verb == "start":
        floor = place.replicas if place.autoscaled else 1
        return Start(decision.identity or Identity(), place.policy, place.approval, floor)
    events: dict[Verb, Callable[[], Event]] = {
        "approve": lambda: Approve(decision.version),
        "pause": Pause,
        "resume": Resume,
        "rollback": lambda: RollBack(_reason(decision) or "without a reason given", decision.version),
        "unreject": lambda: Unreject(decision.version),
    }
    return events[decision.verb]()


def _reason(decision: Decision) -> str:
    """Return the reason on one line, so that it is no trailer, and of characters that every terminal bears."""
    line = " ".join(decision.reason.split())
    return "".join(character for character in line if character.isprintable())[:_LONGEST]


def _not_frozen(spec: ReleaseSpec, place: Place, decision: Decision, moment: datetime) -> None:
    if decision.verb not in {"start", "approve"}:
        return
    if end := frozen_until(place.freeze, moment):
        raise Mistake(f"{spec.model} in {place.name}: no release starts before {end}, when its freeze ends")


def _meant(spec: ReleaseSpec, remote: Remote, decision: Decision) -> Place:
    """Return the environment that a decision fits; the first if none does, whose state then says why not."""
    first = spec.environments[0]
    if decision.verb == "start" or len(spec.environments) == 1:
        return first
    there = [one for one in standing(spec, remote) if one.state is not None]
    for fits in _fitting(decision):
        found = [one for one in there if one.state is not None and fits(one.state)]
        if len(found) > 1:
            raise Mistake(f"{spec.model}: {_several(found)}; say which by --environment")
        if found:
            return found[0].place
    return first


def _fitting(decision: Decision) -> Sequence[Callable[[ReleaseState], bool]]:
    """Return how well a state fits a decision, the best fit first."""
    version = decision.version

    def flies(state: ReleaseState) -> bool:
        return bool(flying_version(state)) and version in {"", flying_version(state)}

    def answers(state: ReleaseState) -> bool:
        return bool(version) and stable_version(state) == version

    def waits(state: ReleaseState) -> bool:
        return state.phase == "awaitingApproval" and flies(state)

    def rejected(state: ReleaseState) -> bool:
        return any(one.get("version") == version for one in state.rejected)

    table: dict[Verb, Sequence[Callable[[ReleaseState], bool]]] = {
        "start": (),
        "approve": (waits, flies, answers),
        "pause": (lambda state: flies(state) and not state.paused, flies),
        "resume": (lambda state: flies(state) and state.paused, flies),
        "rollback": (lambda state: flies(state) and state.phase != "rollingBack", flies, answers),
        "unreject": (rejected,),
    }
    return table[decision.verb]


def _several(found: Sequence[Standing]) -> str:
    parts = [f"{one.place.name} ({_brief(one.state)})" for one in found if one.state is not None]
    return f"this fits {' and '.join(parts)}"


def _brief(state: ReleaseState) -> str:
    version = flying_version(state) or stable_version(state)
    return f"{version} {commits.described(state)}".strip()
