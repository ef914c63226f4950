"""What tests of the state machine share: policies, every event worth trying, every state that can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

from serving_samples import identity

from mlops_charts.release import ReleaseState, nothing_released
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
    Seen,
    Settle,
    Start,
    Unreject,
)
from mlops_charts.release.machine import Transition, transition
from mlops_charts.release.phases import Ingress
from mlops_charts.release.policy import Policy, Strategy
from mlops_charts.release.start import stable_version

AT = "2026-11-23T10:00:00Z"
EVIDENCE = f"sha256:{'e' * 64}"
ONE, TWO, THREE = identity(1), identity(2), identity(3)
STRATEGIES: dict[Ingress, tuple[Strategy, ...]] = {
    "gatewayApi": ("canary", "shadow", "abTest", "blueGreen"),
    "istio": ("canary", "shadow", "blueGreen"),
    "none": ("blueGreen",),
}
PAIRS = [(ingress, strategy) for ingress, strategies in STRATEGIES.items() for strategy in strategies]
IDS = [f"{ingress} {strategy}" for ingress, strategy in PAIRS]


def policy(strategy: str = "canary", **more: Any) -> Policy:
    """Return a policy: steps 5 and 50, a minute each, two of bake, an hour at most."""
    experiment = {"header": "x-variant", "value": "candidate"} if strategy == "abTest" else {}
    steps = (5, 50) if strategy == "canary" else ()
    times = {"interval_seconds": 60, "bake_seconds": 120, "max_duration_seconds": 3600}
    return Policy.model_validate({"strategy": strategy, "steps": steps, **times, **experiment, **more})


def moved(state: ReleaseState, *events: Event, ingress: Ingress = "gatewayApi", at: str = AT) -> ReleaseState:
    """Return the state after events, each of which moves it."""
    for event in events:
        found = transition(state, event, ingress=ingress, at=at)
        assert found.outcome == "moved", f"{event} in {state.phase}: {found.outcome}, {found.why}"
        state = found.state
    return state


def after(state: ReleaseState, event: Event, *, ingress: Ingress = "gatewayApi", at: str = AT) -> Transition:
    """Return what one event makes of a state."""
    return transition(state, event, ingress=ingress, at=at)


def settled_one(ingress: Ingress = "gatewayApi", **more: Any) -> ReleaseState:
    """Return the state in which the first version answers users."""
    return moved(nothing_released(), Start(ONE, policy("blueGreen"), **more), Ready(), Settle(), ingress=ingress)


def warming_two(strategy: str = "canary", ingress: Ingress = "gatewayApi", **more: Any) -> ReleaseState:
    """Return the state in which the second version warms up."""
    return moved(settled_one(ingress), Start(TWO, policy(strategy, **more)), ingress=ingress)


def every_event(strategy: str, state: ReleaseState | None = None) -> Iterator[Event]:
    """Yield every event worth trying; those that were seen, in that state."""
    yield from (Start(one, policy(strategy)) for one in (ONE, TWO, THREE))
    yield from (Start(one, policy(strategy), approval=True) for one in (TWO, THREE))
    yield Approve(TWO.version)
    for version in (ONE.version, TWO.version):
        yield from (RollBack("it is worse", version), Unreject(version))
    yield from (Pause(), Resume(), RollBack("it is worse"))
    yield from seen_events(state)


def seen_events(state: ReleaseState | None = None) -> tuple[Seen, ...]:
    """Return every event that a tick may come to."""
    causes: tuple[Literal["verdict", "noData", "expired", "smoke"], ...] = ("verdict", "noData", "expired", "smoke")
    bad = (Regress("it is worse", "", cause, state) for cause in causes)
    return (Ready(seen=state), Ready(3, state), Advance(EVIDENCE, state), *bad, Baked(state), Settle(state))


@cache
def reachable(ingress: Ingress, strategy: str) -> tuple[tuple[ReleaseState, Event, Transition], ...]:
    """Return every state that events can lead to from nothing, each with every event and what becomes of it."""
    start, found = nothing_released(), []
    known, waiting = {start.model_dump_json()}, [start]
    while waiting:
        state = waiting.pop()
        for event in every_event(strategy, state):
            result = transition(state, event, ingress=ingress, at=AT)
            found.append((state, event, result))
            text = result.state.model_dump_json()
            if text not in known and _worth(result.state):
                known.add(text)
                waiting.append(result.state)
    return tuple(found)


def _worth(state: ReleaseState) -> bool:
    """Keep the states few: one rejection at a time, and the third version does no more than supersede."""
    rejected = [one["version"] for one in state.rejected]
    return len(rejected) <= 1 and THREE.version not in rejected and stable_version(state) != THREE.version
