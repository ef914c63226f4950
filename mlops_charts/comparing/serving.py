"""What changed objects of a serving chart cause: pods that restart, traffic that moves, clocks that start."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops_charts.comparing.objects import Change, differing
from mlops_charts.comparing.words import VERBS, ending, listed

_SAID_OF_PODS: Final = ("componentSpecs", "annotations", "labels", "graph", "engineResources", "svcOrchSpec")


def deployment(change: Change) -> Iterator[str]:
    """Yield what a changed SeldonDeployment causes."""
    if change.before is None or change.after is None:
        manifest, word = (change.after, "starts") if change.before is None else (change.before, "stops")
        yield from (f"{word} pods of {_slot(one)}" for one in _predictors(manifest or {}).values())
        return
    before, after = _predictors(change.before), _predictors(change.after)
    shared = [path for path, _, _ in differing(_shared(change.before), _shared(change.after))]
    for slot in [*before, *(slot for slot in after if slot not in before)]:
        if slot not in before:
            yield f"starts pods of {_slot(after[slot])}"
        elif slot not in after:
            yield f"stops pods of {_slot(before[slot])}"
        else:
            yield from _predictor(slot, before[slot], after[slot], shared)
    weights = _weights_of(before), _weights_of(after)
    # Behind a Gateway these are literals that nobody reads: only there they are never changed for a slot that stays.
    if any(weights[1].get(slot, weight) != weight for slot, weight in weights[0].items()):
        yield from moved(*weights)
    yield from _shadows(before, after)


def _predictor(slot: str, before: Mapping[str, Any], after: Mapping[str, Any], shared: list[str]) -> Iterator[str]:
    versions = [_version(one) for one in (before, after)]
    where = [*shared, *(path for path, _, _ in differing(_of_pods(before), _of_pods(after)))]
    if versions[0] != versions[1]:
        yield f"replaces {versions[0]} by {versions[1]} in {slot}"
    elif where:
        yield f"restarts pods of {slot}: {listed(ending(path, 1) for path in where)}"
    if before.get("replicas") != after.get("replicas"):
        yield f"scales {slot} from {before.get('replicas')} to {after.get('replicas')} pods"
    if _scaling(before) != _scaling(after):
        yield f"changes the autoscaling of {slot}"


def _slot(predictor: Mapping[str, Any]) -> str:
    version = _version(predictor)
    return f"{predictor.get('name')}, version {version}" if version else str(predictor.get("name"))


def _version(predictor: Mapping[str, Any]) -> str:
    return str((predictor.get("annotations") or {}).get("version") or "")


def _weights_of(predictors: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    return {name: one.get("traffic") or 0 for name, one in predictors.items() if one.get("shadow") is not True}


def _shadows(before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for slot, predictor in after.items():
        shares = [one.get("traffic") if one.get("shadow") else None for one in (before.get(slot, {}), predictor)]
        if shares[0] != shares[1]:
            words = "no copies" if shares[1] is None else f"copies of {shares[1]} percent"
            yield f"mirrors traffic: {slot} gets {words}"


def moved(before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[str]:
    """Yield how the weights of slots that were there, or get traffic, change, in one line."""
    slots = sorted(before.keys() | after.keys())
    if not (before and after) or all(before.get(slot, 0) == after.get(slot, 0) for slot in slots):
        return
    steps = [f"{slot} {before.get(slot, 0)} -> {after.get(slot, 0)} percent" for slot in slots]
    yield f"moves traffic: {', '.join(steps)}"


def _of_pods(predictor: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _without_scaling(predictor[key]) for key in _SAID_OF_PODS if key in predictor}


def _without_scaling(part: Any) -> Any:
    if isinstance(part, list):
        return [{key: item for key, item in spec.items() if key not in {"hpaSpec", "kedaSpec"}} for spec in part]
    return part


def _scaling(predictor: Mapping[str, Any]) -> str:
    specs = predictor.get("componentSpecs") or []
    return json.dumps([[spec.get("hpaSpec"), spec.get("kedaSpec")] for spec in specs], sort_keys=True)


def _predictors(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {predictor["name"]: predictor for predictor in manifest["spec"].get("predictors", [])}


def _shared(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in manifest["spec"].items() if key != "predictors"}


def route(change: Change) -> Iterator[str]:
    """Yield what a changed HTTPRoute causes."""
    if change.before is None or change.after is None:
        yield "opens the route: users reach the model" if change.before is None else "closes the route"
        return
    before, after = _Traffic(change.before), _Traffic(change.after)
    yield from moved(before.weights, after.weights)
    for name in [name for name in after.mirrors if name not in before.mirrors]:
        yield f"mirrors traffic: {name} gets copies of all requests"
    for name in [name for name in before.mirrors if name not in after.mirrors]:
        yield f"mirrors no more traffic to {name}"
    for path, _, _ in change.fields():
        if "hostnames" in path:
            yield f"changes the host to {', '.join(change.after['spec']['hostnames'])}"
        elif "rules" not in path:
            yield f"changes the route: {ending(path)}"
    if before.rest != after.rest:
        yield f"changes the route: {listed(_rest_of(before, after))}"


def _rest_of(before: _Traffic, after: _Traffic) -> list[str]:
    if before.matches != after.matches:
        return ["which requests go where"]
    return [ending(path) for path, _, _ in differing(before.rest, after.rest)]


class _Traffic:
    """What the rules of an HTTPRoute say of slots.

    Args:
        manifest: The HTTPRoute.
    """

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        rules = manifest["spec"].get("rules") or []
        last = rules[-1] if rules else {}
        refs = last.get("backendRefs") or []
        self.weights: dict[str, int] = {_backend(ref): ref.get("weight", 1) for ref in refs}
        self.mirrors = [_backend(one["requestMirror"]["backendRef"]) for one in last.get("filters") or []]
        self.matches = [rule.get("matches") for rule in rules]
        told = {"backendRefs", "filters"}
        self.rest = [{key: item for key, item in rule.items() if key not in told} for rule in rules]


def _backend(ref: Mapping[str, Any]) -> str:
    return str(ref.get("name")).rpartition("-")[2]


def judge(change: Change) -> Iterator[str]:
    """Yield what a changed CronJob of the judge causes."""
    if change.verb == "changed":
        yield f"changes the judge: {listed(ending(path) for path, _, _ in change.fields())}"
    else:
        yield "the judge starts to watch the release" if change.before is None else "the judge stops: nothing moves"


def evictions(change: Change) -> Iterator[str]:
    """Yield what a changed PodDisruptionBudget causes; one that comes and goes with its pods needs no words."""
    if change.verb == "changed":
        yield f"changes how many pods of {change.name} may be evicted at once"


def dashboard_or_spec(change: Change) -> Iterator[str]:
    """Yield what a changed ConfigMap causes."""
    labels = (change.after or change.before or {}).get("metadata", {}).get("labels", {})
    if "grafana_dashboard" in labels:
        yield f"{VERBS[change.verb]} the dashboard"
    elif change.before is not None and change.after is not None:
        yield from _read_later(change.before, change.after)


def _read_later(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    found = []
    for path, old, new in differing(before.get("data"), after.get("data")):
        found += list(_inside(path, old, new))
    if found:
        yield f"changes what later runs and releases read: {listed(found)}"


def _inside(path: str, old: Any, new: Any) -> Iterator[str]:
    """Yield the fields inside a file of the ConfigMap, if it is JSON."""
    try:
        pair = json.loads(old), json.loads(new)
    except (TypeError, ValueError):
        yield path
        return
    yield from (ending(inner) for inner, _, _ in differing(*pair) if not inner.endswith("codeDigest"))
