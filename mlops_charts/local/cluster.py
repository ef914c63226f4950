"""What stands for a cluster on this machine: real servers behind a real Envoy, from the objects of a serving chart.

It knows rendered objects alone: a SeldonDeployment becomes processes, an HTTPRoute the configuration of Envoy, and an
API server on loopback says of both what is so. Who renders the chart, and when, is not its concern.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event, RLock, Thread
from time import monotonic
from typing import Any, Final, Self

from mlops_charts.errors import MlopsChartsError
from mlops_charts.local.api_server import ApiServer, Objects
from mlops_charts.local.envoy_config import routes_document
from mlops_charts.local.family import Family
from mlops_charts.local.gateway import Gateway
from mlops_charts.local.predictors import Images, own, predictors_of
from mlops_charts.local.servers import Around, PodState
from mlops_charts.local.workloads import Workload
from mlops_charts.workspace.write import replace_text

Manifest = Mapping[str, Any]
_LOOK: Final = 0.5  # seconds between two looks where nothing says that it has changed
_WAIT: Final = 0.02  # seconds between two looks of who waits
_CLOSES: Final = 3.0  # seconds that servers have to end
_LAST: Final = 1.0  # seconds that all else has


def _ignore(_line: str) -> None:
    """Say nothing."""


class LocalCluster:
    """One namespace of a cluster.

    Args:
        home: The folder of all that it leaves.
        images: Returns what stands for the image of a predictor; asked once for each start of a pod.
        namespace: Of all objects.
        repository: The bare repository that stands for the one of releases.
        environ: The user's variables; those of this process if left out.
        told: Told what happens, in a line; from several threads.

    Raises:
        NoEnvoy: Envoy is not here, or cannot run.
    """

    def __init__(
        self,
        home: Path,
        images: Images,
        *,
        namespace: str,
        repository: Path,
        environ: Mapping[str, str] | None = None,
        told: Callable[[str], None] = _ignore,
    ) -> None:
        self._home, self._namespace, self._repository, self._told = home.resolve(), namespace, repository, told
        self.journal.mkdir(parents=True, exist_ok=True)
        self._lock, self._news, self._ends = RLock(), Event(), Event()
        self._route: Manifest | None = None
        self._objects: tuple[Manifest, ...] = ()
        self._generations: dict[tuple[str, str], tuple[int, Manifest]] = {}
        self._workloads: dict[str, Workload] = {}
        self._told_of: frozenset[str] = frozenset()
        self._said: Objects = {}
        self._here = ""
        self.family = Family()
        variables = dict(os.environ if environ is None else environ)
        self._around = Around(self._home, self.family, images, variables, self._news.set, told)
        self._api = ApiServer(namespace, lambda: self._said)
        self._thread = Thread(target=self._keep, name="cluster", daemon=True)
        try:
            self._gateway = Gateway(self._home / "gateway", self.family)
            self._say()
        except BaseException:
            self.family.close(_LAST)
            self._api.close()
            raise
        self._thread.start()

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End all of it."""
        self.close()

    @property
    def gateway(self) -> str:
        """Address of the gateway, which answers requests for the hosts of the route."""
        return self._gateway.address

    @property
    def api(self) -> str:
        """Address of the API server."""
        return self._api.address

    @property
    def here(self) -> Path:
        """The file that says where everything is, as the judge takes it."""
        return self._home / "here.json"

    @property
    def journal(self) -> Path:
        """The folder in which scraped counters are kept."""
        return self._home / "journal"

    @property
    def cron_jobs(self) -> Mapping[str, Manifest]:
        """The CronJobs by name, as they were applied."""
        return {one["metadata"]["name"]: one for one in self._objects if one["kind"] == "CronJob"}

    def states(self) -> tuple[PodState, ...]:
        """Return what is so of every pod."""
        with self._lock:
            return tuple(state for workload in self._workloads.values() for state in workload.states)

    def settled(self) -> bool:
        """Return whether all that was applied runs and is in force, and nothing else runs."""
        with self._lock:
            return not self._news.is_set() and all(one.settled for one in self._workloads.values())

    def wait(self, seconds: float) -> bool:
        """Wait until it is settled, and return whether it is."""
        end = monotonic() + seconds
        while not self.settled():
            if monotonic() > end or self._ends.wait(_WAIT):
                return False
        return True

    def apply(self, objects: Sequence[Manifest]) -> None:
        """Let these objects be all that there are. The route is in force when this returns; servers follow.

        Args:
            objects: All of the serving chart; an object that is not among them any more is removed.

        Raises:
            BrokenRoute: The route says what is not executed here.
            BrokenGateway: Envoy does not take it over.
        """
        route = next((one for one in objects if one["kind"] == "HTTPRoute"), None)
        routes_document(route, {})  # one that cannot be executed changes nothing
        with self._lock:
            self._objects, self._route = tuple(objects), route
            wanted = {one.service: one for one in predictors_of(objects)}
            for service in self._workloads.keys() - wanted.keys():
                self._workloads[service].want(None)
            for service, predictor in wanted.items():
                if service not in self._workloads:
                    self._workloads[service] = Workload(predictor, self._around)
                self._workloads[service].want(predictor)
            self._tell_of_strangers()
            self._reconcile()

    def close(self) -> None:
        """End all of it, within seconds."""
        self._ends.set()
        self._news.set()
        self._thread.join()
        # Who asks ends ahead of who answers.
        self.family.keep({self._gateway.pid, *(one.pid for one in self.states())}, _LAST)
        for workload in self._workloads.values():
            workload.close()
        end = monotonic() + _CLOSES
        for workload in self._workloads.values():
            workload.join(max(0.0, end - monotonic()))
        self.family.close(_LAST)
        self._api.close()

    def _keep(self) -> None:
        complaint = ""
        while not self._ends.is_set():
            self._news.wait(_LOOK)
            with self._lock:
                if self._ends.is_set():
                    break
                try:
                    if self._gateway.revived():
                        self._told("Envoy had ended, and was begun anew")
                    self._reconcile()
                    complaint = ""
                except (MlopsChartsError, OSError) as error:
                    if complaint != str(error):
                        self._told(f"the gateway is not as it is to be: {error}")
                    complaint = str(error)

    def _reconcile(self) -> None:
        """Bring what is there closer to what is to be: pods, then the gateway, and only then pods may go."""
        self._news.clear()
        for workload in self._workloads.values():
            workload.step()
        exist = {name: one for name, one in self._workloads.items() if one.predictor.replicas}
        self._gateway.take(self._route, {name: one.addresses for name, one in exist.items()})
        for workload in self._workloads.values():
            workload.let_go()
        empty = [name for name, one in self._workloads.items() if not one.predictor.replicas and one.settled]
        for name in empty:
            del self._workloads[name]
        self._say()

    def _say(self) -> None:
        """Say what is so, to who asks the API server and to who reads the file."""
        self._said = self._documents()
        slots = {one.predictor.name: one.states for one in self._workloads.values() if one.predictor.replicas}
        text = json.dumps(
            {
                "apiServer": self._api.address,
                "services": {slot: states[0].http for slot, states in slots.items() if states},
                "metrics": {slot: [one.metrics for one in states] for slot, states in slots.items()},
                "journal": str(self.journal),
                "repository": str(self._repository),
            },
            indent=2,
        )
        if text != self._here:
            replace_text(self.here, text + "\n")
            self._here = text

    def _documents(self) -> dict[tuple[str, str, str], Manifest]:
        found: dict[tuple[str, str, str], Manifest] = {}
        deployments = {}
        for workload in self._workloads.values():
            if workload.predictor.replicas:
                document = workload.deployment(self._namespace)
                found["apps", "deployments", document["metadata"]["name"]] = document
                deployments[document["metadata"]["name"]] = document["status"]
        for one in self._objects:
            name = one["metadata"]["name"]
            if one["kind"] == "SeldonDeployment":
                found["machinelearning.seldon.io", "seldondeployments", name] = self._known(one, _state(deployments))
            elif one["kind"] == "HTTPRoute":
                found["gateway.networking.k8s.io", "httproutes", name] = self._known(one, {})
        return found

    def _known(self, manifest: Manifest, status: Manifest) -> dict[str, Any]:
        """Return an object with what an API server adds to it."""
        key = manifest["kind"], manifest["metadata"]["name"]
        generation, before = self._generations.get(key, (0, {}))
        if manifest["spec"] != before:
            generation += 1
            self._generations[key] = generation, manifest["spec"]
        if manifest["kind"] == "HTTPRoute":
            status = {"parents": [_taken(parent, generation, self._lost(manifest)) for parent in _parents(manifest)]}
        metadata = {**manifest["metadata"], "namespace": self._namespace, "generation": generation}
        return {**manifest, "metadata": metadata, "status": status}

    def _lost(self, route: Manifest) -> str:
        """Return a Service that a route leads to and that does not exist; empty if there is none."""
        backends = (one["name"] for rule in route["spec"]["rules"] for one in rule.get("backendRefs") or ())
        exist = {name for name, one in self._workloads.items() if one.predictor.replicas}
        return next((name for name in backends if name not in exist), "")

    def _tell_of_strangers(self) -> None:
        strangers = frozenset(one.service for one in predictors_of(self._objects) if not own(one))
        for service in sorted(strangers - self._told_of):
            self._told(f"{service}: our own server stands for Seldon's, which is not on this machine")
        self._told_of |= strangers


def _state(deployments: Mapping[str, Manifest]) -> Manifest:
    available = all(not one.get("unavailableReplicas") for one in deployments.values())
    counts = {
        name: {"replicas": one.get("replicas", 0), "availableReplicas": one.get("availableReplicas", 0)}
        for name, one in deployments.items()
    }
    return {"state": "Available" if available else "Creating", "deploymentStatus": counts}


def _parents(route: Manifest) -> Sequence[Manifest]:
    return tuple(route["spec"].get("parentRefs") or ())


def _taken(parent: Manifest, generation: int, lost: str) -> Manifest:
    """Return what a gateway says of a route that it has taken over; it is said only once it has."""
    message = f"the Service {lost} does not exist" if lost else "all references are resolved"
    conditions = [
        ("Accepted", "True", "Accepted", "Envoy has taken the route over"),
        ("ResolvedRefs", str(not lost), "BackendNotFound" if lost else "ResolvedRefs", message),
    ]
    return {
        "parentRef": parent,
        "controllerName": "mlops-charts/local",
        "conditions": [
            {"type": kind, "status": status, "reason": reason, "message": said, "observedGeneration": generation}
            for kind, status, reason, said in conditions
        ],
    }
