"""Nodes as Helm template actions. Knows Go templates and nodes; nothing of indentation or YAML."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from mlops_charts.chart.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops_charts.chart.nodes import Value

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# "%#g" keeps the point of a float: Go would print 1.0 as 1, which is another type.
_FILTERS = {Kind.INT: " | int64", Kind.STR: " | quote", Kind.BOOL: "", Kind.FLOAT: ' | float64 | printf "%#g"'}


@functools.lru_cache(maxsize=1 << 12)
def reference(path: str) -> str:
    """How a template names a value: by fields, or by index where a key is no Go identifier."""
    steps = path.split(".")
    if all(map(_IDENTIFIER.fullmatch, steps)):
        return f".Values.{path}"
    return "index .Values " + " ".join(f'"{step}"' for step in steps)


def _operand(path: str) -> str:
    name = reference(path)
    return f"({name})" if name.startswith("index") else name


def scalar(value: Value) -> str:
    """The action that prints a scalar as YAML of its own type."""
    return f"{{{{ {reference(value.path)}{_FILTERS[value.kind]} }}}}"


def bare(value: Value) -> str:
    """The action that prints an integer or a plain string inside other text."""
    return f"{{{{ {reference(value.path)}{' | int64' if value.kind is Kind.INT else ''} }}}}"


def subtree(value: Value, indent: int) -> str:
    """The action that prints a subtree on the lines below, each indented by so many spaces.

    Not toYaml, which prints nothing where it fails.
    """
    return f"{{{{- mustToYaml {_operand(value.path)} | nindent {indent} }}}}"


def opening(conditions: Sequence[Value]) -> str:
    """The action that opens what is present if any condition is true."""
    if len(conditions) == 1:
        return f"{{{{- if {reference(conditions[0].path)} }}}}"
    return "{{- if or " + " ".join(_operand(condition.path) for condition in conditions) + " }}"


CLOSING = "{{- end }}"
