"""What became of a version in releases, for its card: from the history of the release files. It never writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from mlops_charts.history.lineage import Happened, Lineage
from mlops_charts.history.story import Event, story
from mlops_charts.history.verify import Read, Verified
from mlops_charts.planning import Plan, release_spec
from mlops_charts.release import ReleaseState
from mlops_charts.release.git import Access, RepositoryError
from mlops_charts.release.repository import Remote, fetched
from mlops_charts.release.start import flying_version, stable_version
from mlops_charts.release.state import SLOTS, Slot
from mlops_charts.releasing import evidence


def released(known: Lineage, events: Sequence[Event], checked: Verified, records: Mapping[str, bytes]) -> Lineage:
    """Return what is known of a version with its releases.

    Args:
        known: What is known of it without them.
        events: All that happened to its model, oldest first.
        checked: What came of holding them against rules and evidence.
        records: Records of evidence, by the name of the file that keeps them.
    """
    version = known.version.version
    wrong = {(one.commit, one.environment): one.message for one in checked.wrong}
    skipped = {(one.commit, one.environment) for one in checked.unchecked}
    now = _states(events)
    return replace(
        known,
        happened=tuple(_happened(event, wrong, skipped) for event in events if event.version == version),
        serving=tuple(text for name, state in now.items() if (text := _traffic(version, name, state))),
        standing=tuple(text for name, state in now.items() if (text := _standing(version, name, state))),
        rejected=tuple(text for name, state in now.items() for text in _rejections(version, name, state)),
        records=records,
    )


def events_of(plan: Plan, access: Access) -> tuple[Event, ...]:
    """Return all that happened to a model in releases, oldest first.

    Raises:
        RepositoryError: The repository cannot be reached.
    """
    spec = release_spec(plan)
    with fetched(Remote(spec.repository.url, spec.repository.branch, access), history=True) as branch:
        return story(spec, branch)


def records_of(known: Lineage, events: Sequence[Event], read: Read) -> dict[str, bytes]:
    """Return the records of evidence that commits about a version name, by the name of their file.

    Raises:
        Unavailable: MLflow cannot be reached.
    """
    found: dict[str, bytes] = {}
    for event in events:
        if event.version == known.version.version and event.evidence:
            with suppress(ValueError):  # no digest: verification says so
                path = evidence.path_of(event.environment, event.evidence)
                content = read(event.run or known.version.run_id, event.environment, event.evidence)
                found |= {path: content} if content is not None else {}
    return found


def unreachable(known: Lineage, error: RepositoryError) -> Lineage:
    """Return what is known of a version where nothing can be known of its releases."""
    return replace(known, releases_missing=f"the release files could not be read: {error}")


def _happened(event: Event, wrong: Mapping[tuple[str, str], str], skipped: Collection[tuple[str, str]]) -> Happened:
    named = event.event or ("start" if _begins(event) else "")
    key = (event.commit, event.environment)
    finding = wrong.get(key, "holds" if event.evidence and key not in skipped else "")
    return Happened(
        event.environment, event.commit, event.at, event.author, named, event.subject, event.evidence, finding
    )


def _begins(event: Event) -> bool:
    """Return whether another version is in flight from then on."""
    flying = flying_version(event.after) if event.after else ""
    return bool(flying) and flying != (flying_version(event.before) if event.before else "")


def _states(events: Sequence[Event]) -> dict[str, ReleaseState]:
    """Return the newest state of each environment."""
    return {event.environment: event.after for event in events if event.after is not None}


def _traffic(version: str, environment: str, state: ReleaseState) -> str:
    """Return what of an environment's traffic a version answers, in words; empty if none."""
    slot = _slot(version, state)
    if slot is None or not (slot.routed or slot.matched):
        return ""
    share = f"{slot.weight} %" if slot.routed else f"what has the header {state.match.header}: {state.match.value}"
    return f"{share} in {environment} ({state.phase})"


def _standing(version: str, environment: str, state: ReleaseState) -> str:
    """Return what a version does in an environment that answers no user, in words; empty if nothing."""
    slot = _slot(version, state)
    if slot is None or slot.routed or slot.matched:
        return ""
    if slot.mirrored:
        return f"a copy of the traffic in {environment} ({state.phase})"
    behind = stable_version(state)
    why = f"warm behind {behind}" if behind and flying_version(state) != version else "without traffic"
    return f"{why} in {environment} ({state.phase})"


def _slot(version: str, state: ReleaseState) -> Slot | None:
    slots = (state.slot(name) for name in SLOTS)
    return next((slot for slot in slots if slot.enabled and slot.version == version), None)


def _rejections(version: str, environment: str, state: ReleaseState) -> Iterator[str]:
    for one in state.rejected:
        if one.get("version") == version:
            reason = f": {one['reason']}" if one.get("reason") else ""
            yield f"in {environment} at {one.get('at', 'an unknown time')}{reason}"
