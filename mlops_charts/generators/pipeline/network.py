"""What the pods may reach: nothing, but for what each step needs; and nobody reaches them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import metadata
from mlops_charts.generators.peers import Rule, dns, port_of, to_namespace, to_peers
from mlops_charts.generators.pipeline.interfaces import Place, pods, reaches
from mlops_charts.generators.pipeline.pods import STEP_LABEL
from mlops_charts.planning import Plan
from mlops_charts.spec.platform import Peer

_PLACES: Final[tuple[Place, ...]] = ("mlflow", "git", "registry", "packages", "data", "pushgateway")


def network_policies(plan: Plan) -> Iterator[Part]:
    """Yield the denial of everything, then what is allowed."""
    yield Part("networkpolicy-default-deny.yaml", _policy(plan, "default-deny", everyone(plan), []))
    yield Part("networkpolicy-workflow.yaml", _policy(plan, "workflow", everyone(plan), _shared(plan)))
    for place in _PLACES:
        steps = [step for step in pods(plan) if place in reaches(plan, step)]
        egress = list(_reached(plan, place))
        if steps and egress:
            yield Part(f"networkpolicy-{place}.yaml", _policy(plan, place, _chosen(plan, steps), egress))


def everyone(plan: Plan) -> dict[str, Any]:
    """Return the selector of all pods of the pipeline."""
    name = "app.kubernetes.io/name"
    return {"matchLabels": {name: plan.labels[name], "app.kubernetes.io/component": "pipeline"}}


def _chosen(plan: Plan, steps: list[str]) -> dict[str, Any]:
    return {**everyone(plan), "matchExpressions": [{"key": STEP_LABEL, "operator": "In", "values": steps}]}


def _policy(plan: Plan, title: str, selector: dict[str, Any], egress: list[Rule]) -> dict[str, Any]:
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


def _shared(plan: Plan) -> list[Rule]:
    """Return what every pod of a workflow needs, for its executor: names, results, artifacts."""
    network = plan.platform.network
    return [dns(plan), *to_peers((*network.api_server, *network.storage))]


def _reached(plan: Plan, place: Place) -> Iterable[Rule]:
    """Return the rules that lead to a place."""
    if place == "pushgateway":
        return _pushgateway(plan)
    peers: tuple[Peer, ...] = getattr(plan.platform.network, place)
    return to_peers(peers)


def _pushgateway(plan: Plan) -> Iterable[Rule]:
    if url := plan.platform.prometheus.pushgateway:
        yield to_namespace(plan.platform.network.monitoring, port_of(url))
