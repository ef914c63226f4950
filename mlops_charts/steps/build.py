"""Packages a version: the build context of its image, its bill of materials, and where it comes from.

The context holds the saved model with its profile, this package as a wheel, locked packages and the Dockerfile, and no
clock: the same run gives the same bytes. A builder makes the image of it, as the next step. Seldon's prepackaged
servers load the model from the storage: their image carries the model alone, to be scanned, signed and kept.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pydantic import ValidationError

from mlops_charts import contract
from mlops_charts.log import log
from mlops_charts.saved_model import Signature, read_signature
from mlops_charts.steps import image, locks
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.bill import Materials, bill_text
from mlops_charts.steps.call import Call, Refused, Result, Unavailable
from mlops_charts.steps.context import (
    DOCKERFILE,
    IGNORE,
    copy_folder,
    folder_digest,
    ignoring,
    paths_in,
    requirements_of,
    write_files,
)
from mlops_charts.steps.importing import absent
from mlops_charts.steps.locks import Pin
from mlops_charts.steps.provenance import provenance_text
from mlops_charts.steps.registry import Registry, Run, model_folder, open_registry
from mlops_charts.steps.wheel import wheel

SBOM_ARTIFACTS: Final = "sbom"  # folder of the run's artifacts
_TAG_LENGTH: Final = 12
_SEMANTIC: Final = re.compile(r"\d+\.\d+\.\d+")


class BuildResult(Result):
    """What was packaged.

    Attributes:
        image: The image to be built, with its tag.
        runtime: What serves the version.
        serves: Whether the image serves; false where Seldon's prepackaged server loads the model from the storage, and
            the image carries it to be scanned, signed and kept.
        context_digest: SHA-256 over the names and contents of the context's files, in hexadecimal.
        context_bytes: Size of the context, in bytes.
        packages: Packages that are installed in the image, without this one.
        own_packages: Those of them that the model's requirements pin.
        profiled: Whether the reference profile of drift is in the image.
    """

    image: str
    runtime: str
    serves: bool
    context_digest: str
    context_bytes: int
    packages: int
    own_packages: int
    profiled: bool


def run(call: Call) -> BuildResult:
    """Write the context and the predicate, and say of the run which image is made of it.

    Raises:
        Refused: The base image has a Python that the runtime does not run on, the requirements are missing, or the
            entrypoint imports what neither they nor the server bring.
        Unavailable: There is no saved model, or MLflow cannot be reached.
    """
    image.check_base(call.spec)
    registry = open_registry(call)
    with TemporaryDirectory() as scratch, call.making("context") as context:
        made = registry.run(call.parameters["run-id"])
        folder = _model(call, registry, Path(scratch), context / "model")
        materials = _materials(call, made, folder)
        own = _write(call, materials, context)
        digest, size = folder_digest(context), sum(path.stat().st_size for _, path in paths_in(context))
    reference = f"{call.spec.plan.images.model}:{_tag(call, made, materials.version, digest)}"
    _publish(call, registry, materials, digest)
    registry.tag(made.id, contract.TAG_IMAGE, reference)
    call.write("image", reference)
    log("packaged", image=reference, context_digest=digest, context_bytes=size, packages=len(materials.packages))
    return BuildResult(
        image=reference,
        runtime=call.spec.model.serving.runtime,
        serves=_serves(call.spec),
        context_digest=digest,
        context_bytes=size,
        packages=len(materials.packages),
        own_packages=len(own),
        profiled=(call.outputs / "context" / "model" / contract.PROFILE).is_file(),
    )


def _serves(spec: RunSpec) -> bool:
    return spec.model.serving.runtime not in contract.PREPACKAGED


def _version(call: Call, made: Run) -> str:
    version = call.parameters.get("version") or made.version
    if not version:
        raise Unavailable(f'the run "{made.id}" has no version yet; the step version gives it one')
    if not _SEMANTIC.fullmatch(version):
        raise Refused(f'--version is "{version}", expected one such as 1.0.0')
    return version


def _tag(call: Call, made: Run, version: str, context: str) -> str:
    code, data = (call.parameters.get(f"{name}-digest") or getattr(made, name) for name in ("code", "data"))
    identity = hashlib.sha256(f"{code}\n{data}\n{context}\n".encode()).hexdigest()
    return f"{version}-{identity[:_TAG_LENGTH]}"


def _model(call: Call, registry: Registry, scratch: Path, folder: Path) -> Path:
    """Put the saved model and its profile into the context."""
    copy_folder(model_folder(call, registry, scratch / "model"), folder)
    profile = call.artifact("profile")
    if profile is None:
        profile = registry.get(call.parameters["run-id"], contract.PROFILE_ARTIFACTS, scratch / "profile")
    if profile is not None and (profile / contract.PROFILE).is_file():
        shutil.copyfile(profile / contract.PROFILE, folder / contract.PROFILE)
    return folder


def _materials(call: Call, made: Run, folder: Path) -> Materials:
    spec, signature = call.spec, _signature(folder)
    version = _version(call, made)
    if not _serves(spec):
        return Materials(spec, made, version, signature, folder, server=False)
    own = _own_packages(call, signature)
    locked = locks.read_lock(locks.lock_name(spec.model.serving.runtime, signature))
    packages = tuple(sorted((*locks.without(locked, (pin.name for pin in own)), *own), key=lambda pin: pin.name))
    _check_imports(spec, signature, folder, {"mlops-charts", *(pin.name for pin in packages)})
    return Materials(spec, made, version, signature, folder, packages, spec.plan.images.base)


def _check_imports(spec: RunSpec, signature: Signature, folder: Path, packages: set[str]) -> None:
    """Refuse an entrypoint that imports what the image does not have, unless the base image may have it."""
    asked = signature.entrypoint and not spec.model.training.image
    found = absent(folder / contract.MODEL_CODE_FOLDER, signature.entrypoint, packages) if asked else None
    if found:
        at, package = found
        message = (
            f"{at.file}:{at.line} imports {at.module}, which the image that serves does not have: pin {package} in "
            f"{spec.model.training.requirements or 'a requirements.txt, and name it in training.requirements'}"
        )
        raise Refused(message)


def _signature(folder: Path) -> Signature:
    try:
        return read_signature(folder)
    except (OSError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise Unavailable(f"{contract.SIGNATURE} of the saved model cannot be read: {reason}") from None


def _own_packages(call: Call, signature: Signature) -> tuple[Pin, ...]:
    """Return what the model's own requirements pin, where its code or its types are needed to serve it."""
    if signature.format == "onnx" and not signature.entrypoint:
        return ()
    asked = locks.pins(requirements_of(call.spec, call.source).decode("utf-8-sig", "replace"))
    return locks.applying(asked, image.python_of(call.spec.plan.images.base))


def _write(call: Call, materials: Materials, context: Path) -> tuple[Pin, ...]:
    """Write all of the context but the model, and return the packages that the model's requirements pin."""
    spec, files = call.spec, dict[str, bytes]()
    own = _own_packages(call, materials.signature) if _serves(spec) else ()
    parts = image.Parts(sbom=spec.model.build.sbom)
    if _serves(spec):
        parts = _packages(call, materials, own, files)
    if parts.sbom:
        files[contract.SBOM] = bill_text(materials).encode()
    labels = image.labels_of(spec, materials.run, materials.version)
    files[DOCKERFILE] = image.dockerfile(parts, labels).encode()
    files[IGNORE] = ignoring(*{name.partition("/")[0] for name in files}, "model").encode()
    write_files(context, files)
    return own


def _packages(call: Call, materials: Materials, own: tuple[Pin, ...], files: dict[str, bytes]) -> image.Parts:
    """Add what is installed: the lock without what the model pins itself, the model's own packages, and ours."""
    locked = locks.without(materials.packages, (pin.name for pin in own))
    tools = tuple(pin for pin in locked if pin.name in locks.BUILD_TOOLS)
    name, content = wheel()
    files[image.LOCK] = locks.lock_text(locked).encode()
    files[f"packages/{name}"] = content
    if tools:
        files[image.BUILD_TOOLS] = locks.lock_text(tools).encode()
    if own:
        files[image.REQUIREMENTS] = requirements_of(call.spec, call.source)
        files[image.CONSTRAINTS] = locks.constraints_text(locked).encode()
    variables = image.environment_of(call.spec, materials.signature, materials.run, materials.version)
    sbom = call.spec.model.build.sbom
    return image.Parts(materials.base, f"packages/{name}", bool(own), bool(tools), sbom, variables)


def _publish(call: Call, registry: Registry, materials: Materials, context: str) -> None:
    """Hand on the predicate, and keep the bill of materials with the run."""
    with call.making("predicate") as folder:
        text = provenance_text(call.spec, materials.run, materials.version, context, finished=datetime.now(UTC))
        write_files(folder, {contract.PROVENANCE: text.encode()})
    bill = call.outputs / "context" / contract.SBOM
    if bill.is_file():
        with TemporaryDirectory() as scratch:
            shutil.copyfile(bill, Path(scratch) / contract.SBOM)
            registry.put(materials.run.id, Path(scratch), SBOM_ARTIFACTS)
