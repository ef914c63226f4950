"""The nearest right word to a wrong one: "did you mean". It knows words alone."""

import difflib
import re
from collections.abc import Iterable

_LONGEST = 100
_SEPARATORS = re.compile(r"[-_\s]+")
_FALLBACK_RATIO = 0.7


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that ``word`` most likely stands for, or None if none is near.

    Near is: a few letters inserted, deleted, replaced or swapped (one in any word, two from five letters on, three from
    ten on); another case; hyphens, underscores or camelCase in place of each other. The answer does not depend on the
    order of the candidates.
    """
    words = sorted(set(candidates))
    if len(word) > _LONGEST:
        return None
    limit = _limit(len(word))
    ranked = [(rank, candidate) for candidate in words if (rank := _rank(word, candidate, limit)) is not None]
    return min(ranked)[1] if ranked else _alike(word, words)


def _limit(length: int) -> int:
    return 1 + (length >= 5) + (length >= 10)  # noqa: PLR2004 - the docstring of nearest states the lengths


def _rank(word: str, candidate: str, limit: int) -> tuple[int, int, int, int] | None:
    exact = distance(word, candidate, limit)
    folded = distance(_fold(word), _fold(candidate), limit - 1) + 1
    score = min(exact, folded)
    if score > limit:
        return None
    return score, exact, abs(len(word) - len(candidate)), -_shared_start(word, candidate)


def _shared_start(left: str, right: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


def _fold(word: str) -> str:
    return _SEPARATORS.sub("", word).casefold()


def _alike(word: str, words: list[str]) -> str | None:
    folded = {_fold(candidate): candidate for candidate in reversed(words)}
    found = difflib.get_close_matches(_fold(word), list(folded), n=1, cutoff=_FALLBACK_RATIO)
    return folded[found[0]] if found else None


def distance(left: str, right: str, limit: int) -> int:
    """Letters to insert, delete, replace or swap with a neighbour, no letter twice; ``limit + 1`` stands for more."""
    if left == right:
        return 0
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i in range(1, len(left) + 1):
        before, row = row, _next_row(left, right, i, before, row)
        if min(row) > limit and min(before) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def _next_row(left: str, right: str, i: int, two_up: list[int], up: list[int]) -> list[int]:
    row = [i]
    letter = left[i - 1]
    for j in range(1, len(right) + 1):
        cost = min(up[j] + 1, row[j - 1] + 1, up[j - 1] + (letter != right[j - 1]))
        if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == right[j - 1]:
            cost = min(cost, two_up[j - 2] + 1)
        row.append(cost)
    return row
