"""Whether a step is tried again, and after which pause."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from mlops_charts.local.durations import seconds
from mlops_charts.local.expressions import true
from mlops_charts.local.filling import plain
from mlops_charts.local.flow import Manifest

LONGEST_PAUSE: Final = 10.0  # seconds; whoever sits before the screen does not wait for a cluster to calm down


@dataclass(frozen=True)
class Try:
    """How a try ended.

    Attributes:
        status: Failed, or Error where no process ended by itself.
        exit_status: Of the process; None if there was none.
        seconds: How long it took.
        message: In a line.
    """

    status: str
    exit_status: int | None
    seconds: float
    message: str


def pause(strategy: Manifest | None, tries: int, spent: float, last: Try) -> float | None:
    """Return the seconds to wait before the next try; None if there is none.

    Args:
        strategy: The retryStrategy; None tries once.
        tries: How many there were.
        spent: Seconds since the first began.
        last: How the last one ended.
    """
    if strategy is None or tries > _limit(strategy) or not _meant(strategy, last):
        return None
    backoff = strategy.get("backoff") or {}
    wait = seconds(backoff.get("duration", 0)) * float(backoff.get("factor") or 1) ** (tries - 1)
    wait = min(wait, seconds(backoff["cap"]) if "cap" in backoff else math.inf)
    if "maxDuration" in backoff and spent + wait > seconds(backoff["maxDuration"]):
        return None
    return min(wait, LONGEST_PAUSE)


def _limit(strategy: Manifest) -> float:
    return float(strategy["limit"]) if "limit" in strategy else math.inf


def _meant(strategy: Manifest, last: Try) -> bool:
    expression = strategy.get("expression", "")
    policy = strategy.get("retryPolicy") or ("Always" if expression else "OnFailure")
    wanted = {"Always": True, "OnFailure": last.status == "Failed", "OnError": last.status == "Error"}
    if not wanted.get(policy, False):
        return False
    names = {
        "lastRetry.exitCode": "-1" if last.exit_status is None else plain(last.exit_status),
        "lastRetry.status": last.status,
        "lastRetry.duration": plain(round(last.seconds)),
        "lastRetry.message": last.message,
    }
    return true(expression, names) if expression else True
