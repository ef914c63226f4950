"""The card of a version as plain data: what is known of it from its rows to its traffic, and what is not.

Whatever nobody has written down is missing here and says why; nothing is made up. It must not know where facts come
from, nor how a page looks.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One thing that is known, or is not.

    Attributes:
        name: What it is.
        text: What is known; empty where nothing is.
        missing: Why nothing is known; empty where something is.
        code: Whether the text is a name or a digest, to be copied and not read.
    """

    name: str
    text: str = ""
    missing: str = ""
    code: bool = False


@dataclass(frozen=True)
class Section:
    """A part of a card.

    Attributes:
        title: Its heading.
        facts: What is known.
        head: Names of the columns of its table; empty without one.
        rows: The table's rows.
        note: What is to be borne in mind.
    """

    title: str
    facts: tuple[Fact, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Card:
    """All that is known of a version.

    Attributes:
        model: The model's name.
        version: The semantic version.
        description: What the model is for.
        made: When the card was made, in UTC.
        verdict: Where it stands, in a sentence.
        sound: Whether everything that could be checked holds.
        chain: From the rows to the traffic, step by step.
        sections: The parts.
    """

    model: str
    version: str
    description: str
    made: str
    verdict: str
    sound: bool
    chain: tuple[Fact, ...]
    sections: tuple[Section, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """What nobody has written down, a line each."""
        parts = (("lineage", self.chain), *((one.title, one.facts) for one in self.sections))
        return tuple(
            f"{title}: {fact.name}: {fact.missing}" for title, facts in parts for fact in facts if not fact.text
        )
