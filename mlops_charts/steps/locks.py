"""Lock files of the serving image: which one a model needs, and what stands in it.

It knows the lines that `uv pip compile --generate-hashes` writes, and must not know images.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from mlops_charts.saved_model import Signature

SERVE: Final = "serve.txt"
SERVE_SKLEARN: Final = "serve-sklearn.txt"
SERVE_PANDAS: Final = "serve-pandas.txt"
SELDON_CORE: Final = "seldon-core.txt"
BUILD_TOOLS: Final = frozenset({"setuptools", "wheel"})  # what source distributions of a lock are built with
_PIN: Final = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?P<extras>\[[^\]]*\])?\s*==\s*(?P<version>[^\s;\\]+)\s*"
    r"(?:;\s*(?P<marker>.*?))?\s*$"
)
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package at one version.

    Attributes:
        name: As its index normalizes it.
        version: The exact version.
        hashes: SHA-256 of every file that may be installed, in hexadecimal.
        line: The requirement without its hashes.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    line: str

    @property
    def text(self) -> str:
        """The requirement with its hashes, as pip reads it."""
        return " \\\n".join([self.line, *(f"    --hash=sha256:{one}" for one in self.hashes)]) + "\n"


def lock_name(runtime: str, signature: Signature) -> str:
    """Return the lock file that serves a model.

    Args:
        runtime: `serving.runtime`: python or seldon-core.
        signature: What ONNX does not hold needs scikit-learn; what asks for columns by name, pandas.
    """
    if runtime == "seldon-core":
        return SELDON_CORE
    if signature.frame:
        return SERVE_PANDAS
    return SERVE if signature.format == "onnx" else SERVE_SKLEARN


def read_lock(name: str) -> tuple[Pin, ...]:
    """Return the packages of one of our lock files."""
    return tuple(pins((files("mlops_charts") / "locks" / name).read_text("utf-8")))


def pins(text: str) -> Iterator[Pin]:
    """Yield the exactly pinned packages of a file of requirements, in order; what is no pin is left out."""
    for line in text.replace("\\\n", " ").splitlines():
        bare = re.split(r"(?:^|\s)#", line, maxsplit=1)[0]
        requirement = bare.partition("--hash")[0].strip()
        found = _PIN.match(requirement)
        if found:
            yield Pin(normalized(found["name"]), found["version"], tuple(sorted(_HASH.findall(bare))), requirement)


def applying(some: Iterable[Pin], python: str) -> tuple[Pin, ...]:
    """Return those that are installed on Linux, by their markers.

    Args:
        some: Packages.
        python: The minor version of Python, such as 3.11.
    """
    from packaging.requirements import Requirement  # noqa: PLC0415 - only requirements of people have markers

    there = {
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    markers = ((pin, Requirement(pin.line).marker) for pin in some)
    return tuple(pin for pin, marker in markers if marker is None or marker.evaluate(there))


def normalized(name: str) -> str:
    """Return the name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def without(lock: Iterable[Pin], names: Iterable[str]) -> tuple[Pin, ...]:
    """Return what is left of a lock file once some packages come from elsewhere."""
    gone = frozenset(names)
    return tuple(pin for pin in lock if pin.name not in gone)


def lock_text(lock: Iterable[Pin]) -> str:
    """Return the text of a lock file."""
    return "".join(pin.text for pin in lock)


def constraints_text(lock: Iterable[Pin]) -> str:
    """Return the same versions without hashes, which would ask for hashes of whatever they constrain."""
    return "".join(f"{pin.line}\n" for pin in lock)


def by_name(lock: Iterable[Pin]) -> Mapping[str, Pin]:
    """Return packages by their names."""
    return {pin.name: pin for pin in lock}
