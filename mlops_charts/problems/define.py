"""How the tables of codes are written and merged. It knows no code."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from mlops_charts.problems.model import Code, Severity

Entry = tuple[str, Code]

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def code(name: str, *, title: str, why: str, fix: str, example: str = "", severity: Severity = Severity.ERROR) -> Entry:
    """One line of a table: the code's name in kebab-case and what ``explain`` says about it."""
    return name, Code(title=title, why=why, fix=fix, example=example, severity=severity)


def merge(tables: Iterable[Iterable[Entry]]) -> Mapping[str, Code]:
    """All tables as one, by name; raises ValueError for a name that is no kebab-case or is defined twice."""
    merged: dict[str, Code] = {}
    for name, entry in (entry for table in tables for entry in table):
        if not _KEBAB.fullmatch(name):
            raise ValueError(f"{name!r} is not in kebab-case")
        if name in merged:
            raise ValueError(f"the code {name} is defined twice")
        merged[name] = entry
    return MappingProxyType(dict(sorted(merged.items())))
