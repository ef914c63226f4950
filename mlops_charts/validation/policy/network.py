"""Every pod stands behind a NetworkPolicy in both directions, and none opens it to the whole world.

It must not know where a model's traffic goes.
"""

from collections.abc import Iterator

from mlops_charts.validation.exceptions import respecting_exceptions
from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node, of_kind
from mlops_charts.validation.selectors import matches
from mlops_charts.validation.workloads import pods

EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})


@respecting_exceptions
def covered(scope: Scope) -> Iterator[Finding]:
    """Every pod is selected by policies for ingress and for egress; a default deny counts."""
    policies = list(of_kind(scope, "NetworkPolicy"))
    for pod in pods(scope):
        chosen = [one for one in policies if matches(one.at("spec", "podSelector").mapping, pod.labels)]
        types = {kind for policy in chosen for kind in _types(policy)}
        missing = sorted({"Ingress", "Egress"} - types)
        if missing:
            message = f"{pod.subject} is under no NetworkPolicy for {' and '.join(missing)}"
            note = "render a default deny: podSelector {}, policyTypes [Ingress, Egress]"
            yield pod.metadata.at("labels").finding("network-uncovered", message, note)


def _types(policy: Node) -> Iterator[str]:
    given = policy.at("spec", "policyTypes")
    if given.present:
        yield from (item.text for item in given.items())
        return
    yield "Ingress"
    if policy.at("spec", "egress").present:
        yield "Egress"


@respecting_exceptions
def closed(scope: Scope) -> Iterator[Finding]:
    """No rule admits every address: each names peers, or a range with exceptions."""
    for policy in of_kind(scope, "NetworkPolicy"):
        for direction, key in (("egress", "to"), ("ingress", "from")):
            for rule in policy.at("spec", direction).items():
                yield from _rule(rule, direction, key)


def _rule(rule: Node, direction: str, key: str) -> Iterator[Finding]:
    peers = list(rule.at(key).items())
    if not peers:
        message = f"an {direction} rule without {key} admits every address"
        yield rule.at(key).finding("network-open", message, f"name the peers under {key}")
    for peer in peers:
        block = peer.at("ipBlock")
        if block.at("cidr").text in EVERYWHERE and not list(block.at("except").items()):
            message = f"an {direction} rule admits {block.at('cidr').text}, the whole world"
            yield block.at("cidr").finding("network-open", message, "name the ranges, or leave some out by except")
