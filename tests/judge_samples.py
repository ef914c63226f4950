"""Policies and windows that the judge is tested with."""

from __future__ import annotations

from typing import Any

from mlops_charts import contract
from mlops_charts.judge.counts import Counts, Window
from mlops_charts.judge.samples import Baseline, expected_tails
from mlops_charts.judge.scenario import Scenario, world
from mlops_charts.release.policy import Policy, PolicyCheck

ERRORS = PolicyCheck(metric="errorRate", max_increase_points=1.0, critical=True)
LATENCY = PolicyCheck(metric="latency", quantile=0.95, max_ratio=1.2)
DRIFT = PolicyCheck(metric="predictionDrift", max_psi=0.2)
BUSINESS = PolicyCheck(metric="business", name="sold", max_drop_percent=10)


def policy(*checks: PolicyCheck, **other: Any) -> Policy:
    """Return a policy like that of the sample iris; without checks it has the default ones."""
    fields: dict[str, Any] = {
        "strategy": "canary",
        "steps": (5, 25, 50),
        "interval_seconds": 300,
        "bake_seconds": 1800,
        "max_duration_seconds": 6 * 3600,
        "checks": checks or (ERRORS, LATENCY, DRIFT),
    }
    return Policy(**{**fields, **other})


def counts(requests: int, errors: float = 0.01, ratio: float = 1.0, psi: float = 0.0, sold: float = 0.1) -> Counts:
    """Return what is expected of a slot: each count is the nearest whole number."""
    there = world(policy(), Scenario(latency_ratio=ratio, psi=psi))
    slot = there.candidate
    return Counts(
        requests,
        round(errors * requests),
        tuple(round(share * requests) for share in slot.latency),
        {name: round(share * requests) for name, share in zip(there.classes, slot.predictions, strict=True)},
        {"sold": (round(sold * requests), requests)},
    )


def window(candidate: Counts, *, requests: int = 40_000, seconds: float = 3600, **other: Any) -> Window:
    """Return a window beside a stable version that does what is expected."""
    known = {"stable": counts(requests), "before": counts(72_000)}
    return Window(0.0, seconds, candidate=candidate, bounds=contract.LATENCY_BUCKETS, **{**known, **other})


def usual_tails(requests: float) -> Any:
    """Return the durations that are assumed of a stable version."""
    return expected_tails(policy(), Baseline(), requests)
