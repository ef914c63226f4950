"""What a tick does next, given what it has seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from release_machines import AT, EVIDENCE, ONE, THREE, TWO, moved, policy, settled_one, warming_two

from mlops_charts.release import ReleaseState, nothing_released
from mlops_charts.release.deciding import Judged, Observed, Wait, next_event
from mlops_charts.release.events import Advance, Baked, Pause, Ready, Regress, RollBack, Settle, Start

BEGIN = datetime.fromisoformat(AT).timestamp()
GOOD = Judged("advance", "every check has passed", EVIDENCE)
BAD = Judged("rollback", "errorRate rose by 7 points", EVIDENCE)
HOLD = Judged("hold", "120 of 1,830 requests", EVIDENCE)
NO_DATA = Judged("rollback", "Prometheus does not answer", EVIDENCE, no_data=True)
DONE = Observed(running=True, handed_over=True)
BROKEN = Observed(running=False, why="0 of 2 pods of green are available")

WARMING, CANARY = warming_two(), moved(warming_two(), Ready())
LAST = moved(CANARY, Advance())
PROMOTING = moved(LAST, Advance())
BAKING = moved(PROMOTING, Ready())
BAKED = moved(BAKING, Baked())
FALLING = moved(CANARY, Regress("worse"))
FALLEN = moved(FALLING, Ready())
FIRST = moved(nothing_released(), Start(ONE, policy()))
WAITING = moved(settled_one(), Start(TWO, policy(), approval=True))
TAKING_BACK = moved(BAKED, Settle(), RollBack("customers complain"))


def seen(verdict: Judged | None = None, **more: Any) -> Observed:
    """Return what a tick sees of a cluster that runs what git says."""
    return Observed(running=True, verdict=verdict, **more)


def decided(state: ReleaseState, observed: Observed, *, seconds: float = 1, frozen: bool = False) -> object:
    """Return what is next, some seconds behind the start."""
    return next_event(state, observed, BEGIN + seconds, frozen)


FORWARD = {
    "a warm version": (WARMING, seen(), Ready(seen=WARMING)),
    "a warm version beside more pods": (WARMING, seen(min_replicas=4), Ready(4, WARMING)),
    "a warm first version": (FIRST, seen(), Ready(seen=FIRST)),
    "a good step": (CANARY, seen(GOOD), Advance(EVIDENCE, CANARY)),
    "a good step beside more pods": (CANARY, seen(GOOD, min_replicas=4), Advance(EVIDENCE, CANARY)),
    "the last good step": (LAST, seen(GOOD), Advance(EVIDENCE, LAST)),
    "the last good step beside more pods": (LAST, seen(GOOD, min_replicas=4), Ready(4, LAST)),
    "promoted": (PROMOTING, seen(), Ready(seen=PROMOTING)),
    "the first promoted": (moved(FIRST, Ready()), DONE, Settle(moved(FIRST, Ready()))),
    "off the route": (FALLING, seen(), Ready(seen=FALLING)),
    "off": (FALLEN, seen(), Settle(FALLEN)),
    "baked and off": (BAKED, DONE, Settle(BAKED)),
}


@pytest.mark.parametrize(("state", "observed", "expected"), FORWARD.values(), ids=FORWARD.keys())
def test_a_release_goes_forward(state: ReleaseState, observed: Observed, expected: object) -> None:
    """Each by one step, and the event knows the state in which it was seen."""
    assert decided(state, observed) == expected


@pytest.mark.parametrize(
    "state", [WARMING, CANARY, LAST, PROMOTING, BAKING, BAKED, FALLING, FALLEN, FIRST], ids=lambda state: state.phase
)
def test_a_cluster_that_does_not_run_what_git_says_is_waited_for(state: ReleaseState) -> None:
    """Whatever else was seen, but evidence against the version: its pods may fail because it is bad."""
    broken = Observed(running=False, why=BROKEN.why, verdict=GOOD, handed_over=True)
    assert decided(state, broken, seconds=600) == Wait(BROKEN.why)


@pytest.mark.parametrize("state", [CANARY, LAST, PROMOTING, BAKING], ids=lambda state: state.phase)
@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("running", [False, True])
def test_evidence_against_a_version_is_acted_upon_at_once(
    state: ReleaseState, *, held: bool, frozen: bool, running: bool
) -> None:
    """Also while a person holds the release, in a freeze, and where pods are missing."""
    state = moved(state, Pause()) if held else state
    found = decided(state, Observed(running=running, verdict=BAD), frozen=frozen)
    assert found == Regress(BAD.reason, EVIDENCE, "verdict", state)


def test_no_data_may_be_a_reason_too() -> None:
    """Where the policy says so, the judge has said rollback; that it saw nothing is kept."""
    assert decided(CANARY, seen(NO_DATA)) == Regress(NO_DATA.reason, EVIDENCE, "noData", CANARY)


def test_a_version_that_answers_otherwise_never_meets_a_user() -> None:
    """It is taken back while it warms; answers of pods that are not those of git are none."""
    wrong = seen(smoke="row 3 is setosa, and was virginica")
    assert decided(WARMING, wrong) == Regress("row 3 is setosa, and was virginica", "", "smoke", WARMING)
    assert decided(WARMING, Observed(running=False, why="old pods", smoke="x")) == Wait("old pods")


@pytest.mark.parametrize("state", [WARMING, CANARY, LAST, PROMOTING, BAKING, BAKED], ids=lambda state: state.phase)
def test_nothing_goes_forward_in_a_freeze_or_while_a_person_holds_it(state: ReleaseState) -> None:
    """Nor does its time run out, however long that lasts."""
    good = seen(GOOD if state.phase == "canary" else None, handed_over=True)
    assert decided(state, good, frozen=True, seconds=1e6) == Wait("no release advances in a freeze")
    assert decided(moved(state, Pause()), good, seconds=1e6) == Wait("a person holds the release")


def test_what_goes_back_knows_no_freeze() -> None:
    """Neither a rollback nor the release that brings the version before back."""
    assert decided(FALLING, seen(), frozen=True) == Ready(seen=FALLING)
    assert decided(FALLEN, seen(), frozen=True) == Settle(FALLEN)
    assert decided(TAKING_BACK, seen(), frozen=True) == Ready(seen=TAKING_BACK)


def test_a_person_is_waited_for() -> None:
    """For as long as it takes."""
    assert decided(WAITING, seen(), seconds=1e6) == Wait("it waits for a person's approval")


def test_where_nothing_is_in_flight_nothing_is_done() -> None:
    """The judge may be called once more before its CronJob is gone."""
    for state in (nothing_released(), settled_one()):
        assert decided(state, seen(BAD)) == Wait("no release is in flight")


def test_a_bake_lasts_as_long_as_the_policy_says() -> None:
    """From the moment on that its traffic was seen; a verdict that holds does not make it longer."""
    assert decided(BAKING, seen(HOLD), seconds=110) == Wait("the version before stays warm for 10 s more")
    assert decided(BAKING, seen(HOLD), seconds=120) == Baked(BAKING)
    assert decided(BAKED, seen(BAD)) == Wait("the release is not handed on yet")


@pytest.mark.parametrize("state", [WARMING, CANARY, LAST, FIRST], ids=lambda state: state.phase)
def test_what_stays_undecided_is_taken_back(state: ReleaseState) -> None:
    """Also if its pods never come; what is in the last moment shown to be good goes on."""
    verdict = HOLD if state.phase == "canary" else None
    stuck = Observed(running=False, why="no pods", verdict=verdict)
    evidence = EVIDENCE if verdict else ""
    assert decided(state, stuck, seconds=3599) == Wait("no pods")
    expected = Regress("undecided after 3600 s: no pods", evidence, "expired", state)
    assert decided(state, stuck, seconds=3600) == expected
    assert isinstance(decided(state, seen(GOOD), seconds=3600), Advance | Ready)
    assert decided(state, Observed(running=False, why="no pods", frozen_seconds=10), seconds=3600) == Wait("no pods")


@pytest.mark.parametrize("state", [PROMOTING, BAKED, FALLING], ids=lambda state: state.phase)
def test_what_is_promoted_or_falls_has_no_last_moment(state: ReleaseState) -> None:
    """It waits for the cluster."""
    assert decided(state, BROKEN, seconds=1e6) == Wait(BROKEN.why)


def test_what_a_person_takes_back_is_never_given_back() -> None:
    """The version before may take any time to warm up again: the one that the person refused is no way out."""
    assert decided(TAKING_BACK, BROKEN, seconds=1e6) == Wait(BROKEN.why)
    promoting = moved(TAKING_BACK, Ready())
    for state in (promoting, moved(promoting, Ready())):
        for verdict in (BAD, NO_DATA):
            assert not isinstance(decided(state, seen(verdict=verdict)), Regress)


def test_a_policy_that_cannot_be_read_stops_all_but_the_way_back() -> None:
    """A person is told."""
    state = CANARY.model_copy(update={"policy": {"strategy": "magic"}})
    waits = decided(state, seen(GOOD), seconds=1e6)
    assert isinstance(waits, Wait)
    assert waits.reason.startswith("the policy in the release file cannot be read")
    assert isinstance(decided(state, seen(BAD)), Regress)


def test_nothing_was_judged_is_no_pass() -> None:
    """Nor is a verdict that holds."""
    assert decided(CANARY, seen()) == Wait("nothing was judged")
    assert decided(CANARY, seen(HOLD)) == Wait(HOLD.reason)
    assert decided(moved(settled_one(), Start(THREE, policy("shadow")), Ready()), seen(HOLD)) == Wait(HOLD.reason)
