"""A server on loopback that stands for a cluster in tests: its API server, its pods' metrics, and what the pods answer.

Its objects are what the real chart renders of a state, with the Deployments and the VirtualService that Seldon makes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from serving_samples import chart_of, manifests

from mlops_charts.planning import Plan
from mlops_charts.release import ReleaseState

Objects = dict[str, Any]
_GROUPS = {
    "SeldonDeployment": ("/apis/machinelearning.seldon.io/v1", "seldondeployments"),
    "HTTPRoute": ("/apis/gateway.networking.k8s.io/v1", "httproutes"),
    "Service": ("/api/v1", "services"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "VirtualService": ("/apis/networking.istio.io/v1beta1", "virtualservices"),
}
_TAKEN = [{"type": kind, "status": "True", "observedGeneration": 3} for kind in ("Accepted", "ResolvedRefs")]


def path_of(kind: str, name: str, namespace: str = "iris-staging") -> str:
    """Return where the API server has an object."""
    group, plural = _GROUPS[kind]
    return f"{group}/namespaces/{namespace}/{plural}/{name}"


def objects_of(plan: Plan, state: ReleaseState, pods: int = 1, namespace: str = "iris-staging") -> Objects:
    """Return by path what a cluster has once it runs a state."""
    found: Objects = {}
    for manifest in manifests(chart_of(plan), state):
        if manifest["kind"] in _GROUPS:
            manifest["metadata"]["generation"] = 3
            found[path_of(manifest["kind"], manifest["metadata"]["name"], namespace)] = manifest
        if manifest["kind"] == "HTTPRoute":
            manifest["status"] = {"parents": [{"conditions": _TAKEN}]}
        if manifest["kind"] == "SeldonDeployment":
            found |= _made_by_seldon(manifest, pods, namespace, istio=plan.platform.ingress.type == "istio")
    return found


def _made_by_seldon(manifest: Mapping[str, Any], pods: int, namespace: str, *, istio: bool) -> Objects:
    found, routes, rule = {}, [], {}
    for predictor in manifest["spec"]["predictors"]:
        service = f"iris-{predictor['name']}"
        pod = predictor["componentSpecs"][0]["spec"]
        replicas = predictor.get("replicas", pods)
        found[path_of("Deployment", f"{service}-0-model", namespace)] = {
            "kind": "Deployment",
            "metadata": {"name": f"{service}-0-model", "generation": 3},
            "spec": {"replicas": replicas, "template": {"spec": json.loads(json.dumps(pod))}},
            "status": {
                "observedGeneration": 3,
                **dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), replicas),
            },
        }
        if predictor.get("shadow"):
            rule["mirror"] = {"host": service, "subset": predictor["name"]}
        else:
            routes.append({"destination": {"host": service}, "weight": predictor["traffic"]})
    if istio:
        found[path_of("VirtualService", "iris", namespace)] = {"spec": {"http": [{**rule, "route": routes}, {}]}}
    return found


@dataclass
class Cluster:
    """What is so just now; a test changes it while it is served.

    Attributes:
        objects: By path, what the API server has.
        texts: By path, what is there to be read as text, such as metrics.
        answers: By path, what POST and GET of servers of models answer; a number is a status.
        tokens: Tokens that were shown, in their order.
        broken: Called with each path; what it returns is answered instead, unless it is None.
    """

    objects: Objects = field(default_factory=dict)
    texts: dict[str, Callable[[], str]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    tokens: list[str | None] = field(default_factory=list)
    broken: Callable[[str], tuple[int, bytes] | None] = lambda _path: None
    url: str = ""

    def said(self, path: str) -> tuple[int, bytes]:
        """Return status and body for a path."""
        if (wrong := self.broken(path)) is not None:
            return wrong
        if path in self.texts:
            return 200, self.texts[path]().encode()
        found = self.objects.get(path, self.answers.get(path))
        if isinstance(found, int) or found is None:
            return found or 404, json.dumps({"kind": "Status", "message": f"{path} {found or 'not found'}"}).encode()
        return 200, json.dumps(found).encode()


@contextmanager
def serving(cluster: Cluster, wrap: Callable[[Any], Any] | None = None) -> Iterator[Cluster]:
    """Serve a cluster on loopback; its `url` says where.

    Args:
        cluster: What is so.
        wrap: Makes the listening socket one of TLS.
    """

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cluster.tokens.append(self.headers["authorization"])
            status, body = cluster.said(urlsplit(self.path).path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Be silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as found:
        if wrap:
            found.socket = wrap(found.socket)
        cluster.url = f"{'https' if wrap else 'http'}://127.0.0.1:{found.server_address[1]}"
        thread = Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield cluster
        finally:
            found.shutdown()
            thread.join()
