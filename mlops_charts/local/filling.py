"""`{{...}}` in the texts of a Workflow, filled in; a reference to nothing is an error, never passed on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from mlops_charts.errors import Mistake
from mlops_charts.local.expressions import BadExpression, evaluate

_TAG: Final = re.compile(r"\{\{(=?)(.*?)\}\}", re.DOTALL)


class Unresolved(Mistake):
    """A reference to nothing; one line that names it."""


def filled(text: Any, names: Mapping[str, str], where: str) -> str:
    """Return a text with its references filled in, each once: what they stand for is not read again.

    Args:
        text: A scalar of a manifest.
        names: What may be named, by dotted name.
        where: Whose text it is, for the error.

    Raises:
        Unresolved: A reference names nothing.
    """

    def value(tag: re.Match[str]) -> str:
        name = tag[2].strip()
        if tag[1]:
            return _computed(name, names, where)
        if name not in names:
            raise Unresolved(f"{where}: {tag[0]} names nothing{_known(name, names)}")
        return names[name]

    return _TAG.sub(value, plain(text))


def plain(value: Any) -> str:
    """Return a scalar of a manifest as Argo writes it into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _computed(expression: str, names: Mapping[str, str], where: str) -> str:
    try:
        return plain(evaluate(expression, names))
    except BadExpression as error:
        raise Unresolved(f"{where}: {error}") from None


def _known(name: str, names: Mapping[str, str]) -> str:
    beside = sorted(other for other in names if other.rpartition(".")[0] == name.rpartition(".")[0] and "." in name)
    return f"; known here: {', '.join(beside)}" if beside else ""
