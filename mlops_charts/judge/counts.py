"""What the judge looks at: counts of both slots over the same minutes, wherever they were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MOST: Final = (
    1e12  # that one slot can have counted; of more, logarithms of likelihoods are too coarse to differ rightly
)


@dataclass(frozen=True)
class Counts:
    """What one slot did in a span of time.

    Attributes:
        requests: Requests that were answered, whatever the answer.
        errors: Those answered with a status of 500 or more.
        latency: Requests by bucket of their duration, not cumulated, in the order of the window's bounds; one more at
            the end for those beyond the last bound. Empty where durations are not known.
        predictions: Rows by class, or by upper bound of the bucket that the value fell into.
        business: Of each figure, how many successes there were of how many trials.
    """

    requests: int = 0
    errors: int = 0
    latency: tuple[int, ...] = ()
    predictions: Mapping[str, int] = field(default_factory=dict)
    business: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    """Both slots since a step of the release began.

    Attributes:
        begin: When the step began, in seconds since 1970.
        end: The newest moment that the counts are of, in the clock of whoever measured.
        stable: The slot that answered users when the release started.
        candidate: The slot of the new version.
        before: The stable slot ahead of the window, by which a test is laid out; it decides nothing.
        bounds: Upper bounds of the buckets of durations, in seconds.
        flaws: Why the counts cannot be trusted, in words: missing, stale, partial, not a number. None is the good case.
        concurrent: Whether both slots were measured in the same minutes; false while baking, when the old version has
            no traffic any more and `stable` is what it did ahead of the switch.
    """

    begin: float
    end: float
    stable: Counts = Counts()
    candidate: Counts = Counts()
    before: Counts = Counts()
    bounds: tuple[float, ...] = ()
    flaws: tuple[str, ...] = ()
    concurrent: bool = True
