"""Figures of the business, by the user's own PromQL.

`success` and `total` of a check are counters: what is counted is by how much they grew over the window, restarts
included, with {slot} replaced by blue or green. A `sum(...)` around the whole query is taken off, and the series in it
are added up here, because a sum of counters falls when one pod restarts and says no more which one. Where a query
computes anything else, a fall cannot be told from a restart, and nothing is decided by it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from mlops_charts.release.policy import PolicyCheck
from mlops_charts.releasing.counting import growth
from mlops_charts.releasing.metrics import Question, Stretch
from mlops_charts.releasing.promql import Api, Found, Grid
from mlops_charts.releasing.reading import Unread

_SUM: Final = re.compile(r"\s*sum\s*(?=\()")
_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`')


@dataclass(frozen=True)
class Rates:
    """What the figures were in a slot.

    Attributes:
        business: By the name of the figure, successes and trials.
        flaws: Why they cannot be trusted, each a clause about the slot.
    """

    business: Mapping[str, tuple[int, int]]
    flaws: tuple[str, ...]


def business(api: Api, question: Question, over: Stretch, looks: Grid) -> Rates:
    """Return what the figures of a policy were in a slot.

    Args:
        api: Prometheus.
        question: What is asked.
        over: The slot.
        looks: The minutes.

    Raises:
        Unread: Prometheus does not answer, or not to these queries.
    """
    rates: dict[str, tuple[int, int]] = {}
    flaws: list[str] = []
    for check in question.checks("business"):
        try:
            # In this order, so that what is scraped in between makes no more successes than trials.
            success, total = (_grown(api, query, over, looks) for query in (check.success, check.total))
        except Unread as error:
            raise Unread(f"{error}, asked for the check {check.title}; look at its queries") from None
        wrong = [*_wrong(check, "success", success), *_wrong(check, "total", total), *_together(check, success, total)]
        flaws += wrong
        if not wrong:
            rates[check.name or ""] = (round(success or 0), round(total or 0))
    return Rates(rates, tuple(flaws))


def bare(query: str) -> str:
    """Return what a sum over everything adds up; a query that is no such sum stays as it is."""
    found = _SUM.match(query)
    blanked = _TEXT.sub(lambda text: "x" * len(text[0]), query)
    if not found or "#" in blanked:
        return query
    depth = 0
    for place in range(found.end(), len(blanked)):
        depth += {"(": 1, ")": -1}.get(blanked[place], 0)
        if not depth:
            return query[found.end() + 1 : place] if not blanked[place + 1 :].strip() else query
    return query


def _grown(api: Api, query: str | None, over: Stretch, looks: Grid) -> float | None:
    """Return by how much a query's series grew; not a number if that cannot be told, None without any series."""
    found = api.ranged(bare((query or "").replace("{slot}", over.slot)), looks)
    return math.fsum(_of_a_series(one, looks) for one in found) if found else None


def _of_a_series(one: Found, looks: Grid) -> float:
    if not all(0 <= value < math.inf for value in one.values.values()):
        return math.nan
    counter = "__name__" in one.labels  # PromQL leaves it to what was not computed with
    values = [one.values[look] for look in sorted(one.values) if look >= looks.begin]
    if not counter and any(after < before for before, after in pairwise(values)):
        return -math.inf
    return sum(growth({("", ()): one.values}, looks.begin, looks.looks - 1).values())


def _wrong(check: PolicyCheck, part: str, grown: float | None) -> Iterator[str]:
    if grown is None and part == "total":
        return
    if grown == -math.inf:
        yield (
            f"has {check.title} by a {part} that falls; write the counter itself or sum(counter),"
            " because whatever else is computed of counters falls when a pod restarts"
        )
    elif grown is not None and not math.isfinite(grown):
        yield f"has {check.title} by a {part} that is negative or no number; mend what exposes it"


def _together(check: PolicyCheck, success: float | None, total: float | None) -> Iterator[str]:
    if not (math.isfinite(success or 0) and math.isfinite(total or 0)):
        return
    if success is None and total:
        yield f"has {check.title} with trials and no series of successes; let the counter begin at 0"
    if success is not None and round(success) > round(total or 0):
        yield f"has {check.title} with more successes than trials; success counts a part of what total counts"
