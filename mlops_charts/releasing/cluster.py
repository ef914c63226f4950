"""What runs, held against what git says: the Deployments of the slots, and whatever divides the traffic.

Deployments are asked and never the status of the SeldonDeployment, which says nothing of the newest commit: its
observedGeneration is never written, and its state stays Available until Seldon has begun. It must not know metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlops_charts import contract
from mlops_charts.release import ReleaseState, Slot
from mlops_charts.release.asked import Place, ReleaseSpec
from mlops_charts.release.state import SLOTS, SlotName
from mlops_charts.releasing.api_server import ApiServer
from mlops_charts.releasing.route import absent, route_differs, service_differs, virtual_service_differs

_LEFT: Final = frozenset({"promoting", "baking", "rollingBack"})  # a slot without traffic has had its time
Differs = Callable[[Mapping[str, Any] | None, ReleaseSpec, ReleaseState], str]
_ROUTES: Final[dict[str, tuple[str, str, Differs]]] = {
    "gatewayApi": ("/apis/gateway.networking.k8s.io/v1", "httproutes", route_differs),
    "istio": ("/apis/networking.istio.io/v1beta1", "virtualservices", virtual_service_differs),
    "none": ("/api/v1", "services", service_differs),
}


@dataclass(frozen=True)
class Seen:
    """What runs.

    Attributes:
        running: Whether that is what git says.
        why: Why not, in words; empty if it is.
        pods: By slot, how many pods are available.
    """

    running: bool
    why: str
    pods: Mapping[str, int]


@dataclass(frozen=True)
class _Asking:
    """The objects of one model in one environment."""

    api: ApiServer
    spec: ReleaseSpec
    place: Place

    def get(self, group: str, kind: str, name: str) -> dict[str, Any] | None:
        return self.api.get(f"{group}/namespaces/{self.place.namespace}/{kind}/{name}")


def look(api: ApiServer, spec: ReleaseSpec, place: Place, state: ReleaseState) -> Seen:
    """Return whether what runs is what a state says.

    Raises:
        NoCluster: The API server cannot be asked.
    """
    asking = _Asking(api, spec, place)
    found = {name: asking.get("/apis/apps/v1", "deployments", spec.deployments[name]) for name in SLOTS}
    group, kind, differs = _ROUTES[spec.ingress]
    traffic = asking.get(group, kind, spec.route or spec.model)
    seldon = asking.get("/apis/machinelearning.seldon.io/v1", "seldondeployments", spec.model)
    reasons = [
        _seldon_differs(seldon, spec, state),
        *(
            _deployment_differs(found[name], spec, place, state.slot(name), name)
            for name in SLOTS
            if not _leaves(state, name)
        ),
        differs(traffic, spec, state),
    ]
    why = next(filter(None, reasons), "")
    return Seen(running=not why, why=why, pods={name: _available(found[name]) for name in SLOTS})


def _leaves(state: ReleaseState, name: SlotName) -> bool:
    """Return whether a slot has left the traffic: pods of it that are never ready must not keep it from being off."""
    return state.phase in _LEFT and state.slot(name).enabled and not state.slot(name).routed


def _available(found: Mapping[str, Any] | None) -> int:
    return _count(found, "availableReplicas") if found else 0


def _seldon_differs(found: Mapping[str, Any] | None, spec: ReleaseSpec, state: ReleaseState) -> str:
    """Return what git has and the SeldonDeployment has not yet: then nothing that follows can be so either."""
    title = f"the SeldonDeployment {spec.model}"
    wanted = {name: _predictor(spec, state.slot(name)) for name in SLOTS if state.slot(name).enabled}
    if not wanted or found is None:
        return absent(title, found, wanted=bool(wanted))
    now = {one.get("name"): _predictor_of(one, spec) for one in (found.get("spec") or {}).get("predictors") or ()}
    if now == wanted:
        return ""
    return f"{title} is not yet what git says: {_told(now)} there, {_told(wanted)} in git"


def _predictor(spec: ReleaseSpec, slot: Slot) -> tuple[str, str]:
    return slot.version, slot.model_uri if spec.runtime in contract.PREPACKAGED else ""


def _predictor_of(found: Mapping[str, Any], spec: ReleaseSpec) -> tuple[str, str]:
    uri = (found.get("graph") or {}).get("modelUri") if spec.runtime in contract.PREPACKAGED else ""
    return str((found.get("annotations") or {}).get("version")), str(uri)


def _told(predictors: Mapping[Any, tuple[str, str]]) -> str:
    return ", ".join(f"{name} {version}" for name, (version, _) in sorted(predictors.items())) or "nothing"


def _deployment_differs(
    found: Mapping[str, Any] | None, spec: ReleaseSpec, place: Place, slot: Slot, name: SlotName
) -> str:
    title = f"the Deployment {spec.deployments[name]}"
    if not slot.enabled or found is None:
        return absent(title, found, wanted=slot.enabled)
    return next((f"{title} {reason}" for reason in _behind(found, spec, place, slot)), "")


def _behind(found: Mapping[str, Any], spec: ReleaseSpec, place: Place, slot: Slot) -> Iterator[str]:
    """Yield what keeps a Deployment from being what a slot says."""
    metadata, wanted = found.get("metadata") or {}, found.get("spec") or {}
    if metadata.get("deletionTimestamp"):
        yield "is being deleted"
    if _count(found, "observedGeneration") < int(metadata.get("generation") or 0):
        yield "has changed, and Kubernetes has not begun with it"
    yield from _another(wanted, spec, slot)
    asked = 1 if wanted.get("replicas") is None else int(wanted["replicas"])
    fewest = max(1, slot.min_replicas) if place.autoscaled else asked
    pods, updated, available = (
        _count(found, key) for key in ("replicas", "updatedReplicas", "availableReplicas")
    )  # under an autoscaler the number asked for moves; what counts there is the floor
    if updated != pods or updated < fewest:
        yield f"is not rolled out: {updated} of {max(fewest, pods)} pods are of its newest form"
    if available < fewest:
        yield f"is not ready: {available} of {fewest} pods are available"


def _another(wanted: Mapping[str, Any], spec: ReleaseSpec, slot: Slot) -> Iterator[str]:
    """Yield in what its pods are another version than the slot's."""
    pod = (wanted.get("template") or {}).get("spec") or {}
    container = next((one for one in pod.get("containers") or () if one.get("name") == spec.model), None)
    if container is None:
        yield f"has no container {spec.model}"
        return
    variables = {one.get("name"): one.get("value") for one in container.get("env") or ()}
    if variables.get("VERSION") != slot.version:
        yield f"runs version {variables.get('VERSION')}, and git says {slot.version}"
    if spec.runtime not in contract.PREPACKAGED and container.get("image") != slot.image:
        yield f"runs the image {container.get('image')}, and git says {slot.image}"


def _count(found: Mapping[str, Any], key: str) -> int:
    return int((found.get("status") or {}).get(key) or 0)
