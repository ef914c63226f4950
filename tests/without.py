"""The command line where some packages are not installed: `python without.py PACKAGE,PACKAGE ARGUMENT...`."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

ABSENT = frozenset(sys.argv[1].split(","))


class _Finder(PathFinder):
    """Finds what is installed but for some packages."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return None if fullname.partition(".")[0] in ABSENT else super().find_spec(fullname, path, target)


sys.meta_path[:] = [_Finder if finder is PathFinder else finder for finder in sys.meta_path]

from mlops_charts.cli import main  # noqa: E402 - behind the finder

main(sys.argv[2:])
