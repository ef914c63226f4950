"""Which event has led from one state to the next: the state machine is asked for each that may have. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from mlops_charts.release import ReleaseState
from mlops_charts.release.events import (
    Advance,
    Approve,
    Baked,
    Event,
    Pause,
    Ready,
    Regress,
    Resume,
    RollBack,
    Settle,
    Start,
    Unreject,
)
from mlops_charts.release.machine import transition
from mlops_charts.release.phases import Ingress
from mlops_charts.release.policy import Policy
from mlops_charts.release.start import flying_version, free_slot, identity_in, stable_version
from mlops_charts.release.state import SLOTS
from mlops_charts.releasing.commits import event_name


def leading(
    before: ReleaseState, after: ReleaseState, ingress: Ingress, at: str, *, claimed: str = "", evidence: str = ""
) -> Event | None:
    """Return an event that leads from one state to the next; None if there is none.

    Args:
        before: The first state.
        after: The state that follows.
        ingress: How traffic is divided.
        at: When it was committed, in UTC.
        claimed: What the commit says has happened; it is tried first, and what only the judge does last.
        evidence: Digest of the record that the commit names.
    """
    events = sorted(_events(before, after, evidence), key=lambda event: _unlikely(event, claimed))
    times = dict.fromkeys(filter(None, _times(before, after, at)))
    for event in events:
        for moment in times:
            try:
                found = transition(before, event, ingress=ingress, at=moment)
            except ValueError:
                continue  # a time in the file that is none
            if found.outcome == "moved" and _same(found.state, after, event):
                return event
    return None


def _unlikely(event: Event, claimed: str) -> tuple[bool, bool]:
    return event_name(event) != claimed, isinstance(event, Advance | Regress)


def _same(found: ReleaseState, after: ReleaseState, event: Event) -> bool:
    if isinstance(
        event, Start
    ):  # by which policy it starts is free, and an older version may have written it otherwise
        found = found.model_copy(update={"policy": after.policy})
    return found == after


def _times(before: ReleaseState, after: ReleaseState, at: str) -> Iterator[str]:
    yield after.step_started_at
    yield after.started_at
    yield from (str(one.get("at", "")) for one in after.rejected[-1:])
    yield at
    yield before.step_started_at


def _events(before: ReleaseState, after: ReleaseState, evidence: str) -> Iterator[Event]:
    flying, stable = flying_version(before), stable_version(before)
    yield from (Pause(), Resume(), Approve(flying), Advance(evidence), Baked(), Settle())
    yield from (Ready(count) for count in sorted({1, *(after.slot(name).min_replicas for name in SLOTS)}))
    last = after.rejected[-1] if after.rejected else {}
    reason, named = str(last.get("reason", "")), str(last.get("evidence", ""))
    yield from (Regress(reason, named, cause) for cause in ("verdict", "noData", "expired", "smoke"))
    yield from (RollBack(reason, version) for version in dict.fromkeys(("", flying, stable)))
    known = {str(one.get("version", "")) for one in after.rejected}
    lifted = (str(one.get("version", "")) for one in before.rejected)
    yield from (Unreject(version) for version in lifted if version not in known)
    yield from _starts(after)


def _starts(after: ReleaseState) -> Iterator[Event]:
    try:
        policy = Policy.model_validate(after.policy)
    except ValidationError:
        return
    version, floors = identity_in(after, free_slot(after)), {1, *(after.slot(name).min_replicas for name in SLOTS)}
    approval = after.phase == "awaitingApproval"
    yield from (Start(version, policy, approval, floor) for floor in sorted(floors))
