"""One writer per field: no two objects with one identity, no number that git and a controller both write.

It must not know Applications; objects shared between them are proven over the fleet.
"""

from collections.abc import Iterator

from mlops_charts.validation.model import Finding, Rendered, Scope
from mlops_charts.validation.nodes import Node, group, label, of_kind, root
from mlops_charts.validation.seldon.operation import deployment_name

AUTOSCALERS = ("HorizontalPodAutoscaler", "ScaledObject")


def identities(scope: Scope) -> Iterator[Finding]:
    """No two objects of a scope are the same object."""
    seen: dict[tuple[str, ...], Rendered] = {}
    for rendered in scope.objects:
        namespace = root(rendered).at("metadata", "namespace").text or scope.namespace
        first = seen.setdefault((group(rendered), rendered.kind, namespace, rendered.name), rendered)
        if first is not rendered:
            message = f"{label(rendered)} is rendered twice, by {first.file} and {rendered.file}"
            yield root(rendered).at("metadata", "name").finding("duplicate-object", message, "rename or merge them")


def replicas(scope: Scope) -> Iterator[Finding]:
    """Replicas are written by git or by one autoscaler, never by both."""
    yield from _targets(scope)
    for node in of_kind(scope, "SeldonDeployment"):
        for predictor in node.at("spec", "predictors").items():
            for component in predictor.at("componentSpecs").items():
                yield from _beside(node, predictor, component)


def _targets(scope: Scope) -> Iterator[Finding]:
    owners: dict[tuple[str, str], Rendered] = {}
    seldon = set(_seldon_deployments(scope))
    for node in of_kind(scope, *AUTOSCALERS):
        target = node.at("spec", "scaleTargetRef")
        key = (target.at("kind").text or "Deployment", target.name)
        first = owners.setdefault(key, node.object)
        if first is not node.object:
            message = f'{label(node.object)} and {label(first)} both scale the {key[0]} "{key[1]}"'
            yield target.finding("two-autoscalers", message, "keep one of them")
        if key[0] == "Deployment" and key[1] in seldon:
            message = f'Seldon writes the replicas of the Deployment "{key[1]}" itself'
            yield target.finding("two-writers", message, "use hpaSpec of the component, with metricsv2")
        for scaled in of_kind(scope, key[0]):
            if scaled.object.name == key[1] and scaled.at("spec", "replicas").present:
                message = f"{label(scaled.object)} sets replicas, which {label(node.object)} writes"
                yield scaled.at("spec", "replicas").finding("two-writers", message, "leave replicas out")


def _seldon_deployments(scope: Scope) -> Iterator[str]:
    for node in of_kind(scope, "SeldonDeployment"):
        for predictor in node.at("spec", "predictors").items():
            for index, part in enumerate(predictor.at("componentSpecs").items()):
                yield deployment_name(node.object.name, predictor.name, index, part.at("metadata").name)


def _beside(node: Node, predictor: Node, component: Node) -> Iterator[Finding]:
    scalers = [key for key in ("hpaSpec", "kedaSpec") if component.at(key).present]
    if len(scalers) > 1:
        message = f'predictor "{predictor.name}" is scaled by hpaSpec and kedaSpec at once'
        yield component.at(scalers[1]).finding("two-autoscalers", message, "keep one of them")
    for holder in (node.at("spec"), predictor, component):
        if scalers and holder.at("replicas").present:
            message = f'predictor "{predictor.name}" sets replicas beside {scalers[0]}'
            yield holder.at("replicas").finding("two-writers", message, "leave replicas out under an autoscaler")
