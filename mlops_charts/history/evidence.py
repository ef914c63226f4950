"""Whether a record of evidence is that which a commit names, speaks of the same release, and is judged alike again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_charts.history.story import Event
from mlops_charts.release import ReleaseState
from mlops_charts.release.moves import pair, policy_in
from mlops_charts.releasing import evidence


def flaws_of_record(event: Event, data: bytes) -> Iterator[str]:
    """Yield what is wrong with the record of a commit.

    Args:
        event: The commit; the state before it is known.
        data: The record, as it is kept.
    """
    found = evidence.digest(data)
    if found != event.evidence:
        yield f"the record of its evidence was changed: its digest is {found[:23]}, and not {event.evidence[:23]}"
        return
    try:
        content = evidence.content_of(data)
        flaws = [*_identity(event, content), *_again(event, content)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        flaws = [f"the record of its evidence cannot be read: {error}"]
    yield from flaws


def _identity(event: Event, content: Mapping[str, Any]) -> Iterator[str]:
    """Yield where the record speaks of something else than the commit."""
    state = event.before
    if state is None:
        return
    release, decision = content["release"], content["decision"]
    candidate, stable = _slots(state)
    policy = policy_in(state)
    pairs = {
        "model": (content["model"], event.model),
        "environment": (content["environment"], event.environment),
        "version": (release["candidate"]["version"], event.version),
        "phase": (release["phase"], state.phase),
        "step": (release["step"], state.step),
        "beginning of the step": (release["stepStartedAt"], state.step_started_at),
        "new version's slot": (_identified(release["candidate"]), _identified(candidate)),
        "stable version's slot": (_identified(release["stable"]), _identified(stable)),
        "policy": (evidence.policy_in(content), policy),
        "event": (decision["event"], event.event),
    }
    for what, (said, is_) in pairs.items():
        if said != is_:
            shown = "" if what == "policy" or isinstance(said, dict) else f": {said}, and not {is_}"
            yield f"the record of its evidence has another {what} than the commit{shown}"


def _slots(state: ReleaseState) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    parts = pair(state)
    return state.slot(parts.new).data(), state.slot(parts.old).data()


def _identified(slot: Mapping[str, Any]) -> dict[str, Any]:
    names = ("version", "image", "modelUri", "runId", "codeDigest", "dataDigest")
    return {name: slot.get(name) for name in names}


def _again(event: Event, content: Mapping[str, Any]) -> Iterator[str]:
    """Yield where judging the recorded counts once more says something else than was recorded, or done."""
    window, verdict, decision = evidence.window_in(content), content["verdict"], content["decision"]
    cause = decision.get("cause", "")
    if window is None or verdict is None:
        if event.event == "advance" or cause in {"verdict", "noData"}:
            yield "the record of its evidence has no counts, and it was decided by them"
        return
    from mlops_charts.judge.judging import judge  # noqa: PLC0415 - only where something is judged

    again = judge(evidence.policy_in(content), window, intervals=False)
    recorded = {one["check"]: one["finding"] for one in verdict["checks"]}
    found = {one.check: one.finding for one in again.checks}
    if (again.decision, found) != (verdict["decision"], recorded):
        differing = [name for name in {**recorded, **found} if recorded.get(name) != found.get(name)]
        where = f" ({', '.join(differing)})" if differing else ""
        yield f"judged again, the recorded counts say {again.decision}{where}, and {verdict['decision']} was recorded"
    if (event.event, cause) not in _ALLOWED.get(again.decision, ()):
        yield f"the recorded counts say {again.decision}, and what was done is {event.event} {cause}".rstrip()


_ALLOWED: Mapping[str, frozenset[tuple[str, str]]] = {
    "advance": frozenset({("advance", ""), ("regress", "expired")}),
    "rollback": frozenset({("regress", "verdict"), ("regress", "noData")}),
    "hold": frozenset({("regress", "expired")}),
}
