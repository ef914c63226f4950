"""What a state of a release may not be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from serving_samples import INGRESSES, NEW, OLD, states

from mlops_charts.chart import merge
from mlops_charts.generators.serving import release_constraints
from mlops_charts.release import PHASES, Flaw, Identity, ReleaseState, Slot, problems_of

GATEWAY = dict(states("gatewayApi"))


VALIDATORS = {one: Draft202012Validator({"allOf": list(release_constraints(one))}) for one in INGRESSES}


def slots(identity: Identity) -> st.SearchStrategy[Slot]:
    """Return slots with any flags, rarely sensible ones."""
    flags = {name: st.booleans() for name in ("enabled", "routed", "mirrored", "matched")}
    version = st.sampled_from([identity.model_dump(), {}])
    made = st.fixed_dictionaries({**flags, "weight": st.sampled_from([0, 5, 95, 100])})
    return st.builds(lambda given, who: Slot(**given, **who), made, version)


def flaws(start: str, change: dict[str, Any], ingress: str = "gatewayApi") -> list[tuple[str, str]]:
    """Return key and message of what is wrong after a change of a state."""
    state = ReleaseState.model_validate(merge(dict(states(ingress))[start].data(), change))
    found = problems_of(state, ingress)  # type: ignore[arg-type]
    assert all(flaw.note for flaw in found)
    return [(flaw.key, flaw.message) for flaw in found]


@pytest.mark.parametrize("ingress", INGRESSES)
def test_no_example_has_a_flaw(ingress: str) -> None:
    """What the phases are made of is what is admitted."""
    for title, state in states(ingress):
        assert (title, problems_of(state, ingress)) == (title, [])  # type: ignore[arg-type]


CASES: dict[str, tuple[str, dict[str, Any], list[tuple[str, str]]]] = {
    "weights": (
        "canary, blue stable",
        {"blue": {"weight": 90}},
        [("release.green.weight", "the weights of the routed slots sum to 95: blue 90 + green 5")],
    ),
    "alone below 100": (
        "settled, blue stable",
        {"green": {"weight": 60}},
        [("release.green.weight", "the weights of the routed slots sum to 60: green 60")],
    ),
    "weight 0": (
        "canary, blue stable",
        {"blue": {"weight": 100}, "green": {"weight": 0}},
        [("release.green.weight", "green is routed with weight 0")],
    ),
    "weight without route": (
        "warming, blue stable",
        {"green": {"weight": 5}},
        [("release.green.weight", "green is not routed, and its weight is 5")],
    ),
    "routed and mirrored": (
        "canary, blue stable",
        {"green": {"mirrored": True}},
        [("release.green.mirrored", "green is routed and mirrored: it would get each request twice")],
    ),
    "stable off the route": (
        "warming, blue stable",
        {"blue": {"routed": False, "weight": 0}},
        [("release.blue.routed", "blue is stable and not routed: nothing would answer the users")],
    ),
    "off with traffic": (
        "settled, green stable",
        {"green": {"mirrored": True}},
        [("release.green.mirrored", "green is off, and mirrored is true")],
    ),
    "no identity": (
        "settled, blue stable",
        {"green": {"runId": "", "image": "", "modelUri": ""}},
        [
            ("release.green.runId", "green is enabled and has no runId"),
            ("release.green.image", "green is enabled and has no image"),
        ],
    ),
    "no moment": (
        "canary, blue stable",
        {"startedAt": "yesterday"},
        [("release.startedAt", '"yesterday" is no moment')],
    ),
    "no judge": (
        "canary, green stable",
        {"inFlight": False},
        [("release.inFlight", "inFlight is false in the phase canary")],
    ),
    "no header": (
        "abTest, blue stable",
        {"match": {"value": ""}},
        [("release.match.value", "a slot is matched by a header, and match.value is empty")],
    ),
    "one version twice": (
        "canary, blue stable",
        {"green": {"version": "1.1.0"}},
        [("release.green.version", "both slots run version 1.1.0, so that their metrics cannot be told apart")],
    ),
    "phase of another shape": (
        "warming, blue stable",
        {"phase": "canary"},
        [
            (
                "release.phase",
                "the slots are not those of the phase canary: stable blue, blue enabled and routed, green enabled",
            )
        ],
    ),
    "settled and nobody stable": (
        "settled, blue stable",
        {"stable": "none"},
        [
            (
                "release.phase",
                "the slots are not those of the phase settled: stable none, blue off, green enabled and routed",
            )
        ],
    ),
    "nothing left": (
        "nothing released",
        {"phase": "settled"},
        [("release.phase", "the slots are not those of the phase settled: stable none, blue off, green off")],
    ),
}


@pytest.mark.parametrize(("start", "change", "expected"), CASES.values(), ids=CASES.keys())
def test_a_flaw_is_named_in_its_place(start: str, change: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Each says where, what, and what would be right; what follows from another is not said."""
    assert flaws(start, change) == expected


@pytest.mark.parametrize(("ingress", "phase"), [("istio", "abTest"), ("none", "canary"), ("none", "shadow")])
def test_a_phase_that_the_ingress_cannot_carry_out(ingress: str, phase: str) -> None:
    """Header rules need the Gateway API, and a split needs something that divides traffic."""
    found = flaws("warming, blue stable", {"phase": phase}, ingress)
    assert found == [("release.phase", f"the phase {phase} is impossible with ingress {ingress}")]


def test_a_shadow_under_istio_has_the_share_that_is_mirrored() -> None:
    """Its weight is no weight of the route, so it stands beside the stable slot's 100."""
    assert flaws("shadow, blue stable", {"green": {"weight": 20}}, "istio") == []
    expected = [("release.green.weight", "green is mirrored with weight 0")]
    assert flaws("shadow, blue stable", {"green": {"weight": 0}}, "istio") == expected


def test_a_prepackaged_server_needs_the_place_of_the_model() -> None:
    """Whoever loads the model from the storage has no image of its own, and the reverse."""
    both = GATEWAY["settled, blue stable"]
    found = {
        prepackaged: [
            flaw.key
            for field in ("image", "modelUri")
            for flaw in problems_of(
                ReleaseState.model_validate(merge(both.data(), {"green": {field: ""}})),
                "gatewayApi",
                prepackaged=prepackaged,
            )
        ]
        for prepackaged in (True, False, None)
    }
    assert found == {True: ["release.green.modelUri"], False: ["release.green.image"], None: []}


def test_between_two_commits_of_a_phase() -> None:
    """Rolling back takes the slot off the route, and off in the next commit; so does the end of a bake."""
    off = {"enabled": False, "routed": False, "weight": 0}
    assert flaws("rollingBack, blue stable", {"green": off}) == []
    assert flaws("baking, blue stable", {"blue": off}) == []


def test_the_note_says_what_the_phase_means() -> None:
    """Whoever edits the file by hand learns what would fit."""
    state = ReleaseState.model_validate(merge(GATEWAY["warming, blue stable"].data(), {"phase": "shadow"}))
    message = "the slots are not those of the phase shadow: stable blue, blue enabled and routed, green enabled"
    note = "stable old, old enabled and routed, new enabled and mirrored"
    assert problems_of(state, "gatewayApi") == [Flaw("release.phase", message, note)]


@given(
    state=st.builds(
        ReleaseState,
        phase=st.sampled_from(PHASES),
        stable=st.sampled_from(["none", "blue", "green"]),
        in_flight=st.booleans(),
        blue=slots(OLD),
        green=slots(NEW),
    ),
    ingress=st.sampled_from(INGRESSES),
)
def test_the_schema_refuses_nothing_that_is_admitted_here(state: ReleaseState, ingress: str) -> None:
    """The chart's schema knows a part of these rules, so that a state without a flaw always renders."""
    if not problems_of(state, ingress):  # type: ignore[arg-type]
        assert VALIDATORS[ingress].is_valid({"release": state.data()})
