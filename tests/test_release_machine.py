"""The state machine: each event in each phase, over every state that events can lead to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from release_machines import IDS, PAIRS, STRATEGIES, reachable, seen_events, warming_two
from serving_samples import states

from mlops_charts.generators.serving import release_constraints
from mlops_charts.release import PHASES, ReleaseState, problems_of
from mlops_charts.release.events import Event, RollBack, Start
from mlops_charts.release.machine import EVENTS, TRANSITIONS, transition
from mlops_charts.release.phases import RESTING
from mlops_charts.release.start import flying_version, is_rejected

LATER = "2026-11-23T10:07:00Z"


def row_of(event: Event, state: ReleaseState) -> Any:
    """Return the row of the table that an event in a state is in."""
    return next(row for row in TRANSITIONS if row.event is type(event) and state.phase in row.phases)


def test_every_event_has_one_row_for_every_phase() -> None:
    """None is left out, none is said twice, and each row says what it means."""
    cells = [(row.event, phase) for row in TRANSITIONS for phase in row.phases]
    assert sorted(cells, key=str) == sorted(((event, phase) for event in EVENTS for phase in PHASES), key=str)
    assert all(row.meaning for row in TRANSITIONS)


@pytest.mark.parametrize(("ingress", "strategy"), PAIRS, ids=IDS)
def test_each_event_in_each_state_does_what_the_table_says(ingress: Any, strategy: str) -> None:
    """It leads to a phase of its row or changes nothing, says why, and what it leads to has no flaw."""
    for state, event, found in reachable(ingress, strategy):
        case = (event, state.phase, found.outcome, found.why)
        assert found.why, case
        if found.outcome == "moved":
            assert found.state != state, case
            assert found.state.phase in row_of(event, state).after(state.phase), case
            assert problems_of(found.state, ingress) == [], case
        else:
            assert found.state is state, case


@pytest.mark.parametrize(("ingress", "strategy"), PAIRS, ids=IDS)
def test_an_event_twice_is_one_transition(ingress: Any, strategy: str) -> None:
    """Delivered again, by a person or by a tick that died behind its push, it changes nothing."""
    for state, event, found in reachable(ingress, strategy):
        if found.outcome == "moved":
            again = transition(found.state, event, ingress=ingress, at=LATER)
            assert again.outcome != "moved", (event, state.phase, found.state.phase, again.why)


@pytest.mark.parametrize(("ingress", "strategy"), PAIRS, ids=IDS)
def test_a_rejected_version_flies_only_again_once_a_person_has_lifted_that(ingress: Any, strategy: str) -> None:
    """Whatever happens, no commit puts a version in flight that is rejected."""
    for state, event, found in reachable(ingress, strategy):
        flying = flying_version(found.state)
        if flying and flying != flying_version(state):
            identity = next(one for one in (found.state.blue, found.state.green) if one.version == flying)
            digests = identity.code_digest, identity.data_digest
            assert not is_rejected(found.state, flying, *digests), (event, state.phase)
            assert isinstance(event, Start | RollBack), (event, state.phase)


@pytest.mark.parametrize(("ingress", "strategy"), PAIRS, ids=IDS)
def test_nobody_who_answers_all_users_is_switched_off(ingress: Any, strategy: str) -> None:
    """From commit to commit somebody answers, who ran before; a first release that is taken back is the exception."""
    for state, event, found in reachable(ingress, strategy):
        if state.stable != "none" and found.state.stable == "none":
            assert found.state.phase == "rollingBack", (event, state.phase)
            assert not state.slot("green" if state.stable == "blue" else "blue").enabled
        elif found.state.stable not in {"none", state.stable}:
            assert state.slot(found.state.stable).enabled, (event, state.phase)
            assert state.slot(found.state.stable).version == found.state.slot(found.state.stable).version


def test_the_table_promises_nothing_that_never_happens() -> None:
    """Each phase that a row says it may lead to is reached, from each of its phases."""
    seen = {
        (type(event), state.phase, found.state.phase)
        for ingress, strategy in PAIRS
        for state, event, found in reachable(ingress, strategy)
        if found.outcome == "moved"
    }
    told = {(row.event, one, then) for row in TRANSITIONS for one in row.phases for then in row.after(one)}
    assert told - seen == set()


def keys(found: Iterator[ReleaseState] | list[ReleaseState]) -> set[tuple[Any, ...]]:
    """Return what a chart can tell states by, weights apart."""
    flags = ("enabled", "routed", "mirrored", "matched")
    return {
        (
            one.stable,
            one.in_flight,
            *((getattr(one.slot(name), flag)) for name in ("blue", "green") for flag in flags),  # type: ignore[arg-type]
        )
        for one in found
    }


@pytest.mark.parametrize("ingress", STRATEGIES)
def test_the_examples_have_whatever_the_machine_makes(ingress: Any) -> None:
    """So that a chart that is proven for the examples is proven for each commit of a release."""
    made = keys([found.state for strategy in STRATEGIES[ingress] for _, _, found in reachable(ingress, strategy)])
    assert made - keys([state for _, state in states(ingress)]) == set()


@pytest.mark.parametrize(("ingress", "strategy"), PAIRS, ids=IDS)
def test_the_chart_admits_whatever_the_machine_makes(ingress: Any, strategy: str) -> None:
    """Its closed schema refuses no state of a release."""
    validator = Draft202012Validator({"allOf": list(release_constraints(ingress))})
    for state in {found.state.model_dump_json(): found.state for _, _, found in reachable(ingress, strategy)}.values():
        if not state.rejected:
            assert validator.is_valid({"release": state.data()}), state


@pytest.mark.parametrize(("ingress", "title", "state"), [(one, *each) for one in STRATEGIES for each in states(one)])
def test_the_examples_go_through_the_machine(ingress: Any, title: str, state: ReleaseState) -> None:
    """A state without a policy, as nobody commits it, is not a trap: each event has its answer, and it can be ended."""
    for event in (*seen_events(state), RollBack("by hand")):
        found = transition(state, event, ingress=ingress, at=LATER)
        assert found.outcome != "moved" or problems_of(found.state, ingress) == [], title
    if state.phase not in {*RESTING, "rollingBack"} and not title.startswith("baking, first"):
        assert transition(state, RollBack("by hand"), ingress=ingress, at=LATER).outcome == "moved", title


def test_a_state_with_a_flaw_is_left_alone() -> None:
    """Nothing is built upon a release file that somebody broke: the person learns where."""
    state = warming_two()
    broken = state.model_copy(update={"blue": state.blue.model_copy(update={"weight": 60})})
    for event in seen_events():
        found = transition(broken, event, ingress="gatewayApi", at=LATER)
        assert (found.outcome, found.state) == ("refused", broken)
        assert found.why.startswith("release.blue.weight: the weights of the routed slots sum to 60: blue 60; repair")


def test_what_was_seen_of_another_state_means_nothing() -> None:
    """A person was faster than the tick: what it saw is of a state that is no more."""
    state = warming_two()
    held = state.model_copy(update={"paused": True})
    for event in seen_events(state):
        found = transition(held, event, ingress="gatewayApi", at=LATER)
        assert (found.outcome, found.why) == ("same", "the release has moved on since this was seen; it is warming now")
