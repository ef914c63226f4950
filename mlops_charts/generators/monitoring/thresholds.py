"""The numbers of the alerts, each a value that an environment may set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlops_charts.chart import Value, value
from mlops_charts.generators.values import SPAN, drift_window, span
from mlops_charts.spec.scalars import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_charts.planning import EnvironmentPlan

NUMBER: Final = r"^[0-9]+(\.[0-9]+)?$"
_STUCK_MARGIN = 1800  # seconds in which the judge takes back what has lasted too long


@dataclass(frozen=True)
class Burn:
    """How fast the budget of errors may be spent before somebody is called.

    The factors and windows are those of the SRE Workbook, chapter 5, for an objective over 30 days.

    Attributes:
        window: The long window, which says that it matters.
        recent: The short window, which says that it still goes on.
        factor: Times the rate that spends the budget in exactly 30 days.
        severity: Of the alert.
    """

    window: str
    recent: str
    factor: float
    severity: str


BURNS: Final = (
    Burn("1h", "5m", 14.4, "critical"),
    Burn("6h", "30m", 6, "critical"),
    Burn("1d", "2h", 3, "warning"),
    Burn("3d", "6h", 1, "warning"),
)


@dataclass(frozen=True)
class Thresholds:
    """The numbers of one environment.

    Attributes:
        errors: For each long window, the share of failed requests above which the budget burns too fast.
        objective: The promised availability, in percent.
        quantile: The quantile of latency that is watched.
        max_seconds: What it may be.
        max_psi: The largest population stability index.
        drift_window: The time over which it is taken.
        stuck_after: How long a release may be in flight.
    """

    errors: Mapping[str, Value]
    objective: Value
    quantile: Value
    max_seconds: Value
    max_psi: Value
    drift_window: Value
    stuck_after: Value


def thresholds(environment: EnvironmentPlan) -> Thresholds:
    """Return the numbers of one environment."""
    monitoring, stuck = environment.spec.monitoring, environment.max_duration_seconds + _STUCK_MARGIN
    objectives, drift = monitoring.objectives, monitoring.drift
    latency, origin = objectives.latency, "monitoring.objectives"
    available, slowest = objectives.availability_percent, number(seconds(latency.max))
    return Thresholds(
        errors={burn.window: _errors(burn, available) for burn in BURNS},
        objective=_number(
            "errors.objectivePercent",
            number(available),
            "Availability promised, in percent.",
            f"{origin}.availabilityPercent",
        ),
        quantile=_number(
            "latency.quantile",
            number(latency.quantile),
            "Quantile of latency that is watched.",
            f"{origin}.latency.quantile",
        ),
        max_seconds=_number(
            "latency.maxSeconds", slowest, "The most that it may be, in seconds.", f"{origin}.latency.max"
        ),
        max_psi=_number(
            "drift.maxPsi",
            number(drift.max_psi),
            "Population stability index above which there is drift.",
            "monitoring.drift.maxPsi",
        ),
        drift_window=drift_window(environment),
        stuck_after=_span(
            "release.stuckAfter", span(stuck), "How long a release may be in flight.", "release.maxDuration"
        ),
    )


def threshold_of(burn: Burn, availability_percent: float) -> float:
    """Return the share of failed requests at which a budget burns so fast.

    A loose promise would make a share above 1, which no failure reaches; halfway to a total outage is then the limit.
    """
    budget = 1 - availability_percent / 100
    return min(burn.factor * budget, (1 + budget) / 2)


def number(found: float) -> str:
    """Return a number without an exponent, to ten places."""
    text = f"{found:.10f}".rstrip("0").rstrip(".")
    return text or "0"


def _errors(burn: Burn, availability_percent: float) -> Value:
    return _number(
        f"errors.ratio{burn.window}",
        number(threshold_of(burn, availability_percent)),
        f"Share of failed requests over {burn.window} above which somebody is called.",
        "monitoring.objectives.availabilityPercent",
    )


def _number(path: str, default: str, description: str, origin: str) -> Value:
    return value(f"monitoring.{path}", default, description, pattern=NUMBER, origin=origin)


def _span(path: str, default: str, description: str, origin: str) -> Value:
    return value(f"monitoring.{path}", default, description, pattern=SPAN, origin=origin)
