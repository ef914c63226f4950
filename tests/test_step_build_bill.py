"""The bill of materials and the provenance of an image: complete, and as their standards want them."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import Any

import pytest
from packaged import CODE, COMMIT, DATA, build_call

from mlops_charts import contract
from mlops_charts.steps import build, locks
from mlops_charts.steps.call import Call
from mlops_charts.steps.registry import open_registry

TYPES = {
    "application", "framework", "library", "container", "platform", "operating-system", "device", "device-driver",
    "firmware", "file", "machine-learning-model", "data", "cryptographic-asset",
}  # fmt: skip
COMPONENT = {
    "type", "bom-ref", "name", "version", "description", "publisher", "hashes", "purl", "components", "modelCard",
    "data", "properties",
}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Call:
    """A build on a base image with a digest."""
    platform = {"images": {"python": "docker.io/library/python:3.11.14-slim@sha256:" + "9" * 64}}
    asked = {"metadata": {"name": "iris", "owner": "team-flowers", "description": "Says which iris."}}
    call = build_call(tmp_path_factory.mktemp("built"), asked, platform=platform)
    build.run(call)
    return call


@pytest.fixture(scope="module")
def bill(built: Call) -> dict[str, Any]:
    """Its bill of materials."""
    found: dict[str, Any] = json.loads((built.outputs / "context" / contract.SBOM).read_text())
    return found


def every(component: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a component and those in it."""
    return [component, *(one for inner in component.get("components", []) for one in every(inner))]


def test_the_bill_is_cyclonedx(bill: dict[str, Any]) -> None:
    """What CycloneDX 1.6 requires of a document and of each component, and unique references that resolve."""
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    form = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    assert re.fullmatch(form, bill["serialNumber"])
    components = [one for part in (bill["metadata"]["component"], *bill["components"]) for one in every(part)]
    assert {one["type"] for one in components} <= TYPES
    assert all(one["name"] and set(one) <= COMPONENT for one in components)
    hashes = [each for one in components for each in one.get("hashes", [])]
    assert all(each["alg"] == "SHA-256" and re.fullmatch("[0-9a-f]{64}", each["content"]) for each in hashes)
    refs = [one["bom-ref"] for one in components] + ["model-card"]
    assert len(refs) == len(set(refs))
    named = {ref for one in bill["dependencies"] for ref in (one["ref"], *one["dependsOn"])}
    assert named <= set(refs)


def test_the_bill_has_the_model(bill: dict[str, Any]) -> None:
    """Its files, what it takes and gives, what it achieved and on what; times of one machine are no property of it."""
    (model,) = (one for one in bill["components"] if one["type"] == "machine-learning-model")
    assert (model["name"], model["version"], model["publisher"]) == ("iris", "1.2.0", "team-flowers")
    assert {one["name"] for one in model["components"]} == {"model.onnx", "signature.json", "profile.json"}
    card = model["modelCard"]
    assert card["modelParameters"]["task"] == "classification"
    assert card["modelParameters"]["datasets"] == [{"ref": "data"}]
    assert card["modelParameters"]["outputs"] == [{"format": "bought: one of no, yes"}]
    assert card["quantitativeAnalysis"]["performanceMetrics"] == [{"type": "accuracy", "value": "0.96"}]


def test_the_bill_has_the_data(bill: dict[str, Any]) -> None:
    """By their digest."""
    (data,) = (one for one in bill["components"] if one["type"] == "data")
    assert data["hashes"] == [{"alg": "SHA-256", "content": DATA}]
    assert data["name"] == "sklearn://iris"


def test_the_bill_has_every_package_and_the_base(bill: dict[str, Any]) -> None:
    """With its hashes and its address."""
    locked = {f"pkg:pypi/{pin.name}@{pin.version}": pin.hashes for pin in locks.read_lock(locks.SERVE)}
    found = {one["purl"]: one for one in bill["components"] if one["type"] == "library"}
    assert {purl: tuple(each["content"] for each in one["hashes"]) for purl, one in found.items()} == locked
    (base,) = (one for one in bill["components"] if one["bom-ref"] == "base")
    assert (base["name"], base["version"]) == ("docker.io/library/python", "3.11.14-slim")
    assert base["hashes"] == [{"alg": "SHA-256", "content": "9" * 64}]


def test_the_bill_stays_with_the_run(built: Call, bill: dict[str, Any]) -> None:
    """As an artifact in MLflow, besides in the image."""
    folder = open_registry(built).get(built.parameters["run-id"], build.SBOM_ARTIFACTS, built.outputs / "got")
    assert folder is not None
    assert json.loads((folder / contract.SBOM).read_text()) == bill
    assert f"COPY {contract.SBOM} /usr/share/sbom/" in (built.outputs / "context/Dockerfile").read_text()


def test_the_provenance_is_slsa(built: Call) -> None:
    """What asked for the image, what it came of, and who made it in which run."""
    found = json.loads((built.outputs / "predicate" / contract.PROVENANCE).read_text())
    assert set(found) == {"buildDefinition", "runDetails"}
    definition, details = found["buildDefinition"], found["runDetails"]
    assert definition["buildType"] == "urn:mlops-charts:build:v1"
    assert definition["externalParameters"] == {
        "repository": "https://git.example.com/ml/models.git",
        "ref": "refs/heads/main",
        "commit": COMMIT,
        "path": "model/iris",
        "model": "iris",
        "version": "1.2.0",
    }
    by_name = {one["name"]: one for one in definition["resolvedDependencies"]}
    assert by_name["code"]["digest"] == {"sha256": CODE}
    assert by_name["data"]["digest"] == {"sha256": DATA}
    assert by_name["base"]["digest"] == {"sha256": "9" * 64}
    assert by_name["repository"]["digest"] == {"gitCommit": COMMIT}
    assert all(one["uri"] for one in definition["resolvedDependencies"])
    assert details["builder"]["id"]
    assert details["metadata"]["invocationId"] == built.parameters["run-id"]
    started, finished = (datetime.fromisoformat(details["metadata"][key]) for key in ("startedOn", "finishedOn"))
    assert started <= finished


def test_what_is_packaged_is_what_the_provenance_says(built: Call) -> None:
    """The digest of the context is a byproduct, so that the image can be led back to it."""
    found = json.loads((built.outputs / "predicate" / contract.PROVENANCE).read_text())
    (context,) = found["runDetails"]["byproducts"]
    lines = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.relative_to(built.outputs / 'context').as_posix()}\n"
        for path in sorted(
            (path for path in (built.outputs / "context").rglob("*") if path.is_file()),
            key=lambda path: path.relative_to(built.outputs / "context").as_posix(),
        )
    )
    assert context["digest"]["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
