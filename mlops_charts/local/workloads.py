"""The pods of one predictor: as many as it says, replaced as a Deployment does, which says what is so of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any, Final

from mlops_charts.local.predictors import Predictor
from mlops_charts.local.servers import Around, Pod, PodState

_AVAILABLE: Final = {
    True: ("MinimumReplicasAvailable", "Deployment has minimum availability."),
    False: ("MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
}


class Workload:
    """What stands for a Deployment.

    Args:
        predictor: What its pods serve.
        around: What they need of their cluster.
    """

    def __init__(self, predictor: Predictor, around: Around) -> None:
        self.predictor = predictor
        self._around = around
        self._numbers = count()
        self._pods: list[Pod] = []
        self._leaving: list[Pod] = []
        self._generation = 1

    def want(self, predictor: Predictor | None) -> None:
        """Say what its pods are to serve from now on; None for no pods any more."""
        wanted = replace(self.predictor, replicas=0) if predictor is None else predictor
        if (wanted.digest, wanted.replicas) != (self.predictor.digest, self.predictor.replicas):
            self._generation += 1
        self.predictor = wanted

    def step(self) -> None:
        """Start pods that are missing, and take those out that are of no use any more: they stay until `let_go`."""
        current = [pod for pod in self._pods if pod.digest == self.predictor.digest]
        for _ in range(self.predictor.replicas - len(current)):
            name = f"{self.predictor.workload}-{self.predictor.digest[:6]}-{next(self._numbers)}"
            current.append(Pod(self.predictor, self._around, name))
        kept = current[: self.predictor.replicas]
        old = [pod for pod in self._pods if pod not in current]
        if not all(pod.state.ready for pod in kept):  # the new ones are ready before an old one goes
            kept += old
        self._leaving += [pod for pod in self._pods if pod not in kept]
        self._pods = kept

    def let_go(self) -> None:
        """Let those end that were taken out; no request reaches them by the gateway any more."""
        for pod in self._leaving:
            pod.leave()
        self._leaving = [pod for pod in self._leaving if not pod.gone]

    def close(self) -> None:
        """Let all of them end."""
        self._leaving, self._pods = [*self._leaving, *self._pods], []
        self.let_go()

    def join(self, timeout: float) -> None:
        """Wait until all that were let go have ended."""
        for pod in self._leaving:
            pod.join(timeout)

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Where its pods answer that are ready."""
        return tuple(pod.address for pod in self._pods if pod.state.ready)

    @property
    def states(self) -> tuple[PodState, ...]:
        """Of its pods, those of its newest form first."""
        found = [pod.state for pod in self._pods]
        return tuple(sorted(found, key=lambda one: one.digest != self.predictor.digest))

    @property
    def settled(self) -> bool:
        """Whether all that is there is as it is to be."""
        there = self.states
        whole = len(there) == self.predictor.replicas
        return whole and not self._leaving and all(one.ready and one.digest == self.predictor.digest for one in there)

    def deployment(self, namespace: str) -> dict[str, Any]:
        """Return the Deployment as its API server tells it."""
        predictor, template = self.predictor, self.predictor.template
        labels = template["metadata"]["labels"]
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": predictor.workload,
                "namespace": namespace,
                "labels": labels,
                "generation": self._generation,
            },
            "spec": {
                "replicas": predictor.replicas,
                "selector": {"matchLabels": {"seldon-app": labels["seldon-app"]}},
                "template": template,
            },
            "status": self._status(),
        }

    def _status(self) -> dict[str, Any]:
        there = self.states
        ready = sum(one.ready for one in there)
        missing = self.predictor.replicas - ready
        counts = {
            "replicas": len(there),
            "updatedReplicas": sum(one.digest == self.predictor.digest for one in there),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "unavailableReplicas": max(0, missing),
        }
        return {
            "observedGeneration": self._generation,
            **{name: number for name, number in counts.items() if number},  # as Kubernetes leaves out what is 0
            "conditions": list(self._conditions(there, available=missing <= 0)),
        }

    def _conditions(self, there: tuple[PodState, ...], *, available: bool) -> Iterator[Mapping[str, str]]:
        reason, message = _AVAILABLE[available]
        said = "; ".join(f"{one.slot} {one.version}: {one.reason}" for one in there if one.reason)
        yield {
            "type": "Available",
            "status": str(available),
            "reason": reason,
            "message": message if available or not said else said,
        }
        done = "NewReplicaSetAvailable" if self.settled else "ReplicaSetUpdated"
        yield {"type": "Progressing", "status": "True", "reason": done, "message": said}
