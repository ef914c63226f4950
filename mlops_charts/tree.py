"""Files to be, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tree:
    """Files to be, by path from the root of the repository, with slashes.

    Attributes:
        files: Generated text.
        seeds: Text of files that belong to people or to the release commands: written once, never again.
        owned: Folders in which a generated file that is in neither is removed.
    """

    files: Mapping[str, str]
    seeds: Mapping[str, str] = field(default_factory=dict)
    owned: tuple[str, ...] = ()

    def __or__(self, other: Tree) -> Tree:
        """Return both trees together."""
        return Tree({**self.files, **other.files}, {**self.seeds, **other.seeds}, (*self.owned, *other.owned))
