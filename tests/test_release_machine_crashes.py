"""Releases in a world where anything happens in any order, and everybody may die at any point and try again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machine_worlds import KINDS, Happening, World
from release_machines import IDS, PAIRS

from mlops_charts.release import ReleaseState, problems_of
from mlops_charts.release.events import Regress, RollBack, Seen, Start, Unreject
from mlops_charts.release.phases import RESTING
from mlops_charts.release.start import flying_version, is_rejected, stable_version
from mlops_charts.release.state import SLOTS

VERDICTS = ("advance", "hold", "rollback", "smoke", "frozen")
HAPPENINGS = st.builds(
    Happening,
    kind=st.sampled_from(KINDS),
    version=st.integers(1, 4),
    verdict=st.sampled_from(VERDICTS),
    crash=st.sampled_from(("", "before", "behind")),
)
ROUND = [Happening("sync"), Happening("ready"), Happening("tick", verdict="advance"), Happening("time")]


def dying(crash: Any) -> list[Happening]:
    """Return a round whose tick dies."""
    return [replace(one, crash=crash if one.kind == "tick" else "") for one in ROUND]


BEGUN = [Happening("start", version=1), *ROUND, *ROUND, *ROUND, Happening("start", version=2)]
CRASHES = st.sampled_from(("", "before", "behind"))
CHUNKS = st.one_of(
    st.lists(CRASHES, min_size=1, max_size=5).map(lambda crashes: [one for crash in crashes for one in dying(crash)]),
    HAPPENINGS.map(lambda one: [one]),
    HAPPENINGS.map(lambda one: [one, *ROUND]),
)
STORIES = st.lists(CHUNKS, min_size=2, max_size=16).map(lambda parts: sum(parts, BEGUN))


def traffic(state: ReleaseState) -> set[tuple[str, str]]:
    """Return which version in which slot gets requests of any kind."""
    return {
        (name, slot.version)
        for name in SLOTS
        if (slot := state.slot(name)).routed or slot.mirrored or slot.matched or slot.weight
    }


@pytest.mark.parametrize(("ingress", "strategy"), PAIRS, ids=IDS)
@given(story=STORIES)
@settings(max_examples=60, deadline=None)
def test_no_commit_is_ever_wrong(ingress: Any, strategy: str, story: list[Happening]) -> None:
    """Weights sum to 100, and traffic goes to versions alone whose pods were seen ready; one release at a time."""
    world = World(ingress, strategy)
    for one in story:
        ready, before, count = world.ready | world.warm, world.git, len(world.history)
        world.happens(one)
        for event, old, new in world.history[count:]:
            assert problems_of(new, ingress) == []
            routed = [new.slot(name).weight for name in SLOTS if new.slot(name).routed]
            assert sum(routed) in {0, 100}
            alone = ingress == "istio" and new.stable == "none"  # a first version stands at 100 while it warms
            assert alone or traffic(new) - traffic(old) <= ready, (event, old.phase, new.phase)
            _flies_rightly(event, old, new)
        assert len(world.history) <= count + 1, "one happening is one commit at most"
        assert world.git == (world.history[-1][2] if world.history else before)


def _flies_rightly(event: Any, old: ReleaseState, new: ReleaseState) -> None:
    flying = flying_version(new)
    if flying and flying != flying_version(old):
        slot = next(slot for slot in (new.blue, new.green) if slot.version == flying)
        assert not is_rejected(new, flying, slot.code_digest, slot.data_digest)
        assert isinstance(event, Start | RollBack)


@pytest.mark.parametrize(("ingress", "strategy"), PAIRS, ids=IDS)
@given(story=STORIES)
@settings(max_examples=60, deadline=None)
def test_what_was_taken_back_comes_again_by_a_person_alone(ingress: Any, strategy: str, story: list[Happening]) -> None:
    """A version that evidence or a person took back does not fly again before somebody has lifted that."""
    down: set[str] = set()
    for event, old, new in World(ingress, strategy).all(story).history:
        if isinstance(event, Regress | RollBack):
            down.add(flying_version(old) or stable_version(old))
        elif isinstance(event, Unreject):
            down.discard(event.version)
        elif isinstance(event, Start):
            assert event.version.version not in down
        if flying_version(new) != flying_version(old):
            assert flying_version(new) not in down


@pytest.mark.parametrize(("ingress", "strategy"), PAIRS, ids=IDS)
@given(story=STORIES)
@settings(max_examples=60, deadline=None)
def test_who_dies_changes_nothing(ingress: Any, strategy: str, story: list[Happening]) -> None:
    """The same story without a death has the same commits, none lost and none repeated."""
    died = World(ingress, strategy).all(story)
    undisturbed = World(ingress, strategy).all(replace(one, crash="") for one in story)
    assert died.history == undisturbed.history
    assert died.git == undisturbed.git


@pytest.mark.parametrize(("ingress", "strategy"), PAIRS, ids=IDS)
@given(story=STORIES, data=st.data())
@settings(max_examples=40, deadline=None)
def test_ticks_that_are_doubled_change_nothing(ingress: Any, strategy: str, story: list[Happening], data: Any) -> None:
    """Before the cluster has followed, a second look commits nothing, unless it is evidence against the version."""
    world = World(ingress, strategy)
    for one in story:
        count = len(world.history)
        world.happens(one)
        if one.kind == "tick" and len(world.history) > count and one.verdict not in {"rollback", "smoke"}:
            event, *_ = world.history[-1]
            world.happens(one)
            new = [found for found, *_ in world.history[count + 1 :]]
            assert isinstance(event, Seen)
            assert all(isinstance(found, Regress) and found.cause == "expired" for found in new)


@pytest.mark.parametrize(("ingress", "strategy"), PAIRS, ids=IDS)
@given(
    story=STORIES, verdict=st.sampled_from(["advance", "hold", "rollback"]), lost=st.lists(st.booleans(), max_size=20)
)
@settings(max_examples=60, deadline=None)
def test_every_release_comes_to_an_end(
    ingress: Any, strategy: str, story: list[Happening], verdict: str, lost: list[bool]
) -> None:
    """Once persons have said what they must, ticks alone end it, however many are lost, and whatever the judge says."""
    world = World(ingress, strategy).all(story)
    world.all([Happening("resume"), Happening("approve")])
    for skipped in [*lost, *([False] * 90)]:
        ticks = [] if skipped else [Happening("tick", verdict=verdict)]
        world.all([Happening("sync"), Happening("ready"), *ticks, Happening("time")])
        if world.git.phase in RESTING:
            break
        if verdict == "hold" and world.git.phase in {"promoting", "baking"}:
            verdict = "advance"  # what is promoted waits for the next environment, which takes it in the end
    assert world.git.phase in RESTING, world.git.phase
    assert not world.git.in_flight


@pytest.mark.parametrize(("ingress", "strategy"), PAIRS, ids=IDS)
@pytest.mark.parametrize("rounds", [0, 1, 2, 5])
def test_a_version_whose_pods_break_is_gone_in_the_end(ingress: Any, strategy: str, rounds: int) -> None:
    """Whenever that happens on its way: who answered before answers, or it is promoted and stays."""
    world = World(ingress, strategy).all([*BEGUN, *ROUND * rounds])
    world.broken = frozenset({"1.2.0"})
    before = world.git.phase
    verdict = "rollback" if before in {"canary", "shadow", "abTest", "baking"} else "advance"
    for _ in range(80):
        world.all([Happening("sync"), Happening("ready"), Happening("tick", verdict=verdict), Happening("time")])
    if before in {"warming", "canary", "shadow", "abTest"}:
        assert (world.git.phase, stable_version(world.git)) == ("settled", "1.1.0")
        assert [one["version"] for one in world.git.rejected] == ["1.2.0"]
