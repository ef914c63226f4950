"""The modules of one folder, apart from all others of this process.

Modules of the folder import each other by their plain names, as they do where they were written, at load time and later
inside functions. `sys.path` is left alone, and no plain name stands in `sys.modules`, so that two models with a
`features.py` each get their own. No bytecode is written beside the sources.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, resolve_name, spec_from_file_location
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import Any
from uuid import uuid4

_BORROWING = RLock()


@dataclass(frozen=True)
class Modules:
    """The modules of one folder.

    Attributes:
        folder: Where they are.
        root: The package that they live below in `sys.modules`.
        lock: Held while one of them is loaded.
    """

    folder: Path
    root: str
    lock: RLock = field(default_factory=RLock, repr=False, compare=False)

    def has(self, name: str) -> bool:
        """Return whether the folder has a module or package of a dotted name."""
        at = self.folder.joinpath(*name.split("."))
        return at.with_name(f"{at.name}.py").is_file() or any(at.glob("*.py"))

    def load(self, name: str) -> ModuleType:
        """Return the module of a dotted name, loaded once; ModuleNotFoundError if there is none."""
        full = f"{self.root}.{name}" if name else self.root
        with self.lock:
            if full in sys.modules:
                return sys.modules[full]
            parent, _, leaf = name.rpartition(".")
            above = self.load(parent)
            if full not in sys.modules:
                setattr(above, leaf, self._loaded(name, full))
            return sys.modules[full]

    def _loaded(self, name: str, full: str) -> ModuleType:
        at = self.folder.joinpath(*name.split("."))
        path = next((path for path in (at / "__init__.py", at.with_name(f"{at.name}.py")) if path.is_file()), None)
        if path is None:
            if not self.has(name):
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            return _package(full, at)
        below = [str(at)] if path.parent == at else None
        loader = _Source(full, str(path), self)
        spec = spec_from_file_location(full, path, loader=loader, submodule_search_locations=below)
        assert spec  # noqa: S101 - there is one wherever a loader is given
        module = module_from_spec(spec)
        sys.modules[full] = module
        try:
            loader.exec_module(module)
        except BaseException:
            sys.modules.pop(full, None)
            raise
        return module

    def importing(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002 - the names of __import__
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Import as the statement does, looking in the folder first; it is `__import__` of the folder's modules."""
        inner = name
        if level:
            absolute = resolve_name("." * level + name, (globals or {}).get("__package__"))
            inner = absolute.removeprefix(self.root).removeprefix(".")
        if inner and not self.has(inner.partition(".")[0]):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        module = self.load(inner)
        if not fromlist:
            return self.load(inner.partition(".")[0])
        for item in fromlist:
            if not hasattr(module, item) and self.has(f"{inner}.{item}".lstrip(".")):
                self.load(f"{inner}.{item}".lstrip("."))
        return module


class _Source(SourceFileLoader):
    def __init__(self, fullname: str, path: str, modules: Modules) -> None:
        super().__init__(fullname, path)
        self._modules = modules

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._modules.importing}
        super().exec_module(module)

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Write no bytecode: a model's folder is what was saved."""


def modules_in(folder: Path) -> Modules:
    """Return the modules of a folder; none is loaded yet."""
    modules = Modules(folder.resolve(), f"mlops_charts_model_{uuid4().hex}")
    _package(modules.root, modules.folder)
    return modules


@contextmanager
def borrowed(modules: Modules, names: Iterable[str]) -> Iterator[None]:
    """Lend modules their plain names in `sys.modules`, for libraries that look up types by their module's name."""
    with _BORROWING:
        lent = {name: modules.load(name) for each in sorted(names) for name in _ancestors(each) if modules.has(name)}
        before = {name: sys.modules.get(name) for name in lent}
        sys.modules.update(lent)
        try:
            yield
        finally:
            for name, module in before.items():
                if module is None:
                    sys.modules.pop(name, None)
                else:
                    sys.modules[name] = module


def _ancestors(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _package(name: str, folder: Path) -> ModuleType:
    package = ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package
    return package
