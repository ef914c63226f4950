"""The text of the Dockerfile that makes an image of a version: what serves it, or what carries it.

Seldon's prepackaged servers load the model from the storage. Their image holds the model and nothing that runs: it is
what is scanned, signed and kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mlops_charts import contract
from mlops_charts.saved_model import Signature
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.call import Refused
from mlops_charts.steps.context import USER
from mlops_charts.steps.registered import Run

LOCK: Final = "packages/lock.txt"
BUILD_TOOLS: Final = "packages/build.txt"
REQUIREMENTS: Final = "packages/requirements.txt"
CONSTRAINTS: Final = "packages/constraints.txt"
ENVIRONMENT: Final = "/opt/mlops"
SBOM_FOLDER: Final = "/usr/share/sbom"
_LOCKED_PYTHON: Final = "3.11"
_PIP: Final = "--no-cache-dir --disable-pip-version-check --no-input"
_LOCKED: Final = "--require-hashes --no-deps"


@dataclass(frozen=True)
class Parts:
    """What the context of an image holds besides its Dockerfile.

    Attributes:
        base: The image that it is built on; empty if nothing runs in it.
        wheel: The wheel of this package, below packages/; empty if nothing runs in it.
        requirements: Whether the model's own packages are installed too.
        source_distributions: Whether the lock has packages that must be built.
        sbom: Whether there is a bill of materials.
        environment: Variables that the server finds.
    """

    base: str = ""
    wheel: str = ""
    requirements: bool = False
    source_distributions: bool = False
    sbom: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)


def dockerfile(parts: Parts, labels: Mapping[str, str]) -> str:
    """Return the Dockerfile of an image."""
    stages = [_packages(parts), _serving(parts, labels)] if parts.base else [_carrying(parts, labels)]
    return "\n".join(stages)


def labels_of(spec: RunSpec, run: Run, version: str) -> dict[str, str]:
    """Return the labels of an image, sorted: what is in it, from which run, commit, code and data."""
    base, _, digest = spec.plan.images.base.partition("@")
    url, metadata = spec.platform.git.url, spec.model.metadata
    found = {
        "org.opencontainers.image.title": spec.name,
        "org.opencontainers.image.description": " ".join(metadata.description.split()),
        "org.opencontainers.image.vendor": metadata.owner or "",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.revision": run.commit,
        "org.opencontainers.image.source": url if "://" in url else "",
        contract.TAG_MODEL: spec.name,
        contract.TAG_VERSION: version,
        contract.TAG_CODE: run.code,
        contract.TAG_DATA: run.data,
        contract.TAG_COMMIT: run.commit,
        "mlops.run-id": run.id,
    }
    if spec.model.serving.runtime not in contract.PREPACKAGED:
        found |= {"org.opencontainers.image.base.name": base, "org.opencontainers.image.base.digest": digest}
    return {name: found[name] for name in sorted(found) if found[name]}


def environment_of(spec: RunSpec, signature: Signature, run: Run, version: str) -> dict[str, str]:
    """Return the variables of a server: which model it is, and what may be loaded, as model.yaml alone says."""
    training = spec.model.training
    trusted = {contract.TRUSTED_TYPES: ",".join(training.trusted_types)} if training.trusted_types else {}
    return {
        "MODEL": spec.name,
        "VERSION": version,
        contract.SERVED_CODE: run.code,
        contract.SERVED_DATA: run.data,
        contract.SERVED_RUN: run.id,
        **trusted,
        **({contract.ALLOW_PICKLE: "1"} if training.allow_pickle and signature.format == "pickle" else {}),
    }


def python_of(base: str) -> str:
    """Return the minor version of Python that the tag of a base image names; where it names none, that of the locks."""
    found = re.search(r"python:(\d+\.\d+)", base)
    return found[1] if found else _LOCKED_PYTHON


def check_base(spec: RunSpec) -> None:
    """Refuse a base image whose tag says that it has a Python for which the lock of the runtime is not made.

    Raises:
        Refused: It has.
    """
    base = spec.plan.images.base
    if spec.model.serving.runtime == "seldon-core" and python_of(base) != _LOCKED_PYTHON:
        message = (
            f"serving.runtime: seldon-core runs on Python {_LOCKED_PYTHON}; images.python of platform.yaml is {base}"
        )
        raise Refused(message)


def _packages(parts: Parts) -> str:
    pip = f"python -m pip --python {ENVIRONMENT}/bin/python install {_PIP}"
    if parts.source_distributions:
        locked = [
            f"{pip} {_LOCKED} --only-binary=:all: -r {BUILD_TOOLS}",
            f"{pip} {_LOCKED} --no-build-isolation -r {LOCK}",
        ]
    else:
        locked = [f"{pip} {_LOCKED} --only-binary=:all: -r {LOCK}"]
    own = [f"{pip} -r {REQUIREMENTS} -c {CONSTRAINTS}"] if parts.requirements else []
    ours = f"{pip} --no-index --no-deps {parts.wheel}"
    commands = [f"python -m venv --without-pip {ENVIRONMENT}", *locked, *own, ours]
    return f"FROM {parts.base} AS packages\nWORKDIR /context\nCOPY packages/ packages/\nRUN {_joined(commands)}\n"


def _serving(parts: Parts, labels: Mapping[str, str]) -> str:
    ports = f"{contract.HTTP_PORT} {contract.GRPC_PORT} {contract.METRICS_PORT}"
    return "\n".join(
        [
            f"FROM {parts.base}",
            *_labelled(labels),
            f"COPY --from=packages {ENVIRONMENT} {ENVIRONMENT}",
            *_held(parts),
            f"ENV PATH={ENVIRONMENT}/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1",
            *(f"ENV {name}={_quoted(text)}" for name, text in parts.environment.items()),
            "WORKDIR /tmp",
            f"EXPOSE {ports}",
            f"USER {USER}",
            'CMD ["mlops-charts", "serve", "/model"]',
            "",
        ]
    )


def _carrying(parts: Parts, labels: Mapping[str, str]) -> str:
    return "\n".join(["FROM scratch", *_labelled(labels), *_held(parts), f"USER {USER}", ""])


def _held(parts: Parts) -> list[str]:
    sbom = [f"COPY {contract.SBOM} {SBOM_FOLDER}/{contract.SBOM}"] if parts.sbom else []
    return [*sbom, "COPY model/ /model/"]


def _labelled(labels: Mapping[str, str]) -> list[str]:
    return [f"LABEL {name}={_quoted(text)}" for name, text in labels.items()]


def _quoted(text: str) -> str:
    """Return text in double quotes, in which a Dockerfile would replace variables."""
    escaped = re.sub(r'([\\"$])', r"\\\1", text)
    return f'"{escaped}"'


def _joined(commands: list[str]) -> str:
    return " \\\n && ".join(commands)
