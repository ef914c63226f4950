"""A walk through releases as commits: the chart of each is proven, and no commit restarts who serves users."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import golden
import pytest
from jsonschema import Draft202012Validator
from release_machines import EVIDENCE, moved

from mlops_charts.chart import values_schema
from mlops_charts.planning import policy_of
from mlops_charts.problems import format_text
from mlops_charts.proving.cases import Case, Cases
from mlops_charts.proving.deep import Deep
from mlops_charts.release import Identity, ReleaseState, nothing_released, problems_of
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
)
from mlops_charts.release.policy import Policy
from mlops_charts.release.state import SLOTS
from mlops_charts.validation.proofs import prove

BAD = Regress("errorRate rose by 7 points", EVIDENCE)
END: tuple[Event, ...] = (Ready(), Ready(), Baked(), Settle())
STAGES = {"canary": 3, "shadow": 1, "abTest": 1, "blueGreen": 0}
# Each model brings another server, and another way to say how many pods there are; the strategy is the state's alone.
WALKS = [
    ("minimal", "canary"),
    ("minimal", "shadow"),
    ("minimal", "abTest"),
    ("minimal", "blueGreen"),
    ("everything", "canary"),
    ("ab-test-of-wrapper", "abTest"),
    ("prepackaged-behind-istio", "canary"),
    ("shadow-behind-istio", "shadow"),
    ("scaled-by-requests", "blueGreen"),
    ("no-ingress", "blueGreen"),
]


@dataclass(frozen=True)
class Walk:
    """The commits of a few releases of one model, in order.

    Attributes:
        model: The golden case.
        executor: Whether Seldon's executor has the predictor in a variable of its pods.
        ingress: How traffic is divided.
        states: A title and a state for each commit.
    """

    model: str
    executor: bool
    ingress: Any
    states: tuple[tuple[str, ReleaseState], ...]


def policy(model: str, strategy: str) -> Policy:
    """Return the policy of the model's first environment with another strategy."""
    own = policy_of(golden.rendering(model).plan.environments[0])
    header = {"header": "x-variant", "value": "candidate"} if strategy == "abTest" else {"header": "", "value": ""}
    return own.model_copy(update={"strategy": strategy, "steps": (5, 25, 50) if strategy == "canary" else (), **header})


def version(model: str, number: int) -> Identity:
    """Return a version of a model."""
    plan = golden.rendering(model).plan
    uri = f"s3://models/{number}" if plan.environments[0].executor else ""
    return Identity(
        version=f"1.{number}.0",
        image=f"{plan.images.model}@sha256:{number:064x}",
        model_uri=uri,
        run_id=f"{number:032x}",
        code_digest=f"{number:064x}",
        data_digest="0" * 64,
    )


def events(model: str, strategy: str) -> Iterator[Event]:
    """Yield what happens: a first release, a good one, bad ones, one in place of another, and one taken back."""
    scaled = golden.rendering(model).plan.environments[0].spec.serving.autoscaling is not None
    new, pods = policy(model, strategy), 3 if scaled else 1
    promoted = (Ready(pods), *[Advance(EVIDENCE)] * STAGES[strategy])
    warm = (Ready(9),) if scaled else ()
    yield from (Start(version(model, 0), new, min_replicas=pods), Ready(pods), Settle())
    yield from (
        Start(version(model, 1), new, True, pods),
        Approve("1.1.0"),
        Pause(),
        Resume(),
        *warm,
        *promoted,
        *END[1:],
    )
    for seen in range(1, len(promoted)):
        yield from (Start(version(model, seen + 1), new, min_replicas=pods), *promoted[:seen], BAD, Ready(), Settle())
    yield from (
        Start(version(model, 7), new, min_replicas=pods),
        *promoted,
        Ready(),
        RollBack("slow"),
        Ready(),
        Settle(),
    )
    yield from (Start(version(model, 8), new, min_replicas=pods), *promoted[:-1])
    yield from (Start(version(model, 9), new, min_replicas=pods), *promoted, *END[1:], RollBack("slow"), *END)


@cache
def walk(model: str, strategy: str) -> Walk:
    """Return the commits of a walk; an event that has nothing to do makes none."""
    plan = golden.rendering(model).plan
    ingress, state = plan.platform.ingress.type, nothing_released()
    states = [("nothing released", state)]
    for event in events(model, strategy):
        state = _next(state, event, ingress)
        title = f"{len(states)}: {type(event).__name__} -> {state.phase}"
        states += [(title, state)] if state != states[-1][1] else []
    return Walk(model, plan.environments[0].executor, ingress, tuple(states))


def _next(state: ReleaseState, event: Event, ingress: Any) -> ReleaseState:
    repeated = state.phase == "rollingBack" and isinstance(event, Ready) and not _free(state)
    return state if repeated else moved(state, event, ingress=ingress)


def _free(state: ReleaseState) -> bool:
    """Return whether a slot has pods and no part in anything."""
    return any(state.slot(name).enabled and name != state.stable for name in SLOTS)


def cases(found: Walk) -> list[Case]:
    """Return the serving chart at each commit of a walk."""
    rendering = golden.rendering(found.model)
    source = Cases(rendering, golden.FOLDER / found.model, every_phase=False)
    environment = rendering.plan.environments[0]
    return [
        source._serving_case(environment, title, {}, {"release": state.data()}, primary=False)
        for title, state in found.states
    ]


@cache
def deep() -> Deep:
    """Return Helm and the schemas."""
    return Deep.of(golden.model("minimal").platform.spec, (), require_all=False)


@pytest.mark.parametrize(("model", "strategy"), WALKS)
def test_every_commit_is_proven(model: str, strategy: str) -> None:
    """The machine's rules, the chart's closed schema, every proof with Seldon's own rules, schemas, and real Helm."""
    found = walk(model, strategy)
    assert [problem for _, state in found.states for problem in problems_of(state, found.ingress)] == []
    made = cases(found)
    validator = Draft202012Validator(values_schema(made[0].chart))
    for case in made:
        assert [error.message for error in validator.iter_errors(case.values)] == [], case.title
        findings = [*prove(case.scope), *deep().schemas(case.scope)]
        assert [one for one in findings if one.severity.value == "error"] == [], case.title
    problems = deep().helm(_different(made))
    assert problems == [], format_text(problems)


def _different(made: list[Case]) -> list[Case]:
    """Return one case of each rendering: what differs in records alone is one."""
    return list({json.dumps([one.manifest for one in case.scope.objects]): case for case in made}.values())


@pytest.mark.parametrize(("model", "strategy"), WALKS)
def test_no_commit_restarts_who_serves(model: str, strategy: str) -> None:
    """Of a slot that answers users before and after a commit, nothing changes that reaches its pods."""
    found = walk(model, strategy)
    pods = [_pods(case, executor=found.executor) for case in cases(found)]
    served = 0
    for ((_, old), (title, new)), (before, after) in zip(pairwise(found.states), pairwise(pods), strict=True):
        for name in SLOTS:
            if _serves(old, name) and _serves(new, name) and old.slot(name).version == new.slot(name).version:
                assert before[name] == after[name], (title, name)
                served += 1
    assert served > len(found.states) / 2


def _serves(state: ReleaseState, name: Any) -> bool:
    return state.slot(name).routed or state.slot(name).matched


def _pods(case: Case, *, executor: bool) -> dict[str, Any]:
    """Return by slot what reaches its pods; without an executor its numbers do not, nor whether it is a shadow."""
    found = {}
    for one in case.scope.objects:
        if one.kind == "SeldonDeployment":
            spec = one.manifest["spec"]
            for predictor in spec["predictors"]:
                apart = {"traffic", "replicas"} if executor else {"traffic", "replicas", "shadow"}
                kept = {key: part for key, part in predictor.items() if key not in apart}
                kept["componentSpecs"] = [_component(part, executor=executor) for part in kept["componentSpecs"]]
                found[predictor["name"]] = [kept, spec["protocol"], spec.get("annotations")]
    return found


def _component(component: dict[str, Any], *, executor: bool) -> dict[str, Any]:
    scaling = set() if executor else {"hpaSpec", "kedaSpec"}
    return {key: part for key, part in component.items() if key not in scaling}


def test_the_walks_go_everywhere() -> None:
    """Each strategy, each ingress, each phase is on some walk."""
    walks = [walk(*one) for one in WALKS]
    assert {strategy for _, strategy in WALKS} == set(STAGES)
    assert {found.ingress for found in walks} == {"gatewayApi", "istio", "none"}
    phases = {state.phase for found in walks for _, state in found.states}
    assert phases == {
        "none",
        "awaitingApproval",
        "warming",
        *STAGES,
        "promoting",
        "baking",
        "rollingBack",
        "settled",
    } - {"blueGreen"}


def test_a_walk_is_as_long_as_its_story(tmp_path: Path) -> None:
    """No event of it was left out but those that have nothing to do."""
    assert len(walk("minimal", "canary").states) > 45
