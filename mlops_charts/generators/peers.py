"""Peers and rules of NetworkPolicies: how the places of platform.yaml's block network are written in them.

Knows addresses alone; which pods may reach which place is decided beside the pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from mlops_charts.planning import Plan
from mlops_charts.spec.platform import Peer

_DNS_PORT = 53
Rule = dict[str, Any]


def dns(plan: Plan) -> Rule:
    """Return the rule by which names are resolved."""
    ports = [{"port": _DNS_PORT, "protocol": protocol} for protocol in ("UDP", "TCP")]
    return {"to": [in_namespace(plan.platform.network.dns)], "ports": ports}


def to_peers(peers: Iterable[Peer]) -> Iterator[Rule]:
    """Yield the rules that lead to peers of platform.yaml, each once."""
    for peer in dict.fromkeys(peers):
        if peer.namespace:
            yield to_namespace(peer.namespace, peer.port)
        elif peer.cidr:
            yield {"to": [{"ipBlock": {"cidr": peer.cidr}}], "ports": tcp(peer.port)}


def to_namespace(name: str, port: int) -> Rule:
    """Return the rule that leads to all pods of a namespace."""
    return {"to": [in_namespace(name)], "ports": tcp(port)}


def in_namespace(name: str) -> Rule:
    """Return the peer that all pods of a namespace are."""
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def tcp(*numbers: int) -> list[Rule]:
    """Return ports as a rule names them."""
    return [{"port": number, "protocol": "TCP"} for number in numbers]


def port_of(url: str) -> int:
    """Return the port of an HTTP URL, the scheme's own if it names none."""
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
