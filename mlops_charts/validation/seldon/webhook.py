"""The rules of Seldon's own webhook, which fails closed: what it refuses, Argo CD cannot sync.

It must not know what this project adds on top of them.
"""

from collections import Counter
from collections.abc import Iterator

from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node, of_kind
from mlops_charts.validation.workloads import NO_ENGINE

ALL_TRAFFIC = 100
PROTOCOLS = ("seldon", "tensorflow", "kfserving", "v2")
BUILT_IN = frozenset({"SIMPLE_MODEL", "SIMPLE_ROUTER", "RANDOM_ABTEST", "AVERAGE_COMBINER"})
WITHOUT_MODEL_URI = "HUGGINGFACE_SERVER"
NOT_TENSORFLOW = frozenset({"SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER", WITHOUT_MODEL_URI})


def webhook(scope: Scope) -> Iterator[Finding]:
    """Every SeldonDeployment passes Seldon's webhook."""
    for node in of_kind(scope, "SeldonDeployment"):
        yield from _predictors(node)
        yield from _traffic(node.at("spec", "predictors"))
        yield from _shadows(node.at("spec", "predictors"))
        yield from _protocol(node.at("spec", "protocol"))
        yield from _transports(node)
        for predictor in node.at("spec", "predictors").items():
            yield from _engine(predictor)
            for unit in units(predictor.at("graph")):
                yield from _unit(node, predictor, unit)


def units(graph: Node) -> Iterator[Node]:
    """A graph's nodes, the parent before its children."""
    if graph.present:
        yield graph
        for child in graph.at("children").items():
            yield from units(child)


def implementation(unit: Node) -> str:
    """The prepackaged server of a graph node, empty if its container is given."""
    text = unit.at("implementation").text
    return "" if text == "UNKNOWN_IMPLEMENTATION" else text


def _predictors(node: Node) -> Iterator[Finding]:
    predictors = list(node.at("spec", "predictors").items())
    if not predictors:
        note = "render the SeldonDeployment only when a slot of the release is enabled"
        yield node.at("spec", "predictors").finding("seldon-no-predictor", "no predictor; at least one is needed", note)
    counts = Counter(predictor.name for predictor in predictors)
    for index, predictor in enumerate(predictors):
        if counts[predictor.name] > 1 and any(other.name == predictor.name for other in predictors[:index]):
            message = f'two predictors are named "{predictor.name}"; each name stands once'
            yield predictor.at("name").finding("seldon-duplicate-predictor", message, "name the slots blue and green")


def _share(predictor: Node) -> int:
    traffic = predictor.at("traffic").value
    return traffic if isinstance(traffic, int) else 0


def _traffic(predictors: Node) -> Iterator[Finding]:
    answering = [predictor for predictor in predictors.items() if predictor.at("shadow").value is not True]
    total = sum(_share(predictor) for predictor in answering)
    note = "write traffic as integers; a predictor without it counts as 0"
    if len(answering) > 1 and total != ALL_TRAFFIC:
        names = " + ".join(f"{predictor.name} {_share(predictor)}" for predictor in answering)
        message = f"traffic sums to {total} ({names}); several predictors must sum to 100"
        yield predictors.finding("seldon-traffic", message, note)
    elif len(answering) == 1 and total not in {0, ALL_TRAFFIC}:
        message = f"the only predictor that answers has traffic {total}; it must be 0 or 100"
        yield answering[0].at("traffic").finding("seldon-traffic", message, note)


def _shadows(predictors: Node) -> Iterator[Finding]:
    every = list(predictors.items())
    shadows = [predictor for predictor in every if predictor.at("shadow").value is True]
    for extra in shadows[1:]:
        message = f'"{extra.name}" is a second shadow; at most one predictor may be a shadow'
        yield extra.at("shadow").finding("seldon-shadow", message, "mirror to one new version at a time")
    if shadows and len(shadows) == len(every):
        message = "every predictor is a shadow; one must answer the users"
        yield shadows[0].at("shadow").finding("seldon-shadow", message, "enable the stable slot beside the shadow")
    for shadow in shadows:
        if not 0 <= _share(shadow) <= ALL_TRAFFIC:
            message = f"a shadow's traffic is {_share(shadow)}; it must be 0 to 100"
            yield shadow.at("traffic").finding("seldon-shadow", message, "it is the percentage that is mirrored")


def _protocol(protocol: Node) -> Iterator[Finding]:
    if protocol.present and protocol.value not in PROTOCOLS:
        message = f"protocol {protocol.value!r} is unknown; right are {', '.join(PROTOCOLS)}"
        yield protocol.finding("seldon-protocol", message, "take v2, the Open Inference Protocol")


def _transports(node: Node) -> Iterator[Finding]:
    asked: dict[str, Node] = {}
    for predictor in node.at("spec", "predictors").items():
        for unit in units(predictor.at("graph")):
            endpoint = unit.at("endpoint", "type")
            if endpoint.text:
                asked.setdefault(endpoint.text, endpoint)
    if len(asked) > 1:
        message = f"the graphs have several types of endpoint, {' and '.join(asked)}; all of them must be of one"
        note = "name the same endpoint.type everywhere, or none: a server listens on both ports anyway"
        yield list(asked.values())[1].finding("seldon-graph", message, note)


def _engine(predictor: Node) -> Iterator[Finding]:
    annotated = predictor.at("annotations", NO_ENGINE)
    size = sum(1 for _ in units(predictor.at("graph")))
    if annotated.present and size > 1:
        message = f"no executor, but the graph has {size} nodes; without the executor it may have one"
        yield annotated.finding("seldon-no-engine", message, f"drop the annotation {NO_ENGINE} or the graph's children")


def _unit(node: Node, predictor: Node, unit: Node) -> Iterator[Finding]:
    server = implementation(unit)
    if not server:
        yield from _has_container(predictor, unit)
        return
    if server not in BUILT_IN and server != WITHOUT_MODEL_URI and not unit.at("modelUri").text:
        message = f'graph node "{unit.name}" uses {server} and has no modelUri; prepackaged servers need one'
        yield unit.finding("seldon-model-uri", message, "set modelUri to the model's folder: s3://bucket/path")
    if node.at("spec", "protocol").value == "tensorflow" and server in NOT_TENSORFLOW:
        message = f"{server} does not speak the protocol tensorflow"
        yield unit.at("implementation").finding("seldon-protocol", message, "take the protocol v2 or seldon")


def _has_container(predictor: Node, unit: Node) -> Iterator[Finding]:
    components = predictor.at("componentSpecs").items()
    names = [container.name for part in components for container in part.at("spec", "containers").items()]
    if unit.name not in names:
        found = ", ".join(names) or "none"
        message = f'graph node "{unit.name}" has no container of its name; containers here: {found}'
        yield unit.at("name").finding("seldon-graph", message, "name the container as the graph node, or the reverse")
