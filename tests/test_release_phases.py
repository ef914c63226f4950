"""What the phases of a release mean for the two slots."""

from __future__ import annotations

import pytest
from serving_samples import INGRESSES, NEW, OLD, states

from mlops_charts.release import PHASES, ReleaseState, Slot, state_of


@pytest.mark.parametrize("ingress", INGRESSES)
def test_stable_slot_is_enabled_and_routed(ingress: str) -> None:
    """Whoever is named stable answers users."""
    for title, state in states(ingress):
        if state.stable != "none":
            stable = state.slot(state.stable)
            assert (title, stable.enabled, stable.routed) == (title, True, True)


@pytest.mark.parametrize("ingress", INGRESSES)
def test_disabled_slot_gets_nothing(ingress: str) -> None:
    """A slot that is off has no traffic of any kind."""
    for title, state in states(ingress):
        for slot in (state.blue, state.green):
            if not slot.enabled:
                traffic = (slot.routed, slot.mirrored, slot.matched, slot.weight)
                assert (title, *traffic) == (title, False, False, False, 0)


@pytest.mark.parametrize("ingress", INGRESSES)
def test_weights_of_routed_slots_add_up(ingress: str) -> None:
    """Weights of what users meet are all of the traffic, or nobody is routed yet."""
    for title, state in states(ingress):
        routed = [slot.weight for slot in (state.blue, state.green) if slot.routed]
        assert (title, sum(routed)) == (title, 100 if routed else 0)


def test_weight_zero_never_stands_in_a_route() -> None:
    """With the Gateway API a slot is routed exactly if it has weight."""
    for title, state in states("gatewayApi"):
        for slot in (state.blue, state.green):
            assert (title, slot.routed) == (title, slot.weight > 0)


@pytest.mark.parametrize("ingress", INGRESSES)
def test_judge_is_there_while_something_moves(ingress: str) -> None:
    """A release is in flight in every phase but none and settled."""
    for title, state in states(ingress):
        assert (title, state.in_flight) == (title, state.phase not in {"none", "settled"})


def test_examples_have_every_phase_once_per_slot() -> None:
    """The examples name each phase, and no two have one title."""
    titles = [title for title, _ in states("gatewayApi")]
    assert len(titles) == len(set(titles))
    assert {state.phase for _, state in states("gatewayApi")} == set(PHASES)


def test_istio_knows_no_experiment_and_none_knows_no_split() -> None:
    """Sticky experiments need header rules, and a canary needs something that divides traffic."""
    assert "abTest" not in {state.phase for _, state in states("istio")}
    assert {"abTest", "canary", "shadow"} & {state.phase for _, state in states("none")} == set()


def test_phase_none_is_nothing_released() -> None:
    """Whatever was there before, the phase none has nothing."""
    assert state_of("none", "gatewayApi", OLD, NEW) == ReleaseState()


def test_canary_shares_between_the_slots() -> None:
    """The new version goes into the free slot and gets its percent."""
    state = state_of("canary", "gatewayApi", OLD, NEW, stable="green", weight=25)
    assert (state.stable, state.green.weight, state.blue.weight) == ("green", 75, 25)
    assert (state.green.version, state.blue.version) == (OLD.version, NEW.version)


def test_promotion_moves_weights_alone() -> None:
    """From canary to promoted, both slots stay enabled with what they hold."""
    canary = state_of("canary", "gatewayApi", OLD, NEW)
    promoting = state_of("promoting", "gatewayApi", OLD, NEW)
    assert (promoting.stable, promoting.blue.enabled, promoting.blue.routed) == ("green", True, False)
    assert (promoting.green.image, promoting.blue.image) == (canary.green.image, canary.blue.image)


@pytest.mark.parametrize(("ingress", "kept"), [("gatewayApi", True), ("istio", False)])
def test_rollback_leaves_the_route_first(ingress: str, kept: bool) -> None:  # noqa: FBT001 - a case of the table
    """Seldon changes weights only when all pods are ready, so under istio the bad slot goes at once."""
    state = state_of("rollingBack", ingress, OLD, NEW)  # type: ignore[arg-type]
    assert (state.green.enabled, state.green.routed, state.blue.weight) == (kept, False, 100)


def test_shadow_is_mirrored_and_not_routed() -> None:
    """Nobody sees the answers of a shadow; under istio its weight is the share that is mirrored."""
    for ingress, weight in (("gatewayApi", 0), ("istio", 100)):
        shadow = state_of("shadow", ingress, OLD, NEW).green  # type: ignore[arg-type]
        assert (shadow.mirrored, shadow.routed, shadow.weight) == (True, False, weight)


def test_settled_slot_that_lost_is_off() -> None:
    """After the end the old version may keep its name but has no pods."""
    settled = state_of("settled", "istio", OLD, NEW)
    assert settled.blue == Slot(**OLD.model_dump())
    assert settled.green.weight == 100
