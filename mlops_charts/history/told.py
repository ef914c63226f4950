"""The story of a model as a person would tell it, and as data. It must not know git."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from mlops_charts.history.story import Event, Release, releases
from mlops_charts.history.verify import Finding, Verified
from mlops_charts.releasing import commits

_ROBOT: Final = "mlops-charts@noreply.invalid"
_WORDS: Final = {
    "start": "starts",
    "approve": "is approved",
    "pause": "is held",
    "resume": "goes on",
    "rollBack": "is taken back by a person",
    "unreject": "may be released again",
    "ready": "runs",
    "advance": "has passed every check",
    "regress": "is taken back by the judge",
    "baked": "has baked; the version before is switched off",
    "settle": "is at its end",
}
_ENDS: Final = {
    "settled": "settled",
    "rolledBack": "rolled back",
    "superseded": "superseded by a newer version",
    "inFlight": "in flight",
}


def text(model: str, events: Sequence[Event], checked: Verified | None = None) -> str:
    """Return the story for a person, grouped by release, newest last.

    Args:
        model: The model.
        events: What happened.
        checked: What came of holding it against rules and evidence; None if nobody did.
    """
    lines = [model]
    if not events:
        lines.append("  no release file is in the repository yet; commit what `mlops-charts render` writes")
    for release in releases(events):
        lines += ["", *_release(release, checked)]
    if checked:
        lines += ["", *_verified(checked)]
    return "\n".join(lines)


def data(model: str, events: Sequence[Event], checked: Verified | None = None) -> dict[str, Any]:
    """Return the story for programs."""
    found: dict[str, Any] = {"model": model, "releases": [_release_data(one) for one in releases(events)]}
    if checked:
        found["verified"] = {
            "commits": checked.commits,
            "records": checked.records,
            "wrong": [vars(one) for one in checked.wrong],
            "unchecked": [vars(one) for one in checked.unchecked],
        }
    return found


def _release(release: Release, checked: Verified | None) -> Iterator[str]:
    title = f"{release.version} in {release.environment}" if release.version else f"in {release.environment}"
    yield f"  {title}: {_ENDS[release.outcome]}" if release.version else f"  {title}"
    wrong = checked.wrong if checked else ()
    for event in release.events:
        yield f"    {event.at}  {event.commit[:9]}  {_what(event)}, by {_who(event)}"
        yield from (f"{'':37}{line}" for line in _reasons(event))
        if event.evidence:
            yield f"{'':37}evidence {event.evidence}"
        yield from (f"{'':37}WRONG: {one.message}" for one in wrong if _is_of(one, event))


def _reasons(event: Event) -> Iterator[str]:
    """Yield why, a line for each check."""
    yield from filter(None, " ".join(event.body.split()).split("; "))


def _is_of(finding: Finding, event: Event) -> bool:
    return (finding.commit, finding.environment) == (event.commit, event.environment)


def _what(event: Event) -> str:
    if event.after is None:
        return f"the release file {event.flaw}" if not event.flaw.startswith(event.path) else event.flaw
    now = commits.described(event.after)
    if event.before is None:
        return f"the release file comes to be: {now}"
    words = _WORDS.get(event.event, "")
    if not words:
        return f"{event.subject} ({commits.moved(event.before, event.after)})"
    return f"{event.version} {words}: {now}{_shares(event)}".strip()


def _shares(event: Event) -> str:
    weights = event.weights
    return f" ({', '.join(f'{version} {weight} %' for version, weight in weights.items())})" if weights else ""


def _who(event: Event) -> str:
    if event.email != _ROBOT:
        return event.author
    if event.workflow:
        return f"the pipeline ({event.workflow})"
    return "the pipeline" if event.event in {"", "start"} else "the judge"


def _verified(checked: Verified) -> Iterator[str]:
    done = f"{checked.commits} commits held against the rules, {checked.records} records of evidence judged again"
    yield f"  {done}: {len(checked.wrong)} wrong, {len(checked.unchecked)} unchecked"
    for reason in dict.fromkeys(one.message for one in checked.unchecked):
        yield f"  unchecked: {reason}"


def _release_data(release: Release) -> dict[str, Any]:
    return {
        "environment": release.environment,
        "version": release.version,
        "outcome": release.outcome,
        "events": [_event_data(event) for event in release.events],
    }


def _event_data(event: Event) -> dict[str, Any]:
    before, after = event.phases
    return {
        "commit": event.commit,
        "at": event.at,
        "author": event.author,
        "email": event.email,
        "version": event.version,
        "event": event.event,
        "subject": event.subject,
        "reason": event.body,
        "from": before,
        "to": after,
        "weights": event.weights,
        "verdict": event.verdict,
        "evidence": event.evidence,
        "run": event.run,
        "workflow": event.workflow,
    }
