"""What a change causes, in words: one function for each kind of object, the weightiest words first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlops_charts.comparing import serving
from mlops_charts.comparing.objects import Change
from mlops_charts.comparing.releases import Release, moves, training
from mlops_charts.comparing.words import VERBS, ending, listed

_ROLES: Final = frozenset({"Role", "ClusterRole"})
_LATER: Final = ", once something is released"
# In this order; what begins otherwise comes last.
_WEIGHTS: Final = (
    ("warning:",),
    ("is new", "is removed", "will ", "releases nothing", "the pipeline is removed"),
    (
        "the environment",
        "rejects",
        "lifts",
        "takes step",
        "takes everything",
        "a release waits",
        "starts to release",
        "starts the first release",
        "starts the canary",
    ),
    ("starts the shadow", "starts the experiment", "promotes", "watches", "rolls back", "ends the release", "holds"),
    (
        "stops to serve",
        "replaces",
        "restarts",
        "stops pods",
        "starts pods",
        "moves traffic",
        "mirrors",
        "opens",
        "closes",
    ),
    ("new permission",),
)


@dataclass(frozen=True)
class Setting:
    """What the words need to know besides the objects.

    Attributes:
        releases: The releases by environment.
        new: Whether the base does not have the model.
        gone: Whether the working tree does not have it.
    """

    releases: Mapping[str, Release]
    new: bool = False
    gone: bool = False


def effects(changes: Iterable[Change], setting: Setting) -> list[str]:
    """Return what the changes of one model cause, each once, the weightiest first."""
    changes = list(changes)
    whole = setting.new or setting.gone
    runs = any(change.kind == "Workflow" and change.before is None for change in changes)
    placed: list[tuple[str, str]] = []  # words and the environment
    for environment, release in setting.releases.items():
        mine = [change for change in changes if change.place == f"serving in {environment}"]
        placed += [(words, environment) for words in _environment(release, mine, setting)]
    said = [*_whole(setting), *training(changes, setting.releases), *_together(placed)]
    for change in changes:
        if not change.place.startswith("serving"):
            said += [f"{words} ({change.place})" for words in _words(change, runs=runs, whole=whole)]
    return sorted(dict.fromkeys(said), key=_weight)


def _together(placed: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the words of all environments, with those that say the same of several once."""
    for words in dict.fromkeys(words for words, _ in placed):
        where = ", ".join(environment for other, environment in placed if other == words)
        said, later = words.removesuffix(_LATER), words.endswith(_LATER)
        yield f"{said} (serving in {where}{_LATER if later else ''})"


def _weight(words: str) -> int:
    return next((rank for rank, starts in enumerate(_WEIGHTS) if words.startswith(starts)), len(_WEIGHTS))


def _whole(setting: Setting) -> Iterator[str]:
    if setting.new or setting.gone:
        word = "new" if setting.new else "removed"
        yield f"is {word}: its pipeline, and its serving in {listed(setting.releases) or 'no environment'}"


def _environment(release: Release, changes: list[Change], setting: Setting) -> Iterator[str]:
    """Yield what happens in one environment; words of what comes later end with `_LATER`."""
    whole = setting.new or setting.gone
    fresh, gone = release.before is None, release.after is None
    if fresh and not whole:
        yield "the environment is new: nothing is released there yet"
    if gone and not whole:
        yield "the environment is removed"
    if not fresh:
        yield from moves(release)
    said = [(words, one.served) for one in changes for words in _words(one, runs=False, whole=fresh or gone or whole)]
    restarts = any(words.startswith(("restarts", "replaces")) for words, served in said if served)
    for words, served in said:
        if not served:
            yield f"{words}{_LATER}"
        elif words.startswith("moves traffic") and not restarts:
            yield f"{words}; nothing restarts"
        else:
            yield _warned(words, release.flying)


def _warned(words: str, flying: str) -> str:
    if flying and words.startswith("restarts"):
        return f"warning: {words}; {flying} is being released: wait until that has ended"
    return words


def _words(change: Change, *, runs: bool, whole: bool) -> list[str]:
    """Return what one change causes; where all is new or gone, only what grants and what runs is worth a word."""
    if whole and (change.kind not in _WORTH or (change.after is None and change.kind in _ROLES)):
        return []
    if change.kind == "WorkflowTemplate":
        return list(_template(change, runs=runs))
    words = _WORDS.get(change.kind)
    if words:
        return list(words(change))
    if change.verb == "changed":
        return [f"changes {change.kind} {change.name}: {listed(ending(path) for path, _, _ in change.fields())}"]
    return [f"{VERBS[change.verb]} {change.kind} {change.name}"]


def _permission(change: Change) -> Iterator[str]:
    before, after = _granted(change.before), _granted(change.after)
    gained = [grant for grant in after if grant not in before]
    lost = [grant for grant in before if grant not in after]
    if gained:
        yield f"new permission: {change.name} may {'; '.join(_joined(gained))}"
    if lost:
        yield f"takes a permission: {change.name} may no longer {'; '.join(_joined(lost))}"


def _joined(grants: list[tuple[str, str]]) -> Iterator[str]:
    """Yield grants with the verbs of one thing together: "create, patch workflowtaskresults"."""
    things = dict.fromkeys(thing for _, thing in grants)
    for thing in things:
        yield f"{', '.join(verb for verb, other in grants if other == thing)} {thing}"


def _granted(manifest: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return what a Role allows, as verb and thing."""
    manifest = manifest or {}
    return [
        (verb, resource + (f" named {', '.join(rule['resourceNames'])}" if rule.get("resourceNames") else ""))
        for rule in manifest.get("rules") or []
        for resource in rule.get("resources") or []
        for verb in rule.get("verbs") or []
    ]


def _binding(change: Change) -> Iterator[str]:
    before, after = _bound(change.before), _bound(change.after)
    for word, found in (
        ("new permission: {} gets the Role {}", [one for one in after if one not in before]),
        ("takes a permission: {} loses the Role {}", [one for one in before if one not in after]),
    ):
        for role in dict.fromkeys(role for role, _ in found):
            yield word.format(listed(name for other, name in found if other == role), role)


def _bound(manifest: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    manifest = manifest or {}
    role = str(manifest.get("roleRef", {}).get("name"))
    return [(role, str(subject.get("name"))) for subject in manifest.get("subjects") or []]


def _alerts(change: Change) -> Iterator[str]:
    for key, one, many in (("alert", "the alert", "the alerts"), ("record", "the series", "the series")):
        before, after = _rules(change.before, key), _rules(change.after, key)
        for word, names in (
            ("adds", [name for name in after if name not in before]),
            ("removes", [name for name in before if name not in after]),
            ("changes", [name for name in after if name in before and before[name] != after[name]]),
        ):
            if names:
                yield f"{word} {many if len(names) > 1 else one} {', '.join(names)}"


def _rules(manifest: Mapping[str, Any] | None, key: str) -> dict[str, list[Any]]:
    """Return the alerts or the recorded series by name; several windows of one alert stand together."""
    found: dict[str, list[Any]] = {}
    for group in manifest["spec"].get("groups", []) if manifest else []:
        for rule in group.get("rules", []):
            if key in rule:
                found.setdefault(str(rule[key]), []).append(rule)
    return found


def _template(change: Change, *, runs: bool) -> Iterator[str]:
    """Yield what changes in the pipeline; the digest of the code is told by what trains."""
    if change.before is None or change.after is None:
        return
    before, after = _steps(change.before), _steps(change.after)
    for word, names in (
        ("adds", [name for name in after if name not in before]),
        ("removes", [name for name in before if name not in after]),
    ):
        if names:
            yield f"{word} the step{'s' if len(names) > 1 else ''} {', '.join(names)}"
    paths = [path for path, old, new in change.fields() if not _told(path, old, new)]
    if paths:
        when = "now" if runs else "from its next run on, without one now"
        yield f"changes the pipeline {when}: {listed(_of_steps(paths, len(after)), 6)}"


def _steps(manifest: Mapping[str, Any]) -> dict[str, Any]:
    templates = manifest["spec"].get("templates") or []
    return {one["name"]: one for one in templates if "container" in one or "script" in one}


def _told(path: str, old: Any, new: Any) -> bool:
    """Return whether other words tell of a part: steps that come and go with their place in the graph, the digest."""
    whole_step = path.startswith("spec.templates[") and path.endswith("]") and (old is None or new is None)
    return whole_step or "[code-digest]" in path or path.endswith("volumes[source].configMap.name")


def _of_steps(paths: list[str], steps: int) -> Iterator[str]:
    """Yield what changes, with the steps that it changes in: "container.image of every step"."""
    where: dict[str, list[str]] = {}
    for path in paths:
        step, _, rest = path.partition("spec.templates[")[2].partition("].")
        where.setdefault(ending(rest) if rest else ending(path), []).extend([step] if rest else [])
    for part, names in where.items():
        of = "every step" if len(set(names)) == steps else listed(names)
        yield f"{part} of {of}" if names else part


def _schedule(change: Change) -> Iterator[str]:
    if change.before is None or change.after is None:
        yield "starts retraining on a schedule" if change.before is None else "stops retraining on a schedule"
        return
    schedules = [", ".join(each["spec"].get("schedules", [])) for each in (change.before, change.after)]
    if schedules[0] != schedules[1]:
        yield f"retrains at {schedules[1]} instead of {schedules[0]}"
    else:
        yield f"changes the schedule's settings: {listed(ending(path) for path, _, _ in change.fields())}"


def _network(change: Change) -> Iterator[str]:
    yield f"changes what pods may reach: {VERBS[change.verb]} NetworkPolicy {change.name}"


def _application(change: Change) -> Iterator[str]:
    if change.verb != "changed":
        yield f"{VERBS[change.verb]} Application {change.name}"
        return
    yield f"changes how Argo CD deploys {change.name}: {listed(ending(path) for path, _, _ in change.fields())}"


def _project(change: Change) -> Iterator[str]:
    if change.verb != "changed":
        yield f"{VERBS[change.verb]} AppProject {change.name}"
        return
    before, after = ((each or {}).get("spec") or {} for each in (change.before, change.after))
    for key in [*before, *(key for key in after if key not in before)]:
        if isinstance(before.get(key, after.get(key)), list):
            yield from _admits(change.name, before.get(key) or [], after.get(key) or [])
        elif before.get(key) != after.get(key):
            yield f"changes the project {change.name}: {key}"


def _admits(project: str, before: list[Any], after: list[Any]) -> Iterator[str]:
    gained = [_admitted(item) for item in after if item not in before]
    lost = [_admitted(item) for item in before if item not in after]
    if gained:
        yield f"new permission: the project {project} admits {listed(gained, 8)}"
    if lost:
        yield f"takes a permission: the project {project} admits no longer {listed(lost, 8)}"


def _admitted(item: Any) -> str:
    if isinstance(item, Mapping) and "kind" in item:
        return "/".join(str(part) for part in (item.get("group"), item["kind"], item.get("name")) if part)
    if isinstance(item, Mapping) and "namespace" in item:
        return f"namespace {item['namespace']}"
    return item if isinstance(item, str) else json.dumps(item)


def _silent(change: Change) -> Iterator[str]:
    """Yield nothing: other words tell of a Workflow, and the Pod of `helm test` follows what is routed."""
    del change
    return iter(())


_WORDS: Mapping[str, Callable[[Change], Iterable[str]]] = {
    "SeldonDeployment": serving.deployment,
    "HTTPRoute": serving.route,
    "CronJob": serving.judge,
    "PodDisruptionBudget": serving.evictions,
    "ConfigMap": serving.dashboard_or_spec,
    "Workflow": _silent,
    "Pod": _silent,
    "PrometheusRule": _alerts,
    "CronWorkflow": _schedule,
    "NetworkPolicy": _network,
    "Application": _application,
    "AppProject": _project,
    **dict.fromkeys(_ROLES, _permission),
    **dict.fromkeys(("RoleBinding", "ClusterRoleBinding"), _binding),
}
_WORTH: Final = frozenset({"SeldonDeployment", "HTTPRoute", "CronWorkflow", *_ROLES})
