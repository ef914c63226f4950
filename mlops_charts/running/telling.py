"""What a person reads while a release goes on: a line for each transition, and what is awaited right now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mlops_charts.judge.verdict import Compared
from mlops_charts.local.release_story import Look, Move, Second, Story
from mlops_charts.release import ReleaseState

_SHORT: Final = 7  # characters of a commit
_MOST: Final = 0.99  # share of the evidence that is not yet all of it
_MARKS: Final = {"pass": "passed", "fail": "failed", "noData": "has no data"}


def moved(move: Move) -> str:
    """Return the line of a transition."""
    split = ", ".join(f"{version} {weight} %" for version, weight in sorted(move.weights.items()))
    shadow = f", {move.shadow} beside it" if move.shadow else ""
    traffic = f"traffic: {split}{shadow}" if split else "no traffic"
    return f"{move.commit[:_SHORT]}  {move.subject}  ({traffic})"


def awaited(state: ReleaseState, story: Story, traffic: Sequence[Second]) -> str:
    """Return what is going on right now, in a line.

    Args:
        state: As git has it.
        story: What happened so far.
        traffic: What users got so far.
    """
    if state.paused:
        return f"{state.phase}: paused by a person; `mlops-charts release resume {story.model} --local` goes on"
    if state.phase == "awaitingApproval":
        command = f"mlops-charts release approve {story.model} {story.version} --local"
        return f"waits for a person's approval: `{command}` in another terminal"
    look = story.looks[-1] if story.looks else None
    begun = story.moves[-1].at if story.moves else 0.0
    stale = look is None or look.at < begun or (look.phase, look.step) != (state.phase, state.step)
    if look is None or stale or all(check.finding == "noData" for check in look.checks):
        waits = "waiting for pods and route"
        if state.phase == "warming" and story.rival:
            waits = "waiting until both versions run, and have run in peace for some seconds"
        what = waits if look is None or stale else look.message
        return f"{story.version} {state.phase}: {what}"
    return f"{story.version} {_title(state)}: {_requests(story, traffic, begun)}; {evidence(look)}"


def _title(state: ReleaseState) -> str:
    if state.phase != "canary":
        return str(state.phase)
    free = next((slot for slot in (state.blue, state.green) if slot.version != _stable(state)), state.blue)
    return f"canary {free.weight} %"


def _stable(state: ReleaseState) -> str:
    return "" if state.stable == "none" else state.slot(state.stable).version


def _requests(story: Story, traffic: Sequence[Second], since: float) -> str:
    answered = sum(one.answered.get(story.version, 0) for one in traffic if one.at >= since)
    return f"{answered:,} requests answered"


def evidence(look: Look) -> str:
    """Return how far the evidence of each check is."""
    return ", ".join(f"{check.check} {_far(check)}" for check in look.checks)


def _far(check: Compared) -> str:
    if check.finding in _MARKS:
        return _MARKS[check.finding]
    against = share(check.log_fail, check.need_fail)
    worse = f", {against:.0%} against" if against > share(check.log_pass, check.need_pass) else ""
    return f"{share(check.log_pass, check.need_pass):.0%} of the evidence{worse}"


def share(found: float, needed: float) -> float:
    """Return how much of the evidence that is needed there is, 0 to 0.99: what is all of it decides."""
    return 0.0 if needed <= 0 else min(max(found / needed, 0.0), _MOST)
