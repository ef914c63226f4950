"""What a commit means for releases: the phases of release files, and what becomes of a version whose code is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlops_charts.comparing.objects import Change
from mlops_charts.comparing.words import listed

_SHORT: Final = 10  # characters of a code digest in the name of a Workflow
# What a phase begins with; {new} and {old} are versions in their slots, {stable} is the one that answers users.
_PHASES: Final[Mapping[str, str]] = {
    "none": "takes everything back: nothing is released",
    "awaitingApproval": "a release waits until a person approves it",
    "warming": "starts to release {new}: its pods warm up without the users' traffic",
    "canary": "starts the canary of {new}, against {old}",
    "shadow": "starts the shadow of {new}: it gets copies of requests, and nobody sees its answers",
    "abTest": "starts the experiment: requests with the header {match} go to {new}",
    "promoting": "promotes {stable}",
    "baking": "watches {stable} with all the traffic; {other} stays warm",
    "rollingBack": "rolls back: {stable} answers all users again",
    "settled": "ends the release: {stable} serves alone",
}


@dataclass(frozen=True)
class Release:
    """The release of one environment on both sides.

    Attributes:
        before: The state of the base; None if the environment is not there.
        after: The state of the working tree; None if the environment is not there.
    """

    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def flying(self) -> str:
        """What is being released now, in words; empty if nothing is."""
        state = self.after or {}
        return _newer(state) if state.get("inFlight") is True else ""


def moves(release: Release) -> Iterator[str]:
    """Yield what a changed release file does, traffic apart: the objects tell of that."""
    before, after = release.before or {}, release.after or {}
    if release.after is None:
        yield from _leaves(before)
        return
    if not (before and after):
        return  # one of them cannot be read, and Helm says why
    if before.get("phase", "none") != after.get("phase", "none"):
        yield _phase(after)
    elif before and before.get("step") != after.get("step"):
        yield f"takes step {_step(after)} of the canary"
    if bool(before.get("paused")) != bool(after.get("paused")):
        yield "holds the release where it is" if after.get("paused") else "lets the release go on"
    yield from _rejections(_rejected(before), _rejected(after))


def _leaves(state: Mapping[str, Any]) -> Iterator[str]:
    if state.get("stable", "none") != "none":
        yield f"stops to serve {_in(state, state['stable'])} once a person has confirmed it in Argo CD"


def _phase(state: Mapping[str, Any]) -> str:
    stable = state.get("stable", "none")
    if stable == "none" and state.get("phase") == "warming":
        return f"starts the first release, of {_newer(state)}: its pods warm up"
    match = state.get("match") or {}
    words = _PHASES.get(str(state.get("phase")), f"the phase of the release becomes {state.get('phase')}")
    return words.format(
        new=_newer(state),
        old=_in(state, stable),
        stable=_in(state, stable),
        other=_in(state, _other(stable)),
        match=f"{match.get('header')}: {match.get('value')}",
    )


def _step(state: Mapping[str, Any]) -> str:
    steps = (state.get("policy") or {}).get("steps")
    number = int(state.get("step") or 0) + 1
    return f"{number} of {len(steps)}" if isinstance(steps, list) and steps else str(number)


def _newer(state: Mapping[str, Any]) -> str:
    """Return the version that is released: not the stable one, or after its promotion just that."""
    stable = state.get("stable", "none")
    promoted = state.get("phase") in {"promoting", "baking", "settled"}
    if stable == "none":
        return next((_in(state, name) for name in ("blue", "green") if state.get(name, {}).get("version")), "a version")
    return _in(state, stable if promoted else _other(stable))


def _other(slot: str) -> str:
    return "green" if slot == "blue" else "blue"


def _in(state: Mapping[str, Any], slot: str) -> str:
    version = (state.get(slot) or {}).get("version")
    return f"{version} in {slot}" if version else "nothing"


def _rejected(state: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions that were rejected, by the beginning of their code digest."""
    found = [entry for entry in state.get("rejected") or () if isinstance(entry, Mapping)]
    return {str(entry.get("codeDigest", ""))[:_SHORT]: str(entry.get("version", "a version")) for entry in found}


def _rejections(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for digest in [digest for digest in after if digest not in before]:
        yield f"rejects {after[digest]}: it is not released again until a person lifts the rejection"
    for digest in [digest for digest in before if digest not in after]:
        yield f"lifts the rejection of {before[digest]}: it may be released again"


def training(changes: list[Change], releases: Mapping[str, Release]) -> Iterator[str]:
    """Yield what the pipeline will do of itself: it runs if its Workflow has another name, and never else."""
    workflows = [change for change in changes if change.kind == "Workflow"]
    added = [change.name for change in workflows if change.after is not None and change.before is None]
    removed = [change.name for change in workflows if change.before is not None and change.after is None]
    for name in added:
        digest = name.rpartition("-")[2]
        known = list(_known(digest, releases))
        if known:
            yield from known
        elif removed:
            yield f"will retrain: the code digest changes from {removed[0].rpartition('-')[2]} to {digest}"
        else:
            yield f"will train for the first time: {name}"
    if removed and not added:
        yield f"the pipeline is removed: {removed[0]} is not run again"


def _known(digest: str, releases: Mapping[str, Release]) -> Iterator[str]:
    """Yield what becomes of code that has been trained: per environment, as each has its own release."""
    states = {name: release.after for name, release in releases.items() if release.after is not None}
    versions = _versions(states, digest)
    if not versions:
        return
    version = next(iter(versions.values()))
    rejected = [name for name, state in states.items() if digest in _rejected(state)]
    serving = [name for name, state in states.items() if name not in rejected and _serves(state, digest)]
    rest = [name for name in states if name not in rejected and name not in serving]
    if rest:
        yield f"will release {version} again in {listed(rest)}: its code is {digest}, and nothing is trained"
    if serving:
        yield f"releases nothing in {listed(serving)}: {version}, which has this code, is there already"
    if rejected:
        yield (
            f"releases nothing in {listed(rejected)}: {version}, which has this code, is rejected there "
            "until a person lifts the rejection"
        )


def _versions(states: Mapping[str, Mapping[str, Any]], digest: str) -> dict[str, str]:
    found = {}
    for name, state in states.items():
        slots = [slot for slot in (state.get("blue"), state.get("green")) if isinstance(slot, Mapping)]
        known = {str(slot.get("codeDigest", ""))[:_SHORT]: str(slot.get("version", "")) for slot in slots}
        version = known.get(digest) or _rejected(state).get(digest)
        if version:
            found[name] = version
    return found


def _serves(state: Mapping[str, Any], digest: str) -> bool:
    """Return whether code is stable or in flight: then `guard` has nothing to release."""
    stable = state.get("stable", "none")
    slots = ("blue", "green") if state.get("inFlight") is True else (stable,)
    return any(str((state.get(slot) or {}).get("codeDigest", ""))[:_SHORT] == digest for slot in slots)
