"""What a change causes, in words: one function for each kind of object."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mlops_charts.comparing.objects import Change, differing

_RBAC = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})
_SAID_OF_PODS = ("componentSpecs", "annotations", "labels", "graph", "engineResources", "svcOrchSpec")


def effects(changes: Iterable[Change], history: Mapping[str, str]) -> list[str]:
    """Return what the changes of one model cause, each once, the weightiest first.

    Args:
        changes: The objects that differ.
        history: Versions that are known, by the first ten characters of their code digest.
    """
    changes = list(changes)
    said = [*_training(changes, history)]
    for change in changes:
        words = _WORDS.get(change.kind)
        found = list(words(change)) if words else []
        if not found and change.kind not in _SILENT:
            found = [f"{change.verb} {change.kind} {change.name}"]
        later = "" if change.served else ", once something is released"
        said += [f"{each} ({change.place}{later})" for each in found]
    return list(dict.fromkeys(said))


def _training(changes: list[Change], history: Mapping[str, str]) -> Iterator[str]:
    workflows = [change for change in changes if change.kind == "Workflow"]
    added = [change.name for change in workflows if change.after is not None and change.before is None]
    removed = [change.name for change in workflows if change.before is not None and change.after is None]
    for name in added:
        digest = name.rpartition("-")[2]
        if digest in history:
            yield f"will release {history[digest]} again: its code is that of {name}, and nothing is trained"
        elif removed:
            yield f"will retrain: the code digest changes from {removed[0].rpartition('-')[2]} to {digest}"
        else:
            yield f"will train for the first time: {name}"
    if removed and not added:
        yield f"the pipeline is removed: {removed[0]} is not run again"


def _seldon(change: Change) -> Iterator[str]:
    if change.before is None:
        yield "starts serving"
        return
    if change.after is None:
        yield "stops serving"
        return
    before, after = _predictors(change.before), _predictors(change.after)
    for slot in [*before, *(slot for slot in after if slot not in before)]:
        if slot not in before:
            yield f"starts pods of {slot}"
        elif slot not in after:
            yield f"stops pods of {slot}"
        else:
            yield from _predictor(slot, before[slot], after[slot])
    if _without_predictors(change.before) != _without_predictors(change.after):
        yield "restarts pods of every slot"


def _predictor(slot: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if any(_pods(before.get(key)) != _pods(after.get(key)) for key in _SAID_OF_PODS):
        where = ", ".join(_short(path) for path, _, _ in differing(_of_pods(before), _of_pods(after)))
        yield f"restarts pods of {slot}: {where}"
    if before.get("replicas") != after.get("replicas"):
        yield f"scales {slot} from {before.get('replicas')} to {after.get('replicas')} pods"
    if _scaling(before) != _scaling(after):
        yield f"changes the autoscaling of {slot}"
    if (before.get("traffic"), before.get("shadow")) != (after.get("traffic"), after.get("shadow")):
        yield f"moves traffic: {slot} from {before.get('traffic')} to {after.get('traffic')} percent"


def _pods(part: Any) -> Any:
    """Return a part of a predictor without what scales it."""
    if isinstance(part, list):
        return [{key: item for key, item in spec.items() if key not in {"hpaSpec", "kedaSpec"}} for spec in part]
    return part


def _of_pods(predictor: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _pods(predictor[key]) for key in _SAID_OF_PODS if key in predictor}


def _scaling(predictor: Mapping[str, Any]) -> str:
    specs = predictor.get("componentSpecs") or []
    return json.dumps([[spec.get("hpaSpec"), spec.get("kedaSpec")] for spec in specs], sort_keys=True)


def _predictors(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {predictor["name"]: predictor for predictor in manifest["spec"].get("predictors", [])}


def _without_predictors(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in manifest["spec"].items() if key != "predictors"}


def _route(change: Change) -> Iterator[str]:
    if change.before is None or change.after is None:
        yield "opens the route" if change.before is None else "closes the route"
        return
    for path, _, _ in change.fields():
        if "rules" in path:
            yield "moves traffic"
        elif "hostnames" in path:
            yield f"changes the host to {', '.join(change.after['spec']['hostnames'])}"
        else:
            yield f"changes the route: {path}"


def _permission(change: Change) -> Iterator[str]:
    before, after = _granted(change.before), _granted(change.after)
    for grant in [grant for grant in after if grant not in before]:
        yield f"new permission: {change.name} may {grant}"
    for grant in [grant for grant in before if grant not in after]:
        yield f"takes a permission: {change.name} may no longer {grant}"


def _granted(manifest: Mapping[str, Any] | None) -> list[str]:
    if manifest is None:
        return []
    grants = [
        f"{verb} {resource}" + (f" named {', '.join(rule['resourceNames'])}" if rule.get("resourceNames") else "")
        for rule in manifest.get("rules") or []
        for resource in rule.get("resources") or []
        for verb in rule.get("verbs") or []
    ]
    role = manifest.get("roleRef", {}).get("name")
    return grants + [f"act as {subject.get('name')} with {role}" for subject in manifest.get("subjects") or []]


def _alerts(change: Change) -> Iterator[str]:
    before, after = _alerts_of(change.before), _alerts_of(change.after)
    for word, names in (
        ("adds", [name for name in after if name not in before]),
        ("removes", [name for name in before if name not in after]),
        ("changes", [name for name in after if name in before and before[name] != after[name]]),
    ):
        if names:
            yield f"{word} the alert{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _alerts_of(manifest: Mapping[str, Any] | None) -> dict[str, Any]:
    groups = manifest["spec"].get("groups", []) if manifest else []
    return {rule.get("alert", rule.get("record")): rule for group in groups for rule in group.get("rules", [])}


def _template(change: Change) -> Iterator[str]:
    if change.before is not None and change.after is not None:
        paths = ", ".join(dict.fromkeys(_short(path) for path, _, _ in change.fields()))
        yield f"changes the pipeline from its next run on, without one now: {paths}"


def _schedule(change: Change) -> Iterator[str]:
    if change.before is None or change.after is None:
        yield "starts retraining on a schedule" if change.before is None else "stops retraining on a schedule"
        return
    schedules = [", ".join(each["spec"].get("schedules", [])) for each in (change.before, change.after)]
    if schedules[0] != schedules[1]:
        yield f"retrains at {schedules[1]} instead of {schedules[0]}"
    else:
        yield "changes the schedule's settings"


def _config_map(change: Change) -> Iterator[str]:
    labels = (change.after or change.before or {}).get("metadata", {}).get("labels", {})
    if "grafana_dashboard" in labels:
        yield f"{change.verb} dashboard"
    elif change.verb == "changed":
        yield "changes what later runs and releases read of the spec"


def _network(change: Change) -> Iterator[str]:
    yield f"changes what pods may reach: {change.verb} NetworkPolicy {change.name}"


def _application(change: Change) -> Iterator[str]:
    if change.verb != "changed":
        yield f"Application {change.name} is {change.verb}"
        return
    paths = ", ".join(_short(path) for path, _, _ in change.fields())
    yield f"changes how Argo CD deploys {change.name}: {paths}"


def _project(change: Change) -> Iterator[str]:
    if change.verb != "changed":
        yield f"AppProject {change.name} is {change.verb}"
        return
    for path, before, after in change.fields():
        gained = [item for item in after or [] if item not in (before or [])] if isinstance(after, list) else []
        words = f"new permission: the project {change.name} admits {json.dumps(gained)}" if gained else ""
        yield words or f"changes the project {change.name}: {path}"


def _short(path: str) -> str:
    """Return the telling end of a path."""
    return ".".join(path.split(".")[-3:])


_WORDS: Mapping[str, Callable[[Change], Iterable[str]]] = {
    "SeldonDeployment": _seldon,
    "HTTPRoute": _route,
    "PrometheusRule": _alerts,
    "WorkflowTemplate": _template,
    "CronWorkflow": _schedule,
    "ConfigMap": _config_map,
    "NetworkPolicy": _network,
    "Application": _application,
    "AppProject": _project,
    **dict.fromkeys(_RBAC, _permission),
}
# What another object's words have said already.
_SILENT = frozenset({"Workflow", "ConfigMap", "WorkflowTemplate", "SeldonDeployment", "PrometheusRule", *_RBAC})
