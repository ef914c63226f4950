"""Folders that a builder makes images of. It knows what goes into an image, and must not know who builds it.

A context holds no clock and no secret: the same model gives the same bytes.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mlops_charts.contract import USER_ID
from mlops_charts.saved_model.sums import file_digest
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.call import Refused

REQUIREMENTS: Final = "requirements.txt"
DOCKERFILE: Final = "Dockerfile"
IGNORE: Final = ".dockerignore"
USER: Final = f"{USER_ID}:{USER_ID}"
_PIP: Final = "--no-cache-dir --disable-pip-version-check --no-input"


def environment_context(spec: RunSpec, source: Path, folder: Path) -> None:
    """Write the build context of the environment image: the runtime and the model's own packages.

    Args:
        spec: The run; `training.requirements` names the file.
        source: The model's source files.
        folder: Where the context goes; what stands there under the same names is overwritten.

    Raises:
        Refused: The file of the requirements is not among the source files.
    """
    write_files(
        folder,
        {
            REQUIREMENTS: requirements_of(spec, source),
            DOCKERFILE: environment_dockerfile(spec.plan.images.runtime).encode(),
            IGNORE: ignoring(DOCKERFILE, REQUIREMENTS).encode(),
        },
    )


def requirements_of(spec: RunSpec, source: Path) -> bytes:
    """Return the text of the model's requirements; nothing if it asks for none.

    Raises:
        Refused: The file is not among the source files.
    """
    name = spec.model.training.requirements
    if name is None:
        return b""
    if not (source / name).resolve().is_relative_to(source.resolve()):
        raise Refused(f"training.requirements: {name} leads out of the source files")
    try:
        return (source / name).read_bytes()
    except OSError as error:
        message = f"training.requirements: {name} is not among the source files: {error.strerror}"
        raise Refused(message) from None


def environment_dockerfile(runtime: str) -> str:
    """Return how the environment image is built on a runtime image."""
    return f"""\
FROM {runtime}
USER 0:0
COPY {REQUIREMENTS} /opt/{REQUIREMENTS}
RUN python -m pip install {_PIP} -r /opt/{REQUIREMENTS}
USER {USER}
"""


def ignoring(*kept: str) -> str:
    """Return a .dockerignore that lets through what is named and nothing else."""
    return "".join(["*\n", *(f"!{name}\n" for name in sorted(kept))])


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files that everyone may read, whatever the umask is: the user of an image is none of this machine's."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    open_to_all(folder)


def copy_folder(source: Path, folder: Path) -> None:
    """Copy the files below a folder, which may be larger than memory."""
    for name, path in paths_in(source):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    open_to_all(folder)


def open_to_all(folder: Path) -> None:
    """Let everyone read what is below a folder, and nobody run it."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def paths_in(folder: Path) -> tuple[tuple[str, Path], ...]:
    """Return the files below a folder by their path with slashes, in order; caches of Python are none of them."""
    found = ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    return tuple(sorted((name, path) for name, path in found if "__pycache__" not in name.split("/")))


def folder_digest(folder: Path) -> str:
    """Return the SHA-256, in hexadecimal, of the names and contents of the files below a folder."""
    lines = "".join(f"{file_digest(path)} {name}\n" for name, path in paths_in(folder))
    return hashlib.sha256(lines.encode()).hexdigest()
