"""Where a release stands, in the few words of commits and of whoever tells of them. Pure."""

from __future__ import annotations

from mlops_charts.release.start import flying_version, stable_version
from mlops_charts.release.state import SLOTS, ReleaseState


def moved(before: ReleaseState, after: ReleaseState) -> str:
    """Return what changes, in a few words: `canary 5 % -> canary 25 %`."""
    first, second = described(before), described(after)
    return f"{first} -> {second}" if first != second else second


def described(state: ReleaseState) -> str:
    """Return where a release stands, in a few words."""
    text: str = state.phase
    if state.phase == "canary":
        text += f" {share(state)} %"
    return f"{text} (paused)" if state.paused else text


def share(state: ReleaseState) -> int:
    """Return the percent of the traffic that the version in flight gets; 100 where none is and one is stable."""
    version = flying_version(state) or stable_version(state)
    slots = (state.slot(name) for name in SLOTS)
    return next((slot.weight for slot in slots if slot.routed and slot.version == version), 0)
