"""Which image or folder a version is served from, held against where it must run. It must not know git."""

from __future__ import annotations

from typing import Final

from mlops_charts import contract
from mlops_charts.release import Identity
from mlops_charts.steps.call import Call, Refused
from mlops_charts.steps.registered import Version
from mlops_charts.steps.registry import Registry

_PROXIED: Final = "mlflow-artifacts:"


def is_local(call: Call) -> bool:
    """Return whether this is a laptop, where images are pushed nowhere."""
    return call.environ.get(contract.LOCAL) == "1"


def found_version(call: Call, registry: Registry) -> Version:
    """Return the version that is to be released, by the parameters of the step.

    Raises:
        Refused: None was named, or the registry does not have it.
    """
    wanted = call.parameters.get("version") or call.parameters.get("known-version", "")
    if not wanted:
        raise Refused("neither --version nor --known-version names what is to be released")
    return named_version(registry, wanted)


def named_version(registry: Registry, wanted: str) -> Version:
    """Return the version of a name.

    Raises:
        Refused: The registry does not have it.
    """
    found = [version for version in registry.versions() if version.version == wanted]
    if not found:
        raise Refused(f"{registry.model} {wanted} is not in the registry, so it cannot be released")
    return found[0]


def identity_of(call: Call, registry: Registry, version: Version) -> Identity:
    """Return what a slot says of a version.

    Raises:
        Refused: There is no image with a digest, or no folder that the server can load.
    """
    runtime = call.spec.environments[0].serving.runtime
    return served_from(registry, version, image_of(call, version), runtime, local=is_local(call))


def served_from(registry: Registry, version: Version, image: tuple[str, str], runtime: str, *, local: bool) -> Identity:
    """Return what a slot says of a version that is served from an image.

    Args:
        registry: Where the version is.
        version: The version.
        image: The image with its tag, and its digest.
        runtime: What serves; a prepackaged server takes no image, and loads the model from the storage.
        local: Whether this is a laptop, where a tag has to do.

    Raises:
        Refused: There is no image with a digest, or no folder that the server can load.
    """
    prepackaged = runtime in contract.PREPACKAGED
    return Identity(
        version=version.version,
        image="" if prepackaged else _image(version, *image, local=local),
        model_uri=_model_uri(registry, version, local=local) if prepackaged else "",
        run_id=version.run_id,
        code_digest=version.code,
        data_digest=version.data,
    )


def image_of(call: Call, version: Version) -> tuple[str, str]:
    """Return the image with its tag and its digest: what was built now, or what the version has from before."""
    image, digest = call.parameters.get("image", ""), call.parameters.get("image-digest", "").strip()
    if not image or (version.image == image and not digest):
        return version.image, version.image_digest
    return image, digest


def _image(version: Version, image: str, digest: str, *, local: bool) -> str:
    if not image:
        raise Refused(f"version {version.version} has no image; build it first")
    if digest:
        return f"{_untagged(image)}@{digest}"
    if local:
        return image
    raise Refused(f"{image} has no digest: what a tag points at may change, so only a digest is released")


def _model_uri(registry: Registry, version: Version, *, local: bool) -> str:
    address = f"{registry.run(version.run_id).artifacts}/{contract.MODEL_ARTIFACTS}"
    if address.startswith(_PROXIED) and not local:
        message = (
            f"the model is at {address}, which MLflow alone can open; Seldon's server needs an address of the storage"
        )
        raise Refused(f"{message}: start MLflow with --no-serve-artifacts and --default-artifact-root s3://...")
    return address


def _untagged(image: str) -> str:
    name, colon, tag = image.rpartition(":")
    return image if not colon or "/" in tag else name
