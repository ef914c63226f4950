"""The story of a model: every change of its release files, as the history of git tells it.

What is told here is what commits claim; whether it holds is asked in `verify`. It must not know MLflow, nor print.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from mlops_charts.errors import Mistake
from mlops_charts.history.log import Change, changes
from mlops_charts.release import ReleaseState
from mlops_charts.release.asked import ReleaseSpec
from mlops_charts.release.phases import RESTING
from mlops_charts.release.repository import Branch
from mlops_charts.release.start import flying_version, stable_version
from mlops_charts.release_file import state_in
from mlops_charts.releasing import commits
from mlops_charts.releasing.evidence import disclosed

Outcome = Literal["settled", "rolledBack", "superseded", "inFlight"]


@dataclass(frozen=True)
class Event:
    """One commit of one release file.

    Attributes:
        commit: The commit.
        author: Name of who decided: a person, or mlops-charts.
        email: Of who decided.
        at: When it was decided, in UTC, 2026-11-23T10:00:00Z.
        model: The model.
        environment: The environment whose release file changed.
        version: The version that it is about; empty where it is about none.
        event: What the commit says has happened: start, advance, rollBack...; empty where it does not say.
        subject: First line of the message.
        body: What else the message says in words, without trailers: often the reason.
        carried: The record of evidence that the message carries, where MLflow could not take it; None without one.
        before: The state until then; None where there was no release file, or none that can be read.
        after: The state from then on; None where there is no release file, or none that can be read.
        flaw: Why the file cannot be read from then on; empty if it can.
        verdict: What the judge decided: advance or rollback; empty where it was not asked.
        evidence: Digest of the record of the evidence, sha256:...; empty without one.
        run: The MLflow run of the version.
        workflow: The Workflow that started the release; empty where none did.
        claims: All that the commit says in a form for programs, its trailers.
        path: The release file.
        touched: All files that the commit touches.
    """

    commit: str
    author: str
    email: str
    at: str
    model: str
    environment: str
    version: str
    event: str
    subject: str
    body: str
    carried: bytes | None
    before: ReleaseState | None
    after: ReleaseState | None
    flaw: str
    verdict: str
    evidence: str
    run: str
    workflow: str
    claims: Mapping[str, str]
    path: str
    touched: tuple[str, ...]

    @property
    def phases(self) -> tuple[str, str]:
        """The phase before and after; empty where there was none."""
        return (self.before.phase if self.before else "", self.after.phase if self.after else "")

    @property
    def weights(self) -> dict[str, int]:
        """Percent of the traffic by version from then on."""
        if self.after is None:
            return {}
        slots = (self.after.blue, self.after.green)
        return {slot.version: slot.weight for slot in slots if slot.enabled and slot.routed}

    @property
    def ends(self) -> bool:
        """Whether nothing is in flight any more from then on, and something was."""
        return bool(self.before and self.before.phase not in RESTING and self.after and self.after.phase in RESTING)


@dataclass(frozen=True)
class Release:
    """One version on its way into one environment.

    Attributes:
        model: The model.
        environment: The environment.
        version: The version; empty for changes that belong to no release.
        outcome: settled; rolledBack; superseded, by a newer version; or inFlight.
        events: What happened, oldest first.
    """

    model: str
    environment: str
    version: str
    outcome: Outcome
    events: tuple[Event, ...]


def story(spec: ReleaseSpec, branch: Branch) -> tuple[Event, ...]:
    """Return what happened to a model, oldest first.

    Args:
        spec: The model.
        branch: The branch of release files, fetched with its history.

    Raises:
        RepositoryError: Git cannot say.
    """
    places = {spec.path(place.name): place.name for place in spec.environments}
    known: dict[str, ReleaseState | None] = {}
    found: list[Event] = []
    for change in changes(branch, list(places)):
        event = _event(spec.model, places[change.path], change, known.get(change.path))
        known[change.path] = event.after
        found.append(event)
    return tuple(found)


def releases(events: Sequence[Event]) -> tuple[Release, ...]:
    """Return the releases that events make up, in the order in which they began."""
    open_: dict[str, list[Event]] = {}
    groups: list[list[Event]] = []
    for event in events:
        group = open_.get(event.environment)
        if group is None or _begins(event):
            group = open_[event.environment] = []
            groups.append(group)
        group.append(event)
        if event.ends:
            del open_[event.environment]
    return tuple(_release(group, groups[number + 1 :]) for number, group in enumerate(groups))


def _begins(event: Event) -> bool:
    """Return whether another version is in flight from then on."""
    flying = flying_version(event.after) if event.after else ""
    return bool(flying) and flying != (flying_version(event.before) if event.before else "")


def _release(group: Sequence[Event], later_ones: Sequence[Sequence[Event]]) -> Release:
    first, last = group[0], group[-1]
    version = next((flying_version(one.after) for one in group if one.after and flying_version(one.after)), "")
    later = any(other[0].environment == first.environment for other in later_ones)
    return Release(first.model, first.environment, version, _outcome(version, last, later), tuple(group))


def _outcome(version: str, last: Event, later: bool) -> Outcome:  # noqa: FBT001 - one fact
    if last.after is None or last.after.phase not in RESTING:
        return "superseded" if later else "inFlight"
    return "settled" if not version or stable_version(last.after) == version else "rolledBack"


def _event(model: str, environment: str, change: Change, before: ReleaseState | None) -> Event:
    after, flaw = _state(change)
    given = change.trailers
    subject, _, rest = change.message.partition("\n")
    words, carried = disclosed(_words(rest))
    return Event(
        commit=change.commit,
        author=change.author,
        email=change.email,
        at=datetime.fromtimestamp(change.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        model=model,
        environment=environment,
        version=given.get(commits.VERSION, "") or _version(before, after),
        event=given.get(commits.EVENT, ""),
        subject=subject,
        body=words,
        carried=carried,
        before=before,
        after=after,
        flaw=flaw,
        verdict=given.get(commits.VERDICT, ""),
        evidence=given.get(commits.EVIDENCE, ""),
        run=given.get(commits.RUN, ""),
        workflow=given.get(commits.WORKFLOW, ""),
        claims=given,
        path=change.path,
        touched=change.touched,
    )


def _state(change: Change) -> tuple[ReleaseState | None, str]:
    if change.text is None:
        return None, "it was removed"
    try:
        return state_in(change.text, change.path), ""
    except Mistake as error:
        return None, str(error)


def _version(before: ReleaseState | None, after: ReleaseState | None) -> str:
    states = [state for state in (after, before) if state]
    return next((name for state in states if (name := flying_version(state) or stable_version(state))), "")


def _words(rest: str) -> str:
    """Return what a message says behind its first line, without the trailers, which only its last paragraph can be."""
    paragraphs = [one.strip() for one in rest.split("\n\n") if one.strip()]
    if paragraphs and paragraphs[-1].startswith("Mlops-"):
        paragraphs.pop()
    return "\n\n".join(paragraphs)
