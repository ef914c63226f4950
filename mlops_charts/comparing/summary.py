"""Many models in few lines: what many of them share is said once, and how many do what is counted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mlops_charts.comparing.compare import Comparison
from mlops_charts.comparing.words import listed

_FEW: Final = 3  # models that share an effect before it is told once for all of them
_NAMED: Final = 6  # models that a title names
_DIGESTS: Final = re.compile(r": the code digest changes from \S+ to \S+|: [a-z0-9-]+-[0-9a-f]{10}$")
_COUNTED: Final = (
    ("is new", "new"),
    ("is removed", "removed"),
    ("will retrain", "retrained"),
    ("will release", "released again"),
    ("restarts", "restarted"),
    ("warning", "with a warning"),
    ("moves traffic", "with traffic that moves"),
    ("new permission", "with a new permission"),
)


@dataclass(frozen=True)
class Section:
    """Words that belong together.

    Attributes:
        title: A model's name, "apps", or how many models it is about.
        effects: What is caused.
        alone: The comparison, if the section is about one.
    """

    title: str
    effects: tuple[str, ...]
    alone: Comparison | None = None


def sections(comparisons: Sequence[Comparison]) -> list[Section]:
    """Return what to print: what three models or more have in common once, then what each has of its own."""
    sharing: dict[str, list[str]] = {}
    for one in comparisons:
        for effect in dict.fromkeys(_general(effect, one.title) for effect in one.effects):
            sharing.setdefault(effect, []).append(one.title)
    shared = {effect: tuple(names) for effect, names in sharing.items() if len(names) >= _FEW}
    found = [
        Section(_titled(names), tuple(effect for effect, by in shared.items() if by == names))
        for names in dict.fromkeys(shared.values())
    ]
    for one in comparisons:
        own = tuple(effect for effect in one.effects if _general(effect, one.title) not in shared)
        found.append(Section(one.title, own, one))
    return found


def _titled(names: Sequence[str]) -> str:
    return f"{len(names)} models: {listed(names, _NAMED)}"


def _general(effect: str, model: str) -> str:
    """Return the words without what is different from model to model: its name, its digests."""
    return re.sub(rf"(?<![\w-]){re.escape(model)}(?!\w)", "<model>", _DIGESTS.sub("", effect))


def totals(comparisons: Sequence[Comparison]) -> str:
    """Return one line that counts models, and how many do what weighs; empty for fewer than two models."""
    models = [one for one in comparisons if one.title != "apps"]
    if len(models) < 2:  # noqa: PLR2004 - one needs no sum
        return ""
    counted = list(_counted(models))
    return f"{len(models)} models change: {', '.join(counted) or 'nothing is trained, restarted or moved'}"


def _counted(models: Sequence[Comparison]) -> Iterator[str]:
    for begins, word in _COUNTED:
        number = sum(any(effect.startswith(begins) for effect in one.effects) for one in models)
        if number:
            yield f"{number} {word}"
