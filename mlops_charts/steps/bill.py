"""The bill of materials of an image: the model, the data that it learnt, and every package, as CycloneDX 1.6.

It has no clock and no chance in it: the same image has the same bill.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops_charts.saved_model import Signature
from mlops_charts.saved_model.sums import file_digest
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.context import paths_in
from mlops_charts.steps.locks import Pin
from mlops_charts.steps.registered import Run
from mlops_charts.steps.wheel import own_version

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_IMAGE, _MODEL, _DATA, _CARD, _BASE, _SERVER = "image", "model", "data", "model-card", "base", "mlops-charts"


@dataclass(frozen=True)
class Materials:
    """What an image is made of.

    Attributes:
        spec: The run's spec.
        run: The run that made the model.
        version: The model's version.
        signature: What the model takes and gives.
        model: Folder of the saved model.
        packages: Every package with its version.
        base: The image below; empty if there is none.
        server: Whether this package is in it.
    """

    spec: RunSpec
    run: Run
    version: str
    signature: Signature
    model: Path
    packages: tuple[Pin, ...] = ()
    base: str = ""
    server: bool = True


def bill_text(materials: Materials) -> str:
    """Return the bill of materials as JSON."""
    bill = _bill(materials)
    content = json.dumps(bill, sort_keys=True)
    serial = uuid.uuid5(uuid.NAMESPACE_OID, hashlib.sha256(content.encode()).hexdigest())
    return (
        json.dumps({**bill, "serialNumber": f"urn:uuid:{serial}"}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    )


def _bill(materials: Materials) -> dict[str, Any]:
    image = materials.spec.plan.images.model
    parts = [*([_base(materials.base)] if materials.base else []), *([_server()] if materials.server else [])]
    packages = [_package(pin) for pin in materials.packages]
    beside = [part["bom-ref"] for part in (*parts, *packages)]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "container", "bom-ref": _IMAGE, "name": image, "version": materials.version},
            "tools": {"components": [{"type": "application", "name": "mlops-charts", "version": own_version()}]},
        },
        "components": [_model(materials), _data(materials), *parts, *packages],
        "dependencies": [
            {"ref": _IMAGE, "dependsOn": [_MODEL, *beside]},
            {"ref": _MODEL, "dependsOn": [_DATA]},
        ],
    }


def _model(materials: Materials) -> dict[str, Any]:
    metadata, files = materials.spec.model.metadata, paths_in(materials.model)
    return {
        "type": "machine-learning-model",
        "bom-ref": _MODEL,
        "name": materials.spec.name,
        "version": materials.version,
        **({"description": metadata.description} if metadata.description else {}),
        **({"publisher": metadata.owner} if metadata.owner else {}),
        "properties": [
            {"name": "mlops:code-digest", "value": materials.run.code},
            {"name": "mlops:git-commit", "value": materials.run.commit},
            {"name": "mlops:run-id", "value": materials.run.id},
            {"name": "mlops:format", "value": materials.signature.format},
        ],
        "modelCard": _card(materials),
        "components": [_file(name, path) for name, path in files],
    }


def _card(materials: Materials) -> dict[str, Any]:
    signature = materials.signature
    card: dict[str, Any] = {
        "bom-ref": _CARD,
        "modelParameters": {
            "approach": {"type": "supervised"},
            "task": signature.task,
            "modelArchitecture": materials.spec.model.training.framework,
            "datasets": [{"ref": _DATA}],
            "inputs": [{"format": f"{column.name}: {column.type}"} for column in signature.inputs],
            "outputs": [{"format": f"{signature.target}: {_answers(signature)}"}],
        },
    }
    if found := list(_metrics(materials.run.metrics)):
        card["quantitativeAnalysis"] = {"performanceMetrics": found}
    return card


def _answers(signature: Signature) -> str:
    return f"one of {', '.join(signature.classes)}" if signature.classes else "a number"


def _metrics(metrics: Mapping[str, float]) -> Iterable[dict[str, str]]:
    """Yield what the model achieved; times are the machine's and not the model's."""
    for name, achieved in sorted(metrics.items()):
        if math.isfinite(achieved) and "seconds" not in name.lower():
            yield {"type": name, "value": repr(achieved)}


def _data(materials: Materials) -> dict[str, Any]:
    digest = materials.run.data
    return {
        "type": "data",
        "bom-ref": _DATA,
        "name": materials.spec.model.training.data.uri,
        "version": digest,
        **({"hashes": [_sha256(digest)]} if _DIGEST.fullmatch(digest) else {}),
        "data": [{"type": "dataset", "name": materials.spec.model.training.data.uri}],
    }


def _file(name: str, path: Path) -> dict[str, Any]:
    return {"type": "file", "bom-ref": f"{_MODEL}/{name}", "name": name, "hashes": [_sha256(file_digest(path))]}


def _base(image: str) -> dict[str, Any]:
    name, _, digest = image.partition("@sha256:")
    repository, colon, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "")
    return {
        "type": "container",
        "bom-ref": _BASE,
        "name": repository,
        **({"version": tag} if colon else {}),
        **({"hashes": [_sha256(digest)]} if digest else {}),
    }


def _server() -> dict[str, Any]:
    return {
        "type": "application",
        "bom-ref": _SERVER,
        "name": "mlops-charts",
        "version": own_version(),
        "purl": f"pkg:pypi/mlops-charts@{own_version()}",
    }


def _package(pin: Pin) -> dict[str, Any]:
    purl = f"pkg:pypi/{pin.name}@{pin.version.replace('+', '%2B')}"
    hashes = {"hashes": [_sha256(one) for one in pin.hashes]} if pin.hashes else {}
    return {"type": "library", "bom-ref": purl, "name": pin.name, "version": pin.version, "purl": purl, **hashes}


def _sha256(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}
