"""A predictor of a rendered SeldonDeployment, and the process that stands for its container on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from mlops_charts.contract import LIVE_PATH, READY_PATH
from mlops_charts.local import variables

Manifest = Mapping[str, Any]
_OURS: Final = ["mlops-charts", "serve"]
_GRACE: Final = 30.0  # Kubernetes' own default, in seconds
# Flags whose places are others here, and those of a bucket, which a folder stands for.
_ELSEWHERE: Final = ("--host", "--http-port", "--grpc-port", "--metrics-port", "--workers", "--request-log")
_OF_BUCKET: Final = ("--request-log-endpoint", "--request-log-region")


@dataclass(frozen=True)
class Predictor:
    """A predictor as it was rendered.

    Attributes:
        deployment: The name of its SeldonDeployment.
        name: Its own, which is the slot.
        version: What its pods are annotated with.
        image: Of its container; empty for Seldon's own servers.
        model_uri: Where one of these loads the model from; empty where the image has it.
        protocol: v2 or seldon.
        replicas: How many pods there are to be.
        manifest: All of it.
    """

    deployment: str
    name: str
    version: str
    image: str
    model_uri: str
    protocol: str
    replicas: int
    manifest: Manifest = field(repr=False)

    @property
    def service(self) -> str:
        """The name of its Service."""
        return f"{self.deployment}-{self.name}"

    @property
    def workload(self) -> str:
        """The name of its Deployment, as Seldon makes it."""
        component = self.manifest["componentSpecs"][0].get("metadata") or {}
        return f"{self.deployment}-{self.name}-0-{component.get('name') or self.container['name']}"

    @property
    def container(self) -> Manifest:
        """The container of the server."""
        found: Manifest = self.manifest["componentSpecs"][0]["spec"]["containers"][0]
        return found

    @property
    def template(self) -> dict[str, Any]:
        """The pods: whenever this changes, they are replaced."""
        component = self.manifest["componentSpecs"][0]
        metadata = component.get("metadata") or {}
        return {
            "metadata": {
                "labels": {
                    **(self.manifest.get("labels") or {}),
                    **(metadata.get("labels") or {}),
                    "app": f"{self.deployment}-{self.name}-0-{metadata.get('name', '')}",
                    "seldon-app": self.service,
                    "seldon-deployment-id": self.deployment,
                },
                "annotations": dict(self.manifest.get("annotations") or {}),
            },
            "spec": component["spec"],
        }

    @property
    def digest(self) -> str:
        """Of all that pods are made from."""
        made = [self.template, self.manifest.get("graph"), self.protocol]
        return sha256(json.dumps(made, sort_keys=True, default=str).encode()).hexdigest()[:10]

    @property
    def grace(self) -> float:
        """Seconds that a pod has to end."""
        spec = self.manifest["componentSpecs"][0]["spec"]
        return float(spec.get("terminationGracePeriodSeconds") or _GRACE)

    def probe(self, name: str) -> str:
        """Return the path that a probe asks."""
        usual = {"readinessProbe": READY_PATH, "livenessProbe": LIVE_PATH}[name]
        return str(((self.container.get(name) or {}).get("httpGet") or {}).get("path") or usual)


@dataclass(frozen=True)
class Image:
    """What stands for an image on this machine.

    Attributes:
        folder: The model's folder.
        environment: Variables that the image sets.
        python: The interpreter of its environment; this one if there is none.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    python: Path | None = None


Images = Callable[[Predictor], Image]


@dataclass(frozen=True)
class Ports:
    """Where a server listens on loopback."""

    http: int
    grpc: int
    metrics: int


def predictors_of(objects: Sequence[Manifest]) -> Iterator[Predictor]:
    """Yield the predictors of all SeldonDeployments among some objects."""
    for manifest in objects:
        if manifest["kind"] == "SeldonDeployment":
            protocol = manifest["spec"].get("protocol") or "seldon"
            for one in manifest["spec"]["predictors"]:
                yield _predictor(manifest["metadata"]["name"], protocol, one)


def _predictor(deployment: str, protocol: str, manifest: Manifest) -> Predictor:
    component = manifest["componentSpecs"][0]
    scaled = (component.get("hpaSpec") or {}).get("minReplicas")
    replicas = manifest.get("replicas")
    return Predictor(
        deployment=deployment,
        name=manifest["name"],
        version=str((manifest.get("annotations") or {}).get("version", "")),
        image=component["spec"]["containers"][0].get("image", ""),
        model_uri=(manifest.get("graph") or {}).get("modelUri", ""),
        protocol=protocol,
        replicas=int(scaled or 1) if replicas is None else int(replicas),
        manifest=manifest,
    )


def own(predictor: Predictor) -> bool:
    """Return whether its container runs our own server; where it does not, ours stands for it here."""
    return list(predictor.container.get("command") or ())[:2] == _OURS


def command(predictor: Predictor, image: Image, ports: Ports, requests: Path) -> list[str]:
    """Return what does here what the container does in a pod.

    Args:
        predictor: Whose container it is.
        image: What stands for its image.
        ports: Where it is to listen.
        requests: The folder that stands for the bucket of requests that are kept.
    """
    python = str(image.python or sys.executable)
    rendered = [str(one) for one in predictor.container.get("command") or ()]
    asked = rendered[3:] if own(predictor) else [f"--protocol={predictor.protocol}"]
    kept = [flag for flag in asked if flag.partition("=")[0] not in (*_ELSEWHERE, *_OF_BUCKET)]
    logged = any(flag.startswith("--request-log=") for flag in asked)
    return [
        *(python, "-m", "mlops_charts", "serve", str(image.folder)),
        *("--host=127.0.0.1", f"--http-port={ports.http}", f"--metrics-port={ports.metrics}", "--workers=1"),
        *([f"--grpc-port={ports.grpc}"] if any(flag.startswith("--grpc-port=") for flag in asked) else []),
        *([f"--request-log={requests}"] if logged else []),
        *kept,
    ]


def environment(predictor: Predictor, image: Image, environ: Mapping[str, str], cache: Path) -> dict[str, str]:
    """Return the variables of that process: a clean base, those of the image, those of the container.

    A variable of a Secret is that of the same name of the user's own.
    """
    entries = predictor.container.get("env") or ()
    said = {entry["name"]: str(entry["value"]) for entry in entries if "value" in entry}
    secret = {entry["name"]: environ[entry["name"]] for entry in entries if entry["name"] in environ.keys() - said}
    return {**variables.base(environ, cache), **image.environment, **secret, **said}
