"""How far the predictions of two versions lie apart: the population stability index, sum of (p - q) ln(p / q).

Pass: the square root of the index is near zero a Euclidean distance, in which n rows of one slot and m of the other
have noise of variance 1 / h with h = n m / (n + m); the index times h is about chi-squared (Yurdakul and Naranjo,
Journal of Risk Model Validation 14, 2020). For an estimate at distance d the ratio of likelihoods of 0 to any point at
a distance of r = sqrt(margin) or more is at least exp(h (r^2 / 2 - r d)): the evidence. This is an approximation, too
hopeful where all of the index comes of one rare class; so each class by itself against the rest must be unlike what
would make up the margin alone, by the likelihood ratio of its share in either slot. The lesser evidence counts.

Fail: the evidence against one and the same distribution is exact, of the kind of `proportions`: a mixture of Dirichlet
distributions about what the stable slot did before, over the greatest likelihood of one distribution for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import exp, lgamma, log, sqrt

from mlops_charts.judge.counts import MOST, Window
from mlops_charts.judge.proportions import add_logs
from mlops_charts.judge.verdict import Compared
from mlops_charts.release.policy import PolicyCheck

_PSEUDO = 0.5  # rows in every class, so that logarithms are finite
_SEEN = 0.01  # what has a smaller share may vanish: it would take too many rows to see that it has not
_LEAST = 1e-6  # a smaller margin is taken as this one
_FARTHEST, _TURNS = 60.0, 24
_SHARES = ((0.6, 1.0), (0.25, 1 / 32), (0.15, 0.0))  # of a mixture: there, near there, anywhere


def compare_drift(check: PolicyCheck, window: Window, alpha: float, *, interval: bool = True) -> Compared:
    """Compare the classes, or buckets of values, that both versions predict: may they lie apart by the margin?"""
    margin = check.max_psi or 0
    blank = Compared(check.title, "noData", check.critical, margin, "PSI", need_pass=log(1 / alpha))
    slots = {"stable": window.stable.predictions, "new": window.candidate.predictions}
    notes = [f"{found} of the {name} version" for name, counts in slots.items() if (found := _flaw(counts))]
    if notes:
        return replace(blank, note="; ".join(notes))
    before = {} if _flaw(window.before.predictions) else window.before.predictions
    names = sorted({*before, *slots["stable"], *slots["new"]})
    known, stable, candidate = ([float(one.get(name, 0)) for name in names] for one in (before, *slots.values()))
    n, m = sum(stable), sum(candidate)
    harmonic, index = n * m / (n + m), psi(stable, candidate)
    return replace(
        blank,
        finding="undecided",
        effect=max(0.0, index - (len(names) - 1) / harmonic),
        interval=bounds(index, len(names), harmonic, blank.need_pass) if interval else None,
        log_pass=log_within(stable, candidate, index, margin),
        log_fail=log_apart(stable, candidate, known, margin),
        samples=(int(n), int(m)),
    )


def psi(stable: Sequence[float], candidate: Sequence[float]) -> float:
    """Return the population stability index of two lists of counts, with half a row more in every class."""
    extra = _PSEUDO * len(stable)
    n, m = sum(stable) + extra, sum(candidate) + extra
    shares = (((x + _PSEUDO) / n, (y + _PSEUDO) / m) for x, y in zip(stable, candidate, strict=True))
    return sum((p - q) * log(p / q) for p, q in shares)


def log_near(index: float, harmonic: float, margin: float) -> float:
    """Return the logarithm of the evidence that the index is below a margin."""
    return harmonic * (margin / 2 - sqrt(margin * index))


def log_within(stable: Sequence[float], candidate: Sequence[float], index: float, margin: float) -> float:
    """Return the logarithm of the evidence that the index is below a margin, and that no class alone may make it up."""
    n, m = sum(stable), sum(candidate)
    near = log_near(index, n * m / (n + m), margin)
    if near <= 0:
        return near
    for x, y in zip(stable, candidate, strict=True):
        level = (x + y + _PSEUDO) / (n + m + 1)
        for way in (1, -1):
            if (level if way < 0 else 1 - level) < _SEEN:
                continue
            share = _share(level, margin, way)
            pulls = log(level / share), log((1 - level) / (1 - share))
            # A row of one slot is worth less where the other slot's share is uncertain as well.
            near = min(
                near,
                m / (n + m) * (x * pulls[0] + (n - x) * pulls[1]),
                n / (n + m) * (y * pulls[0] + (m - y) * pulls[1]),
            )
    return near


def _share(level: float, margin: float, way: int) -> float:
    """Return the larger (1) or smaller (-1) share beside which a level has an index, of two classes, of the margin."""
    start, low, high = log(level / (1 - level)), 0.0, _FARTHEST
    for _ in range(_TURNS):
        middle = (low + high) / 2
        share = 1 / (1 + exp(-start - way * middle))
        low, high = (middle, high) if way * (share - level) * middle < margin else (low, middle)
    return min(max(1 / (1 + exp(-start - way * low)), 1e-12), 1 - 1e-12)


def bounds(index: float, classes: int, harmonic: float, need: float) -> tuple[float, float]:
    """Return between what the index lies: above all margins that are excluded, and above 0 where noise is."""
    near, noise = sqrt(index), sqrt(2 * need / harmonic)
    low = sqrt(max(0.0, index - (classes - 1) / harmonic)) - noise
    return max(0.0, low) ** 2, (near + sqrt(index + 2 * need / harmonic)) ** 2


def log_apart(stable: Sequence[float], candidate: Sequence[float], before: Sequence[float], margin: float) -> float:
    """Return the logarithm of the evidence that both slots do not have one distribution."""
    total = sum(before)
    if total:
        level = _mixed(stable, [(weight, [_PSEUDO + by * x for x in before]) for weight, by in _SHARES])
        held = max(1.0, (len(before) - 1) / max(margin, _LEAST))
        spread = [held * (x + _PSEUDO) / (total + _PSEUDO * len(before)) for x in before]
        moved = _mixed(candidate, [(0.6, spread), (0.4, [_PSEUDO] * len(before))])
    else:
        level, moved = (_log_marginal(counts, [_PSEUDO] * len(before)) for counts in (stable, candidate))
    both = [x + y for x, y in zip(stable, candidate, strict=True)]
    rows = sum(both)
    return level + moved - sum(x * log(x / rows) for x in both if x)


def _mixed(counts: Sequence[float], priors: Sequence[tuple[float, Sequence[float]]]) -> float:
    found = None
    for weight, prior in priors:
        one = log(weight) + _log_marginal(counts, prior)
        found = one if found is None else add_logs(found, one)
    return found or 0.0


def _log_marginal(counts: Sequence[float], prior: Sequence[float]) -> float:
    """Return the log-likelihood of a sequence of rows, averaged over a Dirichlet distribution."""
    pairs = zip(counts, prior, strict=True)
    held = sum(prior)
    return lgamma(held) - lgamma(held + sum(counts)) + sum(lgamma(a + x) - lgamma(a) for x, a in pairs if x)


def _flaw(counts: Mapping[str, float]) -> str:
    if not all(0 <= count <= MOST for count in counts.values()) or sum(counts.values()) > MOST:
        return "predictions that are not counts"
    return "" if sum(counts.values()) else "no predictions"
