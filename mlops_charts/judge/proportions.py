"""Two proportions compared, as often as one likes: evidence against "worse by the margin" and against "not worse".

The evidence is an e-process. Its numerator is the likelihood of all trials so far under one mixture that is fixed ahead
of them; its denominator is the greatest likelihood that the hypothesis allows. Under any pair of rates of that
hypothesis the numerator over the likelihood of just this pair is a martingale that begins at 1, and the denominator is
at least that likelihood; so by Ville's inequality the evidence ever reaches 1/alpha with a chance of at most alpha,
however often and whenever one looks, and whatever the order in which trials come to the two slots.

Sources: Wasserman, Ramdas, Balakrishnan, "Universal inference", PNAS 117 (2020), section 8, for the ratio with a
maximum below; Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical
Statistics 41 (1970), for mixtures; Ville, "Etude critique de la notion de collectif" (1939).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, lgamma, log
from typing import Final, Literal

Side = Literal["above", "below"]
_NEAR: Final = 1e-10  # relative; a rate is good enough
_TURNS: Final = 60
_CERTAIN: Final = 1e6  # a logarithm that stands for what cannot be, so that records hold numbers alone


@dataclass(frozen=True, slots=True)
class Trials:
    """Hits among trials; fractions are admitted, for plans."""

    hits: float
    of: float

    @property
    def rate(self) -> float:
        """The share of hits; of no trials, 0."""
        return self.hits / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Prior:
    """A Beta distribution of a rate, and its weight in a mixture."""

    weight: float
    hits: float = 0.5
    misses: float = 0.5

    def log_marginal(self, trials: Trials) -> float:
        """Return the logarithm of the likelihood of a sequence of trials, averaged over the rate."""
        hits, misses = self.hits + trials.hits, self.misses + trials.of - trials.hits
        after = lgamma(hits) + lgamma(misses) - lgamma(hits + misses)
        return after - lgamma(self.hits) - lgamma(self.misses) + lgamma(self.hits + self.misses)


Priors = tuple[Prior, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the numerator of the evidence mixes; fixed ahead of the trials.

    Attributes:
        level: Where the stable slot's rate may lie.
        candidate: Where that of the new version may lie, whatever the other's.
        equal: Weight of the case that both have one rate, which then lies at `level`.
    """

    level: Priors
    candidate: Priors
    equal: float = 0.0

    def log_marginal(self, stable: Trials, candidate: Trials) -> float:
        """Return the logarithm of the averaged likelihood of both slots' trials."""
        apart = log_mixed(self.level, stable) + log_mixed(self.candidate, candidate)
        if not self.equal:
            return apart
        both = log_mixed(self.level, Trials(stable.hits + candidate.hits, stable.of + candidate.of))
        return add_logs(log(self.equal) + both, log(1 - self.equal) + apart)


@dataclass(frozen=True, slots=True)
class Line:
    """The edge of a hypothesis: the new version's rate is slope * the stable one's + offset."""

    slope: float = 1.0
    offset: float = 0.0


def levels(before: Trials, weight: float = 1.0) -> Priors:
    """Return where a rate may lie that was `before`: there, near there, or anywhere (Jeffreys)."""
    if not before.of:
        return (Prior(weight),)
    shares = ((0.6, 1.0), (0.25, 1 / 32), (0.15, 0.0))
    misses = before.of - before.hits
    return tuple(Prior(weight * part, 0.5 + by * before.hits, 0.5 + by * misses) for part, by in shares)


def around(rate: float, deviation: float, weight: float) -> Prior:
    """Return a prior about a rate with a standard deviation."""
    mean = min(max(rate, 1e-6), 1 - 1e-6)
    strength = max(mean * (1 - mean) / deviation**2 - 1, 1.0)
    return Prior(weight, strength * mean, strength * (1 - mean))


def log_evidence(marginal: float, stable: Trials, candidate: Trials, line: Line, side: Side) -> float:
    """Return the logarithm of the evidence against the new version's rate being on a side of a line.

    Args:
        marginal: Layout.log_marginal of the same trials.
        stable: Trials of the stable slot.
        candidate: Trials of the new version.
        line: The edge of the hypothesis, which belongs to it.
        side: The hypothesis: the new version's rate is above the line, or below.
    """
    excess = candidate.rate - line.slope * stable.rate - line.offset
    if (excess >= 0) if side == "above" else (excess <= 0):
        return marginal - log_likelihood(stable, stable.rate) - log_likelihood(candidate, candidate.rate)
    return min(marginal - greatest(stable, candidate, line), _CERTAIN)


def greatest(stable: Trials, candidate: Trials, line: Line) -> float:
    """Return the greatest log-likelihood of two rates on a line."""
    rate = likeliest(stable, candidate, line)
    other = min(max(line.slope * rate + line.offset, 0.0), 1.0)
    return log_likelihood(stable, rate) + log_likelihood(candidate, other)


def likeliest(stable: Trials, candidate: Trials, line: Line) -> float:
    """Return the stable slot's rate at the likeliest place of a line; the log-likelihood is concave along it."""
    if line.slope == 1 and line.offset == 0:
        return (stable.hits + candidate.hits) / (stable.of + candidate.of)
    low, high = max(0.0, -line.offset / line.slope), min(1.0, (1 - line.offset) / line.slope)
    rate = min(max(stable.rate, low), high)
    for _ in range(_TURNS):
        if not low < rate < high:
            rate = (low + high) / 2
        slope, curve = _ascent(stable, candidate, line, rate)
        if slope > 0:
            low = rate
        else:
            high = rate
        step = slope / curve if curve else inf
        if abs(step) <= _NEAR * rate or high - low <= _NEAR * high:
            break
        rate += step
    return min(max(rate, low), high)  # at an edge, as without any hits, a last step would lead beyond it


def log_mixed(priors: Priors, trials: Trials) -> float:
    """Return the logarithm of the likelihood of a sequence of trials under a mixture."""
    logs = [prior.log_marginal(trials) for prior in priors]
    most = max(logs)
    return most + log(sum(prior.weight * exp(one - most) for prior, one in zip(priors, logs, strict=True)))


def log_likelihood(trials: Trials, rate: float) -> float:
    """Return the log-likelihood of a sequence of trials at a rate."""
    return _times_log(trials.hits, rate) + _times_log(trials.of - trials.hits, 1 - rate)


def add_logs(one: float, other: float) -> float:
    """Return the logarithm of the sum of two numbers that are given by theirs."""
    most = max(one, other)
    return most + log(exp(one - most) + exp(other - most))


def last_true(holds: Callable[[float], bool], inside: float, outside: float, turns: int = 30) -> float:
    """Return the edge, to one side, of where something holds; `outside` if it holds there too."""
    if holds(outside):
        return outside
    for _ in range(turns):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if holds(middle) else (inside, middle)
    return outside


def _times_log(count: float, share: float) -> float:
    if not count:
        return 0.0
    return count * log(share) if share > 0 else -inf


def _ascent(stable: Trials, candidate: Trials, line: Line, rate: float) -> tuple[float, float]:
    """Return the slope of the log-likelihood along a line, and its curvature with the sign turned."""
    other, by = line.slope * rate + line.offset, line.slope
    parts = (
        (stable.hits, rate, 1.0), (stable.of - stable.hits, 1 - rate, -1.0),
        (candidate.hits, other, by), (candidate.of - candidate.hits, 1 - other, -by),
    )  # fmt: skip
    slope = curve = 0.0
    for count, share, sign in parts:
        if count:
            part = sign / max(share, 1e-300)
            slope += count * part
            curve += count * part * part
    return slope, curve
