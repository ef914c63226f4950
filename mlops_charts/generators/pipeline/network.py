"""What the pods may reach: nothing, but for what each step needs; and nobody reaches them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import metadata
from mlops_charts.generators.pipeline.interfaces import Place, pods, reaches
from mlops_charts.generators.pipeline.pods import STEP_LABEL
from mlops_charts.planning import Plan
from mlops_charts.spec.platform import Peer

_DNS: Final = 53
_PLACES: Final[tuple[Place, ...]] = ("mlflow", "git", "registry", "data", "pushgateway")
_WEB: Final = {"http": 80, "https": 443}


def network_policies(plan: Plan) -> Iterator[Part]:
    """Yield the denial of everything, then what is allowed."""
    yield Part("networkpolicy-default-deny.yaml", _policy(plan, "default-deny", everyone(plan), []))
    yield Part("networkpolicy-workflow.yaml", _policy(plan, "workflow", everyone(plan), _shared(plan)))
    for place in _PLACES:
        steps = [step for step in pods(plan) if place in reaches(plan, step)]
        egress = [_rule(peer) for peer in _peers(plan, place)]
        if steps and egress:
            yield Part(f"networkpolicy-{place}.yaml", _policy(plan, place, _chosen(plan, steps), egress))


def everyone(plan: Plan) -> dict[str, Any]:
    """Return the selector of all pods of the pipeline."""
    name = "app.kubernetes.io/name"
    return {"matchLabels": {name: plan.labels[name], "app.kubernetes.io/component": "pipeline"}}


def _chosen(plan: Plan, steps: list[str]) -> dict[str, Any]:
    return {**everyone(plan), "matchExpressions": [{"key": STEP_LABEL, "operator": "In", "values": steps}]}


def _policy(plan: Plan, title: str, selector: dict[str, Any], egress: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a policy; the one without rules denies both directions, the others add to it."""
    rules: dict[str, Any] = (
        {"policyTypes": ["Egress"], "egress": egress} if egress else {"policyTypes": ["Ingress", "Egress"]}
    )
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(plan, f"{plan.model}-pipeline-{title}", component="pipeline"),
        "spec": {"podSelector": selector, **rules},
    }


def _shared(plan: Plan) -> list[dict[str, Any]]:
    """Return what every pod of a workflow needs, for its executor: names, results, artifacts."""
    network = plan.platform.network
    ports = [{"protocol": protocol, "port": _DNS} for protocol in ("UDP", "TCP")]
    dns = {"to": [_namespace(network.dns)], "ports": ports}
    return [dns, *map(_rule, _distinct((*network.api_server, *network.storage)))]


def _peers(plan: Plan, place: Place) -> Iterable[Peer]:
    network = plan.platform.network
    if place == "pushgateway":
        return _pushgateway(plan)
    found: tuple[Peer, ...] = getattr(network, place)
    return _distinct(found)


def _pushgateway(plan: Plan) -> tuple[Peer, ...]:
    url = plan.platform.prometheus.pushgateway
    if not url:
        return ()
    parts = urlsplit(url)
    return (Peer(namespace=plan.platform.network.monitoring, port=parts.port or _WEB[parts.scheme]),)


def _distinct(peers: Iterable[Peer]) -> tuple[Peer, ...]:
    return tuple({repr(peer): peer for peer in peers}.values())


def _rule(peer: Peer) -> dict[str, Any]:
    to = {"ipBlock": {"cidr": peer.cidr}} if peer.cidr else _namespace(peer.namespace or "")
    return {"to": [to], "ports": [{"protocol": "TCP", "port": peer.port}]}


def _namespace(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
