"""What Seldon's operator accepts and then does wrong: restarts, lost Services, budgets that lock pods.

It must not repeat the webhook's rules.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node, of_kind, root
from mlops_charts.validation.seldon.webhook import units
from mlops_charts.validation.selectors import matches
from mlops_charts.validation.workloads import Pod, pods, predictor_key

LONGEST_NAME = 63
RESTLESS_KEYS = frozenset({"helm.sh/chart", "app.kubernetes.io/version", "helm.sh/revision"})
RESTLESS_WORDS = ("weight", "timestamp", "time", "chart", "revision", "commit", "step", "phase")
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")


def copied_metadata(scope: Scope) -> Iterator[Finding]:
    """Nothing that changes at a release stands where Seldon copies it into pods."""
    for node in of_kind(scope, "SeldonDeployment"):
        yield from _restless(node.at("spec", "annotations"))
        for predictor in node.at("spec", "predictors").items():
            yield from _subset_label(predictor.at("labels", "version"))
            yield from _restless(predictor.at("labels"))
            yield from _restless(predictor.at("annotations"))
            for component in predictor.at("componentSpecs").items():
                yield from _restless(component.at("metadata", "labels"))
                yield from _restless(component.at("metadata", "annotations"))


def generated_names(scope: Scope) -> Iterator[Finding]:
    """The names that Seldon makes up stay within 63 characters and are known in advance."""
    for node in of_kind(scope, "SeldonDeployment"):
        for predictor in node.at("spec", "predictors").items():
            yield from _service_name(node, predictor)
            graph = {unit.name for unit in units(predictor.at("graph"))}
            for index, component in enumerate(predictor.at("componentSpecs").items()):
                yield from _deployment_name(node, predictor, component, index)
                yield from _container_names(component, graph)


def scaling(scope: Scope) -> Iterator[Finding]:
    """Autoscaling is written in the version that clusters still serve, and budgets are ours."""
    for node in of_kind(scope, "SeldonDeployment"):
        for predictor in node.at("spec", "predictors").items():
            for component in predictor.at("componentSpecs").items():
                yield from _autoscaler(component.at("hpaSpec"))
                yield from _own_budget(component.at("pdbSpec"))
    yield from _budgets(scope)


def services_and_routes(scope: Scope) -> Iterator[Finding]:
    """No object of ours takes what is the operator's: its Services' label, its weights."""
    for node in of_kind(scope, "Service"):
        taken = node.at("metadata", "labels", "seldon-deployment-id")
        if taken.present:
            message = "a Service with the label seldon-deployment-id is deleted by Seldon as an orphan"
            yield taken.finding("seldon-service-label", message, "drop the label; select pods by seldon-app instead")
    for node in of_kind(scope, "SeldonDeployment"):
        yield from _weights_elsewhere(scope, node)
    for route in of_kind(scope, "HTTPRoute"):
        yield from _zero_weights(route)


def server_pods(scope: Scope) -> Iterator[Finding]:
    """Pods without the executor bring probes, a way to stop, and ports that the operator can tell apart."""
    for pod in pods(scope):
        if pod.node.object.kind == "SeldonDeployment":
            for container in pod.containers:
                yield from _ports(container)
            if not pod.engine:
                yield from _life_cycle(pod)


def _subset_label(label: Node) -> Iterator[Finding]:
    if label.present:
        message = "a predictor's label version is Seldon's subset selector: the route then finds no pods"
        yield label.finding("seldon-version-label", message, "put the model's version into the predictor's annotation")


def _restless(node: Node) -> Iterator[Finding]:
    for key, value in node.entries():
        words = re.split(r"[^a-z]+", key.lower())
        if key in RESTLESS_KEYS or any(word in RESTLESS_WORDS for word in words) or TIME.match(value.text):
            message = f'"{key}" changes without the model changing, and Seldon copies it into the pods: they restart'
            note = "put it under metadata of the SeldonDeployment, which is not copied"
            yield value.finding("seldon-restless-metadata", message, note)


def _service_name(node: Node, predictor: Node) -> Iterator[Finding]:
    name = predictor_key(node.object.name, predictor.name)
    if len(name) > LONGEST_NAME:
        message = f'the Service "{name}" would have {len(name)} characters; at most 63'
        yield predictor.at("name").finding("seldon-name", message, "shorten the model's name")


def deployment_name(deployment: str, predictor: str, index: int, component: str) -> str:
    """The Deployment that Seldon makes for a component with a name of its own."""
    return f"{predictor_key(deployment, predictor)}-{index}-{component}"


def _deployment_name(node: Node, predictor: Node, component: Node, index: int) -> Iterator[Finding]:
    own = component.at("metadata", "name")
    if not own.text:
        message = "without a name of the component the Deployment is named after its containers, hashed when long"
        yield component.at("metadata").finding("seldon-name", message, "set componentSpecs[].metadata.name, in short")
        return
    name = deployment_name(node.object.name, predictor.name, index, own.text)
    if len(name) > LONGEST_NAME:
        message = f'the Deployment "{name}" would have {len(name)} characters and be hashed; at most 63'
        yield own.finding("seldon-name", message, "shorten componentSpecs[].metadata.name or the model's name")


def _container_names(component: Node, graph: set[str]) -> Iterator[Finding]:
    for container in component.at("spec", "containers").items():
        key = f"seldon-app-svc-{container.name}"
        if container.name in graph and len(key) > LONGEST_NAME:
            message = f'Seldon labels the pods "{key}", of {len(key)} characters; at most 63'
            yield container.at("name").finding("seldon-name", message, "a container's name has at most 48 characters")


def _autoscaler(spec: Node) -> Iterator[Finding]:
    if not spec.present:
        return
    if spec.at("metrics").present:
        message = "hpaSpec.metrics is autoscaling/v2beta1, which clusters no longer serve"
        yield spec.at("metrics").finding("seldon-hpa", message, "write the metrics under metricsv2")
    elif not list(spec.at("metricsv2").items()):
        yield spec.finding("seldon-hpa", "hpaSpec without metricsv2 scales by nothing", "write metricsv2")


def _own_budget(spec: Node) -> Iterator[Finding]:
    if spec.present:
        message = "pdbSpec selects the pods of all predictors: a pod under two budgets cannot be evicted"
        note = "render a PodDisruptionBudget per predictor that selects seldon-app: <model>-<predictor>"
        yield spec.finding("seldon-pdb", message, note)


def _budgets(scope: Scope) -> Iterator[Finding]:
    seldon = [pod for pod in pods(scope) if pod.node.object.kind == "SeldonDeployment"]
    deployments = set(_deployment_names(scope))
    covered: dict[str, str] = {}
    for budget in of_kind(scope, "PodDisruptionBudget"):
        name = budget.object.name
        if name in deployments:
            message = f'the budget is named like the Deployment "{name}": Seldon deletes such budgets'
            yield budget.at("metadata", "name").finding("seldon-pdb", message, f'name it "{name.partition("-0-")[0]}"')
        selector = budget.at("spec", "selector")
        keys = sorted({pod.labels["seldon-app"] for pod in seldon if matches(selector.mapping, pod.labels)})
        if len(keys) > 1:
            message = f"one budget covers the predictors {' and '.join(keys)}; each needs its own"
            yield selector.finding("seldon-pdb", message, "select seldon-app: <model>-<predictor>")
        for key in keys:
            if covered.setdefault(key, name) != name:
                message = f'the pods of {key} are under two budgets, "{covered[key]}" and "{name}": never evicted'
                yield selector.finding("seldon-pdb", message, "keep one budget per predictor")


def _deployment_names(scope: Scope) -> Iterator[str]:
    for node in of_kind(scope, "SeldonDeployment"):
        for predictor in node.at("spec", "predictors").items():
            for index, component in enumerate(predictor.at("componentSpecs").items()):
                short = component.at("metadata", "name").text
                yield deployment_name(node.object.name, predictor.name, index, short)


def _weights_elsewhere(scope: Scope, node: Node) -> Iterator[Finding]:
    name = node.object.name
    keys = {predictor_key(name, predictor.name) for predictor in node.at("spec", "predictors").items()}
    split = [p for p in node.at("spec", "predictors").items() if p.at("traffic").value not in (None, 0, 100)]
    for rendered in scope.objects:
        routes = rendered.kind in {"VirtualService", "DestinationRule"}
        if not routes and not (split and rendered.kind == "HTTPRoute"):
            continue
        if keys & set(_hosts(rendered.manifest.get("spec"))):
            message = f'{rendered.kind} routes to the predictors of "{name}", whose weights Seldon writes itself'
            note = "one writer of weights: traffic of the predictors (istio) or the HTTPRoute (gatewayApi)"
            yield root(rendered).at("spec").finding("seldon-weights-elsewhere", message, note)


def _hosts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from (host.partition(".")[0] for key in ("host", "name") if isinstance(host := value.get(key), str))
        for item in value.values():
            yield from _hosts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _hosts(item)


def _zero_weights(route: Node) -> Iterator[Finding]:
    for rule in route.at("spec", "rules").items():
        for backend in rule.at("backendRefs").items():
            if backend.at("weight").value == 0:
                message = f'backend "{backend.name}" has weight 0; a backend without traffic does not stand in a route'
                yield backend.at("weight").finding("route-zero-weight", message, "leave the backend out")


def _ports(container: Node) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for port in container.at("ports").items():
        number = str(port.at("containerPort").value)
        if number in seen:
            message = f'ports "{seen[number]}" and "{port.name}" have one number, {number}; Seldon tells them by number'
            yield port.at("containerPort").finding("seldon-ports", message, "give http, grpc and metrics their own")
        seen[number] = port.name
        if port.at("protocol").value is None:
            message = f'port "{port.name}" leaves its protocol out: a default inside an atomic list differs for ever'
            yield port.at("protocol").finding("seldon-ports", message, "write protocol: TCP")


def _life_cycle(pod: Pod) -> Iterator[Finding]:
    note = "Seldon's defaults call a shell and check nothing: render your own"
    for container in pod.node.at("containers").items():
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if not container.at(probe).present:
                message = f'container "{container.name}" has no {probe}'
                yield container.at(probe).finding("seldon-life-cycle", message, note)
        if not container.at("lifecycle", "preStop").present:
            message = f'container "{container.name}" has no preStop; Seldon then injects /bin/sh -c sleep 10'
            yield container.at("lifecycle", "preStop").finding("seldon-life-cycle", message, note)
    grace = pod.node.at("terminationGracePeriodSeconds")
    if pod.containers and not grace.present:
        yield grace.finding("seldon-life-cycle", f"{pod.subject} has no terminationGracePeriodSeconds", note)
