"""What may be absent: the rule that no map and no list may be left without any entry, which Helm would print as null.

Also the one place that knows how foreign objects (hikaru's) and relatives of plain types become plain data.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mlops_charts.chart.errors import ChartError
from mlops_charts.chart.nodes import Node, When

# For each condition around a node, from the outside in: any of these paths is true.
Given = tuple[frozenset[str], ...]


def condition_of(when: When) -> frozenset[str]:
    """The paths of a condition, one of which must be true."""
    return frozenset(condition.path for condition in when.conditions)


def refuse_empty(entries: Iterable[Any], given: Given) -> None:
    """Raise ChartError unless some condition around a map or list implies one of its conditional entries."""
    chains = [_chain(entry) for entry in entries]
    for known in given:
        if all(any(all(path in link for link in chain) for chain in chains) for path in known):
            return
    raise ChartError(
        "every entry is conditional, so Helm may print null here: make the whole conditional, or one entry not"
    )


def _chain(entry: Any) -> list[frozenset[str]]:
    links = []
    while isinstance(entry, When):
        links.append(condition_of(entry))
        entry = entry.node
    return links


def plain(node: Any) -> Any:
    """A node as one of the exact types dict, list, str, bool, int, float, or as a Node.

    Raises:
        ChartError: for None and for what is no data.
    """
    if node is None:
        raise ChartError("null has no place in a manifest: leave the key out")
    if isinstance(node, Node):
        return node
    if isinstance(node, enum.Enum):
        return plain(node.value)
    for of, into in _RELATIVES.items():
        if isinstance(node, of):
            return into(node)
    for method in ("get_clean_dict", "to_dict"):
        if callable(convert := getattr(node, method, None)):
            return dict(convert())
    raise ChartError(f"an object of type {type(node).__module__}.{type(node).__name__} is no data of a manifest")


# In this order, because a bool is an int to Python.
_RELATIVES: Mapping[type, Callable[[Any], Any]] = {
    bool: bool,
    str: str.__str__,
    int: int,
    float: float,
    Mapping: dict,
    list: list,
    tuple: list,
}
