"""Label selectors, as Kubernetes evaluates them, and the proof that each of them selects something.

It must not know which objects ought to exist.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node, label, root
from mlops_charts.validation.workloads import pods

PLACES: Mapping[str, tuple[str, ...]] = {
    "PodMonitor": ("spec", "selector"),
    "PodDisruptionBudget": ("spec", "selector"),
    "NetworkPolicy": ("spec", "podSelector"),
    "Deployment": ("spec", "selector"),
    "StatefulSet": ("spec", "selector"),
}


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector with matchLabels and matchExpressions selects these labels; an empty one selects all."""
    wanted, expressions = selector.get("matchLabels"), selector.get("matchExpressions")
    if isinstance(wanted, Mapping) and any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(one, labels) for one in _maps(expressions))


def _maps(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list | tuple):
        yield from (one for one in value if isinstance(one, Mapping))


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    found, values = labels.get(str(expression.get("key"))), expression.get("values")
    values = values if isinstance(values, list | tuple) else ()
    match expression.get("operator"):
        case "In":
            return found in values
        case "NotIn":
            return found not in values
        case "Exists":
            return found is not None
        case "DoesNotExist":
            return found is None
        case _:
            return False


def selectors(scope: Scope) -> Iterator[Finding]:
    """Every selector of pods matches a pod that this scope renders."""
    labels = [pod.labels for pod in pods(scope)]
    for node in _selectors(scope):
        empty = not node.mapping.get("matchLabels") and not node.mapping.get("matchExpressions")
        allowed = (node.object.kind, node.object.name) in scope.externals
        if empty or allowed or any(matches(node.mapping, one) for one in labels):
            continue
        message = f"{label(node.object)} selects {_shown(node.mapping)}, which no pod here carries"
        note = "take labels of a pod template; Seldon's pods carry seldon-app: <model>-<predictor>"
        yield node.finding("selector-matches-nothing", message, note)


def _selectors(scope: Scope) -> Iterator[Node]:
    for rendered in scope.objects:
        if place := PLACES.get(rendered.kind):
            yield root(rendered).at(*place)
        elif rendered.kind == "Service" and root(rendered).at("spec", "selector").mapping:
            selector = root(rendered).at("spec", "selector")
            yield Node(rendered, selector.path, {"matchLabels": selector.mapping})


def _shown(selector: Mapping[str, Any]) -> str:
    wanted = selector.get("matchLabels")
    parts = [f"{key}={value}" for key, value in wanted.items()] if isinstance(wanted, Mapping) else []
    parts += [str(one.get("key")) for one in _maps(selector.get("matchExpressions"))]
    return ", ".join(parts)
