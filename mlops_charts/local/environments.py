"""What requirements.txt adds, on this machine: a virtual environment where pods have an image of their own.

It stands on the packages that are already here, as the environment image stands on the runtime image: only what
requirements.txt adds is installed, and comes first.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

from mlops_charts.local import venvs
from mlops_charts.steps.call import Refused, Unavailable

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CONFLICT: Final = re.compile(r"^(?:ERROR: )?(\S+ \S+ (?:requires|has requirement) .+)$", re.MULTILINE)


def environment_python(requirements: Path, cache: Path, report: Callable[[str], None]) -> Path:
    """Return the interpreter of the environment that requirements.txt asks for; what is there already is not made anew.

    Args:
        requirements: The file, every line of it pinned.
        cache: Folder of the environments; each is kept by the digest of the file, this Python and its packages.
        report: Told what takes time.

    Raises:
        Refused: Something in the file cannot be installed, or does not fit what is here.
        Unavailable: No index of packages could be reached, or the file cannot be read.
    """
    try:
        content = requirements.read_bytes()
    except OSError as error:
        raise Unavailable(f"{requirements} cannot be read: {error.strerror}") from None
    below = venvs.site_folders()
    folder = cache.resolve() / f"environment-{_digest(content, below)[:16]}"
    fill = partial(_fill, requirements.resolve(), report)
    try:
        return venvs.made(folder, fill, below=below, wait=lambda: report(f"waiting for another run to make {folder}"))
    except venvs.PipFailed as failed:
        raise _explained(requirements, failed) from None


def _fill(requirements: Path, report: Callable[[str], None], python: Path, lock: int) -> None:
    asked = sum(1 for _ in _asked(requirements))
    report(f"installing {asked} package{'' if asked == 1 else 's'} of {requirements.name} into {python.parents[1]}")
    conflict = _CONFLICT.search(venvs.install(python, ["-r", str(requirements)], lock))
    if conflict:
        raise Refused(f"{requirements}: does not fit what the pipeline itself runs on: {conflict[1]}")


def _digest(content: bytes, below: Iterable[Path]) -> str:
    """Return the digest of all that decides what the environment holds: the file, this Python, the packages below."""
    packages = sorted(str(found) for folder in below for found in folder.glob("*.dist-info"))
    return sha256(b"\0".join([content, *map(str.encode, (sys.version, sys.base_prefix, *packages))])).hexdigest()


def _asked(requirements: Path) -> Iterable[tuple[int, str]]:
    """Yield the number and the text of each line that names a package."""
    lines = requirements.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        if _NAME.match(line.strip()):
            yield number, line.split("#")[0].strip().rstrip("\\").strip()


def _explained(requirements: Path, failed: venvs.PipFailed) -> Refused | Unavailable:
    if failed.unreachable:
        return Unavailable(f"{requirements}: the index of packages cannot be reached: {failed.reason}")
    for number, line in _asked(requirements):
        name = _NAME.match(line)
        if name and re.search(rf"(?<![\w.-]){re.escape(name[0])}(?![\w-])", failed.reason, re.IGNORECASE):
            return Refused(f"{requirements.name}:{number}: {line}: pip cannot install it: {failed.reason}")
    return Refused(f"{requirements.name}: pip cannot install it: {failed.reason}")
