"""What comes before the end of a release: the next environment's begins."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from release_worlds import POLICY

from mlops_charts.release.asked import Freeze, Place
from mlops_charts.releasing.handing_over import frozen_seconds


@pytest.mark.parametrize("begin", ["2026-11-01T10:00:00", "2026-11-01T10:00:00Z", "2026-11-01T12:00:00+02:00"])
def test_a_moment_without_a_zone_is_in_utc(begin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As everywhere in a release file, wherever the judge runs."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        freeze = Freeze.model_validate({"from": "2026-11-01T09:00:00Z", "to": "2026-11-01T12:00:00Z"})
        place = Place(
            name="prod",
            namespace="iris",
            policy=POLICY,
            approval=False,
            freeze=(freeze,),
            autoscaled=False,
            replicas=1,
        )
        assert frozen_seconds(place, begin, datetime(2026, 11, 1, 21, tzinfo=UTC)) == 7200
    finally:
        monkeypatch.undo()
        time.tzset()
