"""What the judge says: of each check, and of them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Decision = Literal["advance", "hold", "rollback"]
Finding = Literal["pass", "undecided", "fail", "noData"]


@dataclass(frozen=True)
class Compared:
    """What one check found.

    Attributes:
        check: What the check is called, PolicyCheck.title.
        finding: pass: shown to be within the margin. fail: shown to be worse. undecided: neither yet. noData: the
            counts cannot be used.
        critical: Whether a failure ends the release at once.
        stable: The figure of the stable slot, in `unit`; None without data.
        candidate: That of the new version; None where it has none of its own, as for drift.
        effect: The difference that the margin is about, in `effect_unit`; None without data.
        interval: Where the effect lies with the policy's confidence; None without data.
        margin: The largest effect that is admitted.
        unit: Of the figures: percent, seconds.
        effect_unit: Of effect, interval and margin: points, ratio, PSI, percent.
        log_pass: Natural logarithm of the evidence that it is within the margin; at `need_pass` it passes.
        log_fail: That of the evidence that it is worse; at `need_fail` it fails.
        need_pass: Threshold of log_pass.
        need_fail: Threshold of log_fail, after Holm's correction over the checks and all steps.
        samples: How many requests, rows or trials of the stable slot and of the new version it rests on.
        note: What else is to be said; empty if nothing.
    """

    check: str
    finding: Finding
    critical: bool
    margin: float
    effect_unit: str
    unit: str = ""
    stable: float | None = None
    candidate: float | None = None
    effect: float | None = None
    interval: tuple[float, float] | None = None
    log_pass: float = 0.0
    log_fail: float = 0.0
    need_pass: float = 0.0
    need_fail: float = 0.0
    samples: tuple[int, int] = (0, 0)
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """What is to be done.

    Attributes:
        decision: advance: every check passed and the interval is over. rollback: one failed. hold: neither yet.
        reason: The same in words, with the figures that decided.
        checks: What each check found, in the policy's order.
    """

    decision: Decision
    reason: str
    checks: tuple[Compared, ...]
