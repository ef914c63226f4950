"""The one download of this room: the pinned CRDs, all of them or none, each no larger and no other than expected.

A pin without a checksum is one whose bytes nobody has vouched for yet; it is left out unless asked for, and is then
reported as unverified. Nothing here knows what a CRD means.
"""

import hashlib
import http.client
import json
import re
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit
from urllib.request import urlopen

from mlops_charts.errors import MlopsChartsError
from mlops_charts.validation.schemas.place import write_all

LARGEST: Final = 8 * 1024 * 1024
_CHUNK: Final = 64 * 1024
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.ya?ml")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_OK: Final = 200

Opener = Callable[..., AbstractContextManager[Any]]
"""Called as opener(url, timeout=seconds), like urllib.request.urlopen."""


class FetchError(MlopsChartsError):
    """Some pins could not be brought; nothing was written. One line for each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class Pin:
    """One file of CRDs as one release of its project publishes it; ``sha256`` is empty where it is not known."""

    name: str
    url: str
    sha256: str
    file: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of a pin: ``sha256`` is that of the bytes received, empty if it was skipped."""

    pin: Pin
    status: Literal["verified", "unverified", "skipped"]
    sha256: str = ""


def pins() -> tuple[Pin, ...]:
    """The table of pins that comes with the package."""
    text = resources.files(__package__).joinpath("pins.json").read_text(encoding="utf-8")
    return tuple(Pin(**entry) for entry in json.loads(text))


def fetch(
    wanted: Sequence[Pin],
    dest: Path,
    *,
    base: str | None = None,
    allow_unverified: bool = False,
    timeout: float = 30.0,
    opener: Opener = urlopen,
) -> list[Fetched]:
    """Bring the pinned files into the folder ``dest``: all that are wanted, or none of them.

    Args:
        wanted: what to bring.
        dest: the folder, created if need be; other files in it are left alone.
        base: where a mirror keeps the files by their names, instead of each pin's own URL.
        allow_unverified: bring also pins without a checksum.
        timeout: seconds that a file may take as a whole.
        opener: what opens a URL.

    Raises:
        FetchError: with a line for every file that could not be brought.
    """
    reasons: list[str] = []
    results: list[Fetched] = []
    files: dict[str, bytes] = {}
    for pin in wanted:
        if not pin.sha256 and not allow_unverified:
            results.append(Fetched(pin, "skipped"))
            continue
        try:
            data = _verified(pin, _download(_url(pin, base), timeout, opener))
        except (OSError, ValueError, http.client.HTTPException) as error:
            reasons.append(f"{pin.name}, {pin.file}: {_reason(error, timeout)}")
            continue
        files[pin.file] = data
        results.append(Fetched(pin, "verified" if pin.sha256 else "unverified", hashlib.sha256(data).hexdigest()))
    if reasons:
        raise FetchError(reasons)
    write_all(dest, files)
    return results


def _reason(error: Exception, timeout: float) -> str:
    inner = getattr(error, "reason", error)
    if isinstance(inner, TimeoutError):
        return f"took longer than {timeout:g} s"
    return " ".join(str(error).split()) or type(error).__name__


def _url(pin: Pin, base: str | None) -> str:
    if not _FILE.fullmatch(pin.file):
        raise ValueError("not the plain name of a YAML file")
    return f"{base.rstrip('/')}/{pin.file}" if base else pin.url


def _admit(url: str) -> None:
    """Only HTTPS, and plain HTTP to this machine; no other scheme opens local files by accident."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError(f"{url} is not fetched: only https:// is")


def _download(url: str, timeout: float, opener: Opener) -> bytes:
    _admit(url)
    deadline = time.monotonic() + timeout
    with opener(url, timeout=timeout) as response:
        _admit(response.geturl())
        if response.status != _OK:
            raise ValueError(f"HTTP status {response.status}")
        return _read(response, deadline)


def _read(response: Any, deadline: float) -> bytes:
    """The body, bounded in size and in time: a server that drips bytes never runs into a timeout of the socket."""
    data = bytearray()
    while chunk := response.read1(_CHUNK):
        data += chunk
        if len(data) > LARGEST:
            raise ValueError(f"larger than {LARGEST // 1024 // 1024} MiB")
        if time.monotonic() > deadline:
            raise TimeoutError
    announced = response.headers.get("Content-Length")
    if announced is not None and int(announced) != len(data):
        raise ValueError(f"{len(data)} of {announced} bytes received")
    return bytes(data)


def _verified(pin: Pin, data: bytes) -> bytes:
    found = hashlib.sha256(data).hexdigest()
    if pin.sha256 and found != pin.sha256.lower():
        raise ValueError(f"checksum mismatch: expected sha256 {pin.sha256}, found {found}")
    if b"CustomResourceDefinition" not in data:
        raise ValueError("holds no CustomResourceDefinition")
    return data
