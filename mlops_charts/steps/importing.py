"""Which packages the code of an entrypoint asks for: found by reading its imports, never by running it.

What trained a model has more packages than what serves it. An import that fails would show when the pods start; here it
shows when the image is packaged.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from mlops_charts.steps.locks import normalized


@dataclass(frozen=True)
class Import:
    """An import at the top of a file, which nothing guards.

    Attributes:
        file: The file, by its path in the folder.
        line: Where.
        module: The first part of the module's name.
    """

    file: str
    line: int
    module: str


def absent(folder: Path, entrypoint: str, installed: Collection[str]) -> tuple[Import, str] | None:
    """Return the first import of a package that is known here and not installed there, and the package.

    Args:
        folder: Of the source files.
        entrypoint: FILE.py:NAME.
        installed: Normalized names of the packages that are there.
    """
    there = {*installed, *_needed_by(installed)}
    providers = packages_distributions()
    for found in imports(folder, entrypoint.partition(":")[0]):
        known = [normalized(name) for name in providers.get(found.module, ())]
        if known and not there.intersection(known):
            return found, known[0]
    return None


def imports(folder: Path, file: str) -> Iterator[Import]:
    """Yield what a file imports as it is loaded, and what the files of the folder do that it imports."""
    waiting, seen = [file], {file}
    while waiting:
        name = waiting.pop(0)
        for found in _of_file(folder, name):
            local = _local(folder, found.module)
            if local is None and found.module not in sys.stdlib_module_names:
                yield found
            elif local is not None and local not in seen:
                seen.add(local)
                waiting.append(local)


def _of_file(folder: Path, name: str) -> Iterator[Import]:
    try:
        body = ast.parse((folder / name).read_bytes()).body
    except (OSError, SyntaxError, ValueError):  # loading it says so, better than this could
        return
    for node in body:
        if isinstance(node, ast.Import):
            yield from (Import(name, node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield Import(name, node.lineno, node.module.partition(".")[0])


def _local(folder: Path, module: str) -> str | None:
    candidates = (f"{module}.py", f"{module}/__init__.py")
    return next((name for name in candidates if (folder / name).is_file()), None)


def _needed_by(installed: Iterable[str]) -> set[str]:
    """Return what the packages that are installed there need, as far as they are known here."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - only where there is an entrypoint

    found: set[str] = set()
    waiting = list(installed)
    while waiting:
        for line in _requires(waiting.pop()):
            asked = Requirement(line)
            name = normalized(asked.name)
            if name not in found and (asked.marker is None or asked.marker.evaluate({"extra": ""})):
                found.add(name)
                waiting.append(name)
    return found


def _requires(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:
        return []
