"""What the last rendering of a model was made from, and what its files looked like then.

A hint alone, so that what has not changed is not rendered again: it is believed only while inputs and outputs are what
they were, and whatever cannot be read means that there is none.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from mlops_charts.generators.table import ENTRY_POINTS
from mlops_charts.loading import Model
from mlops_charts.tree import Owned, Tree
from mlops_charts.workspace import Changes
from mlops_charts.workspace.write import STATE_FOLDER, Listing, present, replace_text

_TICK = 20_000_000  # nanoseconds; two edits of a file that are closer than the kernel's clock bear the same time


class Memory:
    """What is remembered of one model.

    Attributes:
        count: How many files it has, if they are `unchanged`.
    """

    def __init__(self, model: Model, listing: Listing) -> None:
        self._root = model.workspace.root
        self._listing = listing
        self._file = self._root / STATE_FOLDER / "rendered" / f"{model.spec.metadata.name}.json"
        self._key = _inputs(model)
        self.count = 0

    def unchanged(self) -> bool:
        """Return whether inputs and outputs are what they were."""
        try:
            found = json.loads(self._file.read_bytes())
            if found["key"] != self._key:
                return False
            self.count = len(found["files"])
            stood = all(_stands(self._root / name, stamp) for name, stamp in found["files"].items())
            return stood and found["present"] == self._present([Owned(**each) for each in found["owned"]])
        except (OSError, ValueError, TypeError, LookupError, AttributeError):
            return False

    def remember(self, tree: Tree, changes: Changes) -> None:
        """Write down what the files look like, which the tree and nobody since has written."""
        names = {*tree.files, *tree.seeds}
        owned = [{"folder": each.folder, "source": each.source, "prefix": each.prefix} for each in tree.owned]
        there = set(self._present(tree.owned)) - set(changes.removed) | names
        now = time.time_ns()
        found = {
            "key": self._key,
            "files": {name: _stamp(self._root / name, now, tree.files.get(name)) for name in names},
            "owned": owned,
            "present": sorted(there),
        }
        replace_text(self._file, json.dumps(found))

    def _present(self, owned: list[Owned] | tuple[Owned, ...]) -> list[str]:
        return sorted(present(self._root, owned, self._listing))


def _stamp(path: Path, now: int, text: str | None) -> list[int | str]:
    """Return what tells one state of a file from another; of one just written, its digest as well.

    Args:
        path: The file.
        now: The time, in nanoseconds.
        text: What the run wrote into it; None for a file of people, which is read.
    """
    seen = _seen(path)
    if now - seen[1] >= _TICK:
        return [*seen]
    return [*seen, _digest(path) if text is None else hashlib.sha256(text.encode()).hexdigest()]


def _stands(path: Path, stamp: list[Any]) -> bool:
    seen = _seen(path)
    return seen == stamp[: len(seen)] and all(_digest(path) == digest for digest in stamp[len(seen) :])


def _seen(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _inputs(model: Model) -> str:
    state = hashlib.sha256(_program().encode())
    for text in (model.folder, "\n".join(model.source.lines), model.platform.spec.model_dump_json()):
        state.update(f"{len(text)}\0{text}".encode())
    for name, content in model.content.files.items():
        state.update(f"\0{name}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        state.update(content)
    return state.hexdigest()


@cache
def _program() -> str:
    """Return what tells one state of this program, and of the generators installed beside it, from another."""
    from importlib.metadata import entry_points, version  # noqa: PLC0415 - reads the environment's metadata

    stamps = [version("mlops-charts"), *_code(Path(__file__).parent)]
    for entry in entry_points(group=ENTRY_POINTS):
        stamps.append(f"{entry.name}={entry.value}:{entry.dist.version if entry.dist else ''}")
        stamps += [stamp for folder in _homes(entry.module) for stamp in _code(folder)]
    return "|".join(stamps)


def _code(folder: Path) -> Iterator[str]:
    for path in sorted(path for suffix in ("py", "lua") for path in folder.rglob(f"*.{suffix}")):
        found = path.stat()
        yield f"{path.relative_to(folder)}:{found.st_size}:{found.st_mtime_ns}"


def _homes(module: str) -> list[Path]:
    """Return the folders of the package that a module is in; that of a lone module is the file's."""
    from importlib.util import find_spec  # noqa: PLC0415 - for generators of others alone

    try:
        spec = find_spec(module.partition(".")[0])
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    return [Path(folder) for folder in spec.submodule_search_locations or [str(Path(spec.origin or "").parent)]]
