"""Files to be, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Owned:
    """Where generated files may be removed once they are generated no longer.

    Attributes:
        folder: The folder, from the root.
        source: The file that they say they come from; others are somebody else's.
        prefix: How their names begin; empty for every name, also in the folders below.
    """

    folder: str
    source: str
    prefix: str = ""


@dataclass(frozen=True)
class Tree:
    """Files to be, by path from the root of the repository, with slashes.

    Attributes:
        files: Generated text.
        seeds: Text of files that belong to people or to the release commands: written once, never again.
        owned: Where a generated file that is in neither is removed.
        with_file: Seeds that are written together with a generated file alone: where that one stands and the seed
            does not, the seed was lost, and is nobody's to make up.
    """

    files: Mapping[str, str]
    seeds: Mapping[str, str] = field(default_factory=dict)
    owned: tuple[Owned, ...] = ()
    with_file: Mapping[str, str] = field(default_factory=dict)

    def __or__(self, other: Tree) -> Tree:
        """Return both trees together."""
        return Tree(
            {**self.files, **other.files},
            {**self.seeds, **other.seeds},
            (*self.owned, *other.owned),
            {**self.with_file, **other.with_file},
        )
