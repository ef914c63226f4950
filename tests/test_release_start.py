"""How a release starts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving_samples import INGRESSES, NEW, OLD, identity, states

from mlops_charts.release import PHASES, ReleaseState, nothing_released, problems_of
from mlops_charts.release.start import Paused, Rejected, flying_version, stable_version, start

AT = "2026-11-23T10:00:00Z"
POLICY = {"strategy": "canary", "steps": [5, 25, 50]}
NEWER = identity(3)
EVERY = [(ingress, title, state) for ingress in INGRESSES for title, state in states(ingress)]


def begun(
    state: ReleaseState, new: Any = NEWER, *, ingress: Any = "gatewayApi", approval: bool = False
) -> ReleaseState:
    """Return the start of a release."""
    return start(state, new, ingress=ingress, policy=POLICY, at=AT, approval=approval)


def test_the_first_release_warms_up_in_blue() -> None:
    """Nothing answers yet, and the state says since when, by which policy, and that the judge is there."""
    state = begun(nothing_released())
    assert (state.phase, state.stable, state.in_flight, state.step) == ("warming", "none", True, 0)
    assert (state.started_at, state.step_started_at, state.policy) == (AT, AT, POLICY)
    assert (state.blue.version, state.blue.enabled, state.blue.routed, state.green.enabled) == (
        "1.3.0",
        True,
        False,
        False,
    )


@pytest.mark.parametrize(("ingress", "title", "state"), EVERY, ids=[f"{one} {title}" for one, title, _ in EVERY])
@pytest.mark.parametrize("approval", [False, True])
def test_a_start_is_possible_in_every_state(ingress: str, title: str, state: ReleaseState, *, approval: bool) -> None:
    """Whatever goes on, the new version gets the slot that is not stable, and who answers users goes on answering."""
    after = begun(state, ingress=ingress, approval=approval)
    assert (title, problems_of(after, ingress)) == (title, [])  # type: ignore[arg-type]
    assert after.phase == ("awaitingApproval" if approval else "warming")
    assert (stable_version(after), flying_version(after)) == (stable_version(state), "1.3.0")
    assert (after.stable, after.policy) == (state.stable, POLICY)
    if state.stable != "none":
        assert after.slot(state.stable).weight == 100
    assert begun(after, ingress=ingress, approval=approval) == after


@pytest.mark.parametrize(("ingress", "title", "state"), EVERY, ids=[f"{one} {title}" for one, title, _ in EVERY])
def test_what_is_stable_or_in_flight_starts_nothing(ingress: str, title: str, state: ReleaseState) -> None:
    """The same version again leaves every byte as it is."""
    known = {one.version: one for one in (OLD, NEW)}
    for version in filter(None, {stable_version(state), flying_version(state)}):
        assert (title, begun(state, known[version], ingress=ingress)) == (title, state)


def test_the_version_before_may_come_back_while_the_new_one_bakes() -> None:
    """In the phase baking the old slot is warm and no longer stable: a revert releases it again."""
    baking = dict(states("gatewayApi"))["baking, blue stable"]
    after = begun(baking, OLD)
    assert (after.phase, stable_version(after), flying_version(after)) == ("warming", "1.2.0", "1.1.0")


@pytest.mark.parametrize(
    "entry", [{"version": "1.3.0"}, {"codeDigest": NEWER.code_digest, "dataDigest": NEWER.data_digest}]
)
def test_a_rejected_version_does_not_start(entry: dict[str, str]) -> None:
    """Whether its number or its digests were rejected; digests of code alone reject nothing."""
    with pytest.raises(Rejected, match=r"version 1\.3\.0 was rejected"):
        begun(ReleaseState(rejected=(entry,)))
    assert begun(ReleaseState(rejected=({"codeDigest": NEWER.code_digest},))).phase == "warming"


def test_rejections_and_floors_outlive_a_start() -> None:
    """What was rejected stays rejected, and the new slot may not shrink below what the stable one runs."""
    settled = dict(states("gatewayApi"))["settled, blue stable"]
    stable = settled.green.model_copy(update={"min_replicas": 4})
    settled = settled.model_copy(update={"rejected": ({"version": "0.9.0"},), "green": stable})
    after = begun(settled)
    assert (after.rejected, after.blue.min_replicas, after.green.min_replicas) == (({"version": "0.9.0"},), 4, 4)


def test_a_paused_release_is_not_superseded() -> None:
    """A person holds it; a settled one that says paused holds nothing."""
    canary = dict(states("gatewayApi"))["canary, blue stable"].model_copy(update={"paused": True})
    with pytest.raises(Paused, match=r"a person holds the release of 1\.2\.0, so 1\.3\.0 does not supersede it"):
        begun(canary)
    assert begun(canary, NEW) == canary
    settled = dict(states("gatewayApi"))["settled, blue stable"].model_copy(update={"paused": True})
    assert begun(settled).phase == "warming"


@given(st.lists(st.sampled_from([OLD, NEW, NEWER, identity(4)]), max_size=6), st.sampled_from(INGRESSES))
def test_any_row_of_starts_is_sound(row: list[Any], ingress: Any) -> None:
    """The last version that was asked for is in flight, and no state on the way has a flaw."""
    state = nothing_released()
    for new in row:
        state = begun(state, new, ingress=ingress)
        assert (problems_of(state, ingress), flying_version(state)) == ([], new.version)
    assert state.phase in PHASES
