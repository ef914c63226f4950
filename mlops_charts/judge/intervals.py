"""Where an effect lies: all values that the evidence of the same trials has not excluded.

A value is excluded where the evidence against the line of rates on which it is true has reached 1/alpha. That evidence
is the one by which a check passes, so the two agree: a check has passed just where its interval ends ahead of its
margin. It is a confidence sequence: the true effect is in every interval that is ever looked at, with the policy's
confidence (Darling and Robbins, "Confidence sequences for mean, variance, and median", PNAS 58, 1967).
"""

from __future__ import annotations

from dataclasses import dataclass

from mlops_charts.judge.proportions import Line, Trials, last_true, log_evidence

_WIDEST = 100.0  # times the estimate; an interval of ratios goes no further


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an interval is made of.

    Attributes:
        marginal: Logarithm of the numerator of the evidence.
        stable: Trials of the stable slot.
        candidate: Trials of the new version.
        need: Logarithm of the evidence by which a value is excluded.
    """

    marginal: float
    stable: Trials
    candidate: Trials
    need: float

    def admits(self, line: Line) -> bool:
        """Tell whether rates on a line are not excluded."""
        excess = self.candidate.rate - line.slope * self.stable.rate - line.offset
        side = "above" if excess < 0 else "below"
        return log_evidence(self.marginal, self.stable, self.candidate, line, side) < self.need  # type: ignore[arg-type]


def difference(evidence: Evidence) -> tuple[float, float]:
    """Return between what the new version's rate minus the stable one's lies."""
    found = evidence.candidate.rate - evidence.stable.rate
    low, high = (last_true(lambda at: evidence.admits(Line(1, at)), found, end) for end in (-1.0, 1.0))
    return low, high


def drop(evidence: Evidence) -> tuple[float, float]:
    """Return between what the share lies by which the new version's rate is below the stable one's, which is not 0."""
    found = evidence.candidate.rate / evidence.stable.rate
    low, high = (
        last_true(lambda at: evidence.admits(Line(max(at, 1e-9))), found, end)
        for end in (0.0, _WIDEST * max(found, 0.01))
    )
    return 1 - high, 1 - low
