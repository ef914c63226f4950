"""What comes before the end of a release: the next environment's begins. Done again, it changes nothing.

It must not know the cluster, metrics or MLflow.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from mlops_charts.release import ReleaseState
from mlops_charts.release.asked import Place, ReleaseSpec
from mlops_charts.release.deciding import frozen_until
from mlops_charts.release.events import Start
from mlops_charts.release.machine import Transition, transition
from mlops_charts.release.moves import seconds_of, taken_back, written
from mlops_charts.release.repository import Commit, Remote, write
from mlops_charts.release.start import identity_in, is_rejected, stable_version
from mlops_charts.release_file import sound_state
from mlops_charts.releasing.commits import commit_of

_PROMOTED: Final = frozenset({"promoting", "baking"})


def hand_over(spec: ReleaseSpec, place: Place, state: ReleaseState, remote: Remote, now: datetime) -> str:
    """Start the release of a promoted version in the next environment, and return why that must wait; empty if not.

    Args:
        spec: The model.
        place: The environment whose release is about to settle.
        state: Its state.
        remote: Where release files are.
        now: The time.

    Raises:
        Mistake: The next environment's release file is missing or damaged.
        RepositoryError: The repository cannot be reached, or refuses the push.
    """
    following = spec.following(place.name)
    if following is None or state.phase not in _PROMOTED or state.stable == "none" or taken_back(state):
        return ""
    version, waits = identity_in(state, state.stable), [""]

    def change(text: str | None) -> Commit | None:
        before = sound_state(text, spec.path(following.name), spec)
        if is_rejected(before, version.version, version.code_digest, version.data_digest):
            return None  # the next environment has refused it already
        if version.version == stable_version(before):
            return None
        event = Start(
            version,
            following.policy,
            following.approval,
            min_replicas=following.replicas if following.autoscaled else 1,
        )
        found = transition(before, event, ingress=spec.ingress, at=written(now))
        waits[0] = _waits(found, following, now)
        if found.outcome != "moved" or waits[0]:
            return None
        body = f"{version.version} has been promoted in {place.name}."
        return commit_of(spec.model, following.name, event, before, found.state, body=body)

    write(remote, spec.path(following.name), change)
    return waits[0]


def _waits(found: Transition, following: Place, now: datetime) -> str:
    if found.outcome == "refused":
        return f"{following.name} does not take it yet: {found.why}"
    if found.outcome == "moved" and (end := frozen_until(following.freeze, now)):
        return f"{following.name} is frozen until {end}"
    return ""


def frozen_seconds(place: Place, begin: str, now: datetime) -> float:
    """Return how many of the seconds since a moment lay in freezes of an environment; freezes that overlap count once.

    Args:
        place: The environment.
        begin: The moment, as a release file has it; empty counts as now.
        now: The time.
    """
    if not begin:
        return 0.0
    since = datetime.fromtimestamp(seconds_of(begin), UTC)
    spans = sorted((datetime.fromisoformat(one.from_), datetime.fromisoformat(one.to)) for one in place.freeze)
    total, reached = 0.0, since
    for start, end in spans:
        first, last = max(start, reached), min(end, now)
        if last > first:
            total += (last - first).total_seconds()
            reached = last
    return total
