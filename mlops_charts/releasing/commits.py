"""How a transition stands in git: the commit's message and its trailers, alike whoever makes it.

It knows events and states; it must not know git, nor why an event has come about.
"""

from __future__ import annotations

from typing import Final

from mlops_charts.release import ReleaseState, release_text
from mlops_charts.release.events import Advance, Event, Regress, RollBack
from mlops_charts.release.repository import Commit
from mlops_charts.release.start import flying_version, stable_version
from mlops_charts.release.state import SLOTS
from mlops_charts.release.words import described, moved, share

__all__ = ["commit_of", "described", "event_name", "moved", "run_of", "share", "version_of"]

MODEL: Final = "Mlops-Model"
ENVIRONMENT: Final = "Mlops-Environment"
VERSION: Final = "Mlops-Version"
WORKFLOW: Final = "Mlops-Workflow"
RUN: Final = "Mlops-Run"
EVENT: Final = "Mlops-Event"
VERDICT: Final = "Mlops-Verdict"
EVIDENCE: Final = "Mlops-Evidence"
_WORDS: Final = {
    "start": "Start the release of",
    "approve": "Approve the release of",
    "pause": "Pause the release of",
    "resume": "Resume the release of",
    "rollBack": "Roll back",
    "unreject": "Lift the rejection of",
    "ready": "Go on with",
    "advance": "Advance",
    "regress": "Roll back",
    "baked": "Switch off what was before",
    "settle": "Settle",
}


def event_name(event: Event) -> str:
    """Return what the trailer Mlops-Event calls an event: start, rollBack, advance..."""
    name = type(event).__name__
    return name[0].lower() + name[1:]


def commit_of(
    model: str,
    environment: str,
    event: Event,
    before: ReleaseState,
    after: ReleaseState,
    *,
    verdict: str = "",
    body: str = "",
    carried: str = "",
) -> Commit:
    """Return the commit of a transition.

    Args:
        model: The model.
        environment: The environment.
        event: What has happened.
        before: The state until then.
        after: The state that follows.
        verdict: What the judge has decided: advance or rollback; empty where it was not asked.
        body: What else is to be said; without it, why, where the event says that.
        carried: A record of evidence as lines, where nothing else could take it.
    """
    name, version = event_name(event), version_of(event, before, after)
    evidence = event.evidence if isinstance(event, Advance | Regress) else ""
    reason = event.reason if isinstance(event, RollBack | Regress) else ""
    trailers = {
        MODEL: model,
        ENVIRONMENT: environment,
        VERSION: version,
        RUN: run_of(version, after) or run_of(version, before),
        EVENT: name,
        VERDICT: verdict,
        EVIDENCE: evidence,
    }
    subject = f"{_WORDS[name]} {model} {version} in {environment}: {moved(before, after)}"
    words = "\n\n".join(filter(None, (body or reason, carried)))
    return Commit(release_text(after), subject, trailers, words)


def version_of(event: Event, before: ReleaseState, after: ReleaseState) -> str:
    """Return the version that an event is about."""
    named = getattr(event, "version", "")
    if isinstance(named, str) and named:
        return named
    rejected = after.rejected[len(before.rejected) :]
    lost = str(rejected[-1].get("version", "")) if rejected else ""
    return lost or flying_version(after) or flying_version(before) or stable_version(after)


def run_of(version: str, state: ReleaseState) -> str:
    """Return the MLflow run of a version, as the slots of a state say it; empty if neither holds it."""
    return next((state.slot(name).run_id for name in SLOTS if state.slot(name).version == version), "")
