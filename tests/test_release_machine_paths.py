"""How releases go: each strategy from its start to its end, and every way back."""

from __future__ import annotations

from typing import Any

import pytest
from release_machines import (
    AT,
    EVIDENCE,
    IDS,
    ONE,
    PAIRS,
    THREE,
    TWO,
    after,
    moved,
    policy,
    settled_one,
    warming_two,
)

from mlops_charts.release import ReleaseState, Slot, nothing_released
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
    Settle,
    Start,
    Unreject,
)
from mlops_charts.release.moves import policy_in, taken_back
from mlops_charts.release.start import flying_version, stable_version

LATER = "2026-11-23T10:07:00Z"
BAD = Regress("it is worse", EVIDENCE)
WAY: dict[str, list[tuple[Event, tuple[str, int, int]]]] = {
    "canary": [
        (Ready(), ("canary", 95, 5)),
        (Advance(EVIDENCE), ("canary", 50, 50)),
        (Advance(EVIDENCE), ("promoting", 0, 100)),
    ],
    "shadow": [(Ready(), ("shadow", 100, 0)), (Advance(EVIDENCE), ("promoting", 0, 100))],
    "abTest": [(Ready(), ("abTest", 100, 0)), (Advance(EVIDENCE), ("promoting", 0, 100))],
    "blueGreen": [(Ready(), ("promoting", 0, 100))],
}
END: list[tuple[Event, tuple[str, int, int]]] = [
    (Ready(), ("baking", 0, 100)),
    (Baked(), ("baking", 0, 100)),
    (Settle(), ("settled", 0, 100)),
]


def traffic(slot: Slot) -> tuple[bool, bool, bool, bool, int]:
    """Return what a slot gets."""
    return slot.enabled, slot.routed, slot.mirrored, slot.matched, slot.weight


OFF, IDLE, FULL = (
    (False, False, False, False, 0),
    (True, False, False, False, 0),
    (True, True, False, False, 100),
)


def in_phase(phase: str, ingress: Any = "gatewayApi") -> ReleaseState:
    """Return a state with version two in flight, in a phase; `bakedOff` is baking with the old version off."""
    before: dict[str, tuple[str, list[Event]]] = {
        "warming": ("canary", []),
        "canary": ("canary", [Ready()]),
        "shadow": ("shadow", [Ready()]),
        "abTest": ("abTest", [Ready()]),
        "promoting": ("blueGreen", [Ready()]),
        "baking": ("blueGreen", [Ready(), Ready()]),
        "bakedOff": ("blueGreen", [Ready(), Ready(), Baked()]),
    }
    if phase == "awaitingApproval":
        return moved(settled_one(ingress), Start(TWO, policy("blueGreen"), approval=True), ingress=ingress)
    strategy, events = before[phase]
    return moved(warming_two(strategy, ingress), *events, ingress=ingress)


@pytest.mark.parametrize(("ingress", "strategy"), PAIRS, ids=IDS)
def test_a_good_version_goes_all_the_way(ingress: Any, strategy: str) -> None:
    """Phase by phase, with the weights that the policy says, until it answers alone; nothing restarts on the way."""
    state = warming_two(strategy, ingress)
    assert (traffic(state.blue), traffic(state.green)) == (FULL, IDLE)
    for event, (phase, old, new) in [*WAY[strategy], *END]:
        state = moved(state, event, ingress=ingress, at=LATER)
        mirrored = 100 if phase == "shadow" and ingress == "istio" else new
        assert (state.phase, state.blue.weight, state.green.weight) == (phase, old, mirrored)
        assert (state.green.version, state.green.enabled, state.step_started_at) == (TWO.version, True, LATER)
    assert (state.stable, state.in_flight, traffic(state.blue), state.started_at) == ("green", False, OFF, AT)


@pytest.mark.parametrize("ingress", ["gatewayApi", "istio", "none"])
def test_a_first_release_gets_all_traffic_once_it_is_warm(ingress: Any) -> None:
    """Whatever the strategy: there is nobody to compare it with, and nothing to bake beside."""
    strategy = "blueGreen" if ingress == "none" else "canary"
    warming = moved(nothing_released(), Start(ONE, policy(strategy)), ingress=ingress)
    assert (warming.stable, traffic(warming.blue)) == ("none", FULL if ingress == "istio" else IDLE)
    promoting = moved(warming, Ready(), ingress=ingress)
    assert (promoting.phase, promoting.stable, traffic(promoting.blue)) == ("promoting", "blue", FULL)
    assert after(promoting, Ready(), ingress=ingress).outcome == "same"
    settled = moved(promoting, Settle(), ingress=ingress)
    assert (settled.phase, settled.in_flight, traffic(settled.blue)) == ("settled", False, FULL)


@pytest.mark.parametrize("ingress", ["gatewayApi", "istio", "none"])
@pytest.mark.parametrize("seen", [False, True])
def test_a_first_release_that_is_taken_back_leaves_nothing_but_its_rejection(ingress: Any, *, seen: bool) -> None:
    """Before traffic its pods go at once; behind it they leave the route first, but under istio."""
    start: list[Event] = [Start(ONE, policy("blueGreen")), *([Ready()] if seen else [])]
    state = moved(nothing_released(), *start, RollBack("it is slow"), ingress=ingress)
    assert (state.phase, state.stable) == ("rollingBack", "none")
    assert traffic(state.blue) == (IDLE if seen and ingress != "istio" else OFF)
    if state.blue.enabled:
        assert after(state, Settle(), ingress=ingress).outcome == "refused"
        state = moved(state, Ready(), ingress=ingress)
    end = moved(state, Settle(), ingress=ingress)
    entry = {"version": ONE.version, "codeDigest": ONE.code_digest, "dataDigest": ONE.data_digest}
    assert end == ReleaseState(rejected=({**entry, "at": AT, "evidence": "", "reason": "it is slow"},))
    assert after(end, Start(ONE, policy()), ingress="gatewayApi").outcome == "refused"
    assert after(end, RollBack("it is slow", ONE.version), ingress=ingress).outcome == "same"


@pytest.mark.parametrize("phase", ["warming", "canary", "shadow", "abTest", "promoting", "baking"])
@pytest.mark.parametrize("event", [BAD, RollBack("it is worse")])
def test_a_bad_version_is_taken_back(phase: str, event: Event) -> None:
    """Who answered before answers, at once; the bad one leaves the route, and its pods go in the next commit."""
    state = moved(in_phase(phase), event, at=LATER)
    assert (state.phase, state.stable, traffic(state.blue)) == ("rollingBack", "blue", FULL)
    assert traffic(state.green) == (OFF if phase == "warming" else IDLE)
    (entry,) = state.rejected
    assert (entry["version"], entry["codeDigest"], entry["at"]) == (TWO.version, TWO.code_digest, LATER)
    assert (entry["evidence"], entry["reason"]) == (EVIDENCE if event is BAD else "", "it is worse")
    if phase != "warming":
        assert after(state, Settle()).outcome == "refused"
        state = moved(state, Ready())
    end = moved(state, Settle())
    assert (end.phase, stable_version(end), traffic(end.green)) == ("settled", ONE.version, OFF)
    assert after(end, event).outcome == "refused"
    assert after(end, Start(TWO, policy())).why.startswith(f"version {TWO.version} was rejected")
    again = moved(end, Unreject(TWO.version), Start(TWO, policy()))
    assert (flying_version(again), again.rejected) == (TWO.version, ())


@pytest.mark.parametrize("phase", ["warming", "canary", "shadow", "promoting", "baking"])
def test_under_istio_a_bad_version_is_off_at_once(phase: str) -> None:
    """Seldon moves no weight before all pods are ready, and those of a bad version may never be."""
    state = moved(in_phase(phase, "istio"), BAD, ingress="istio")
    assert (traffic(state.blue), traffic(state.green)) == (FULL, OFF)
    assert moved(state, Settle(), ingress="istio").phase == "settled"


def test_who_waits_for_approval_can_be_turned_down() -> None:
    """A person says no; evidence cannot, since nothing runs."""
    waiting = in_phase("awaitingApproval")
    assert traffic(waiting.green) == OFF
    assert after(waiting, BAD).outcome == after(waiting, Ready()).outcome == "refused"
    end = moved(waiting, RollBack("not before the holidays"), Settle())
    assert (end.phase, end.rejected[0]["reason"]) == ("settled", "not before the holidays")


def test_approval_names_the_version_and_starts_its_clock() -> None:
    """The time until a person has looked is not the release's."""
    waiting = in_phase("awaitingApproval")
    assert after(waiting, Approve(ONE.version)).outcome == "refused"
    warm = moved(waiting, Approve(TWO.version), at=LATER)
    assert (warm.phase, warm.started_at, traffic(warm.green)) == ("warming", LATER, IDLE)
    assert after(warm, Approve(TWO.version)).outcome == "same"
    assert after(warm, Approve(THREE.version)).outcome == "refused"


@pytest.mark.parametrize("phase", ["awaitingApproval", "warming", "canary", "promoting", "baking"])
def test_a_held_release_stands_still(phase: str) -> None:
    """Nothing but evidence, a person, or nothing at all happens; then its clock goes on, and its step begins anew."""
    state = in_phase(phase)
    held = moved(state, Pause(), at="2026-11-23T10:05:00Z")
    assert held.step_started_at == "2026-11-23T10:05:00Z"
    for event in (Ready(), Advance(EVIDENCE), Baked(), Settle(), Start(THREE, policy()), Approve(TWO.version)):
        found = after(held, event)
        assert found.outcome == ("same" if isinstance(event, Approve) and phase != "awaitingApproval" else "refused")
    assert after(held, Pause()).outcome == "same"
    free = moved(held, Resume(), at="2026-11-23T10:15:00Z")
    assert (free.started_at, free.step_started_at) == ("2026-11-23T10:10:00Z", "2026-11-23T10:15:00Z")
    assert free.model_copy(update={"started_at": AT, "step_started_at": AT}) == state
    assert after(free, Resume()).outcome == "same"
    assert moved(held, RollBack("enough")).paused is False


@pytest.mark.parametrize("event", [Pause(), Resume()])
def test_what_does_not_fly_or_falls_is_not_held(event: Event) -> None:
    """A rollback is not to be stopped halfway."""
    falling = moved(in_phase("canary"), BAD)
    for state in (nothing_released(), settled_one(), falling):
        assert after(state, event).outcome == "refused"


@pytest.mark.parametrize(
    "phase", ["awaitingApproval", "warming", "canary", "shadow", "abTest", "promoting", "baking", "bakedOff"]
)
def test_a_newer_version_takes_the_place_of_one_in_flight(phase: str) -> None:
    """In every phase; what was promoted by then stays, and what was not is gone without being rejected."""
    state = in_phase(phase)
    found = after(state, Start(THREE, policy("shadow")), at=LATER)
    new = found.state
    promoted = phase in {"promoting", "baking", "bakedOff"}
    assert found.why == f"the release of {THREE.version} starts, instead of {TWO.version} ({state.phase})"
    assert (new.phase, flying_version(new)) == ("warming", THREE.version)
    assert stable_version(new) == (TWO if promoted else ONE).version
    assert (traffic(new.slot(new.stable)), new.rejected, new.started_at) == (FULL, (), LATER)  # type: ignore[arg-type]
    assert new.policy["strategy"] == "shadow"


def test_a_newer_version_takes_the_place_of_one_that_falls() -> None:
    """Whose rejection stays."""
    state = moved(in_phase("canary"), BAD, Start(THREE, policy()))
    assert (flying_version(state), stable_version(state)) == (THREE.version, ONE.version)
    assert [one["version"] for one in state.rejected] == [TWO.version]


def test_the_version_before_comes_back_by_a_start_while_it_is_still_warm() -> None:
    """A revert of the code: it is released against the one that bakes, as any other."""
    state = moved(in_phase("baking"), Start(ONE, policy()))
    assert (flying_version(state), stable_version(state), traffic(state.blue)) == (ONE.version, TWO.version, IDLE)


@pytest.mark.parametrize("ingress", ["gatewayApi", "istio", "none"])
@pytest.mark.parametrize("phase", ["settled", "bakedOff"])
def test_a_person_takes_back_what_has_settled(ingress: Any, phase: str) -> None:
    """The version before warms up again, and as soon as it is warm it gets all traffic; the present one is rejected."""
    state = in_phase("bakedOff", ingress)
    state = moved(state, Settle(), ingress=ingress) if phase == "settled" else state
    event = RollBack("customers complain", TWO.version)
    warming = moved(state, event, ingress=ingress, at=LATER)
    assert (warming.phase, stable_version(warming), flying_version(warming)) == ("warming", TWO.version, ONE.version)
    assert (taken_back(warming), warming.rejected[0]["version"]) == (TWO.version, TWO.version)
    assert (traffic(warming.green), traffic(warming.blue)) == (FULL, IDLE)
    for again in (event, RollBack("customers complain")):
        assert after(warming, again, ingress=ingress).outcome == "same"
    end = moved(warming, Ready(), Ready(), Baked(), Settle(), ingress=ingress)
    assert (end.phase, stable_version(end), taken_back(end)) == ("settled", ONE.version, "")
    found = after(end, RollBack("no, back again"), ingress=ingress)
    assert (found.outcome, found.why) == (
        "refused",
        "1.2.0, the version before 1.1.0, was rejected; unreject it first, or release another one",
    )
    assert moved(end, Unreject(TWO.version), RollBack("no, back again"), ingress=ingress).phase == "warming"


def test_the_version_that_is_brought_back_may_fail_too() -> None:
    """It does not start any more, or another person says no: the present one goes on, and both are rejected."""
    settled = moved(in_phase("bakedOff"), Settle())
    warming = moved(settled, RollBack("customers complain"))
    for event in (Regress("undecided", cause="expired"), RollBack("that is worse", ONE.version)):
        end = moved(warming, event, Settle())
        assert (end.phase, stable_version(end)) == ("settled", TWO.version)
        assert [one["version"] for one in end.rejected] == [TWO.version, ONE.version]
        assert moved(end, Start(THREE, policy())).phase == "warming"


def test_what_has_no_version_before_it_is_not_taken_back_once_it_has_settled() -> None:
    """Nobody would answer; and a version that is not here is not taken back either."""
    found = after(settled_one(), RollBack("it is slow"))
    assert (found.outcome, found.why) == ("refused", "no version is known from before 1.1.0; release another one")
    assert after(nothing_released(), RollBack("it is slow")).outcome == "refused"
    assert after(settled_one(), RollBack("it is slow", "9.9.9")).why == (
        "9.9.9 is neither in flight nor answers users here"
    )
    found = after(in_phase("canary"), RollBack("it is slow", ONE.version))
    assert found.why == "1.2.0 is in flight; roll it back first, or release a version that replaces both"


def test_time_takes_nothing_back_that_is_promoted() -> None:
    """Nor does evidence once the old version is off: then a person decides."""
    late = Regress("undecided", cause="expired")
    assert {after(in_phase(phase), late).outcome for phase in ("promoting", "baking")} == {"refused"}
    assert after(in_phase("bakedOff"), BAD).outcome == "refused"


@pytest.mark.parametrize(("ingress", "strategy"), [("istio", "abTest"), ("none", "canary"), ("none", "shadow")])
def test_a_strategy_that_the_ingress_cannot_carry_out_does_not_start(ingress: Any, strategy: str) -> None:
    """It says which can."""
    found = after(settled_one(ingress), Start(TWO, policy(strategy)), ingress=ingress)
    assert found.outcome == "refused"
    assert found.why.startswith(f"the strategy {strategy} is impossible with ingress {ingress}; possible are ")


def test_a_policy_of_another_version_stops_a_release_and_not_its_way_back() -> None:
    """What cannot be read is not guessed."""
    state = in_phase("canary").model_copy(update={"policy": {"strategy": "magic"}})
    warming = in_phase("warming").model_copy(update={"policy": {}})
    assert after(state, Advance()).outcome == after(warming, Ready()).outcome == "refused"
    assert moved(state, BAD).phase == "rollingBack"


def floors(state: ReleaseState) -> tuple[int, int]:
    """Return the fewest pods of both slots."""
    return state.blue.min_replicas, state.green.min_replicas


def test_a_new_version_has_as_many_pods_as_answer_users() -> None:
    """Before it gets traffic, and again before it gets all; the old one keeps its pods until the bake is over."""
    first = settled_one(min_replicas=2)
    state = moved(first, Start(TWO, policy("canary"), min_replicas=2))
    assert (floors(first), floors(state)) == ((2, 2), (2, 2))
    state = moved(state, Ready(5))
    assert (state.phase, floors(state)) == ("warming", (2, 5))
    state = moved(state, Ready(4), Ready(8))
    assert (state.phase, floors(state)) == ("canary", (8, 8))
    state = moved(state, Advance(), Advance(), Ready(3))
    assert (state.phase, floors(state)) == ("baking", (8, 8))
    assert floors(moved(state, BAD, Ready(), Settle())) == (2, 2)
    assert floors(moved(state, Baked(), Settle())) == (2, 2)


def test_no_floor_of_pods_with_traffic_moves_where_that_would_restart_them() -> None:
    """Seldon's executor has its predictor in a variable, autoscaling included."""
    state = moved(settled_one(min_replicas=2), Start(TWO, policy("canary", executor=True), min_replicas=2), Ready(5))
    assert (state.phase, floors(state)) == ("warming", (2, 5))
    state = moved(state, Ready(5))
    assert after(state, Ready(9)).outcome == "same"
    assert floors(moved(state, Advance(), Advance(), Ready(9), Baked(), Settle())) == (2, 5)


def test_the_header_of_an_experiment_is_there_while_it_is() -> None:
    """And in no other phase."""
    state = in_phase("abTest")
    assert (state.match.header, state.match.value, state.green.matched) == ("x-variant", "candidate", True)
    assert moved(state, Advance()).match.header == moved(state, BAD).match.header == ""


def test_a_release_keeps_its_policy() -> None:
    """By which it started, whatever another one says; and it reads as it was written."""
    state = in_phase("canary")
    assert policy_in(state) == policy("canary")
    assert after(state, Start(TWO, policy("shadow"))).outcome == "same"
