"""Hands a version to releases: commits the start of its release in the first environment, and ends.

Who moves the release on is not here; the step waits for nothing. It alone of the steps knows releases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from mlops_charts import contract
from mlops_charts.log import log
from mlops_charts.release import Identity, ReleaseState, problems_of, release_text
from mlops_charts.release.deciding import frozen_until
from mlops_charts.release.events import Start
from mlops_charts.release.git import RepositoryError
from mlops_charts.release.machine import transition
from mlops_charts.release.repository import Commit, Written, write
from mlops_charts.release.start import Rejected, flying_version, is_rejected
from mlops_charts.release.words import moved
from mlops_charts.release_file import state_in
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.call import Call, Refused, Result, Unavailable
from mlops_charts.steps.identity import found_version, identity_of, image_of
from mlops_charts.steps.registered import Version
from mlops_charts.steps.registry import Registry, open_registry
from mlops_charts.steps.released import branch_of_releases, release_path

Outcome = Literal["started", "unchanged", "frozen"]


class DeployResult(Result):
    """What became of the release.

    Attributes:
        outcome: started; unchanged if the version is stable or in flight already; frozen if no release starts now.
        message: The same in words.
        version: The semantic version.
        environment: The first environment.
        phase: The phase of the release there.
        image: Image that serves, by digest; on a laptop by its tag, because it was pushed nowhere.
        model_uri: Where a prepackaged server loads the model from; else empty.
        run_id: The run that made the version.
        commit: The commit of the release branch that holds the state.
        supersedes: The version whose release was in flight; empty if there was none.
        attempts: How often the push was tried.
    """

    outcome: Outcome
    message: str
    version: str
    environment: str
    phase: str
    image: str
    model_uri: str
    run_id: str
    commit: str
    supersedes: str
    attempts: int


def run(call: Call) -> DeployResult:
    """Commit the start of the release of a version.

    Raises:
        Refused: The version was rejected, a person holds another's release, it has no image by digest, or there is no
            release file.
        Unavailable: Git or MLflow cannot be reached.
    """
    registry = open_registry(call)
    version = found_version(call, registry)
    identity = identity_of(call, registry, version)
    _record(call, registry, version)
    path, begin = release_path(call.spec, call.spec.environments[0].name), _beginning(call, identity)
    seen: list[_Begun] = []

    def change(text: str | None) -> Commit | None:
        seen.append(begin(text))
        return seen[-1].commit

    try:
        written = write(branch_of_releases(call), path, change)
    except RepositoryError as error:
        raise Unavailable(str(error)) from None
    except Rejected as error:
        registry.advance(version.run_id, "deployed")  # it was handed to releases, and they have said no
        raise Refused(str(error)) from None
    result = _result(call, identity, seen[-1], written)
    if result.outcome != "frozen":
        registry.advance(version.run_id, "deployed")
    log(result.message, outcome=result.outcome, version=result.version, commit=result.commit)
    return result


@dataclass(frozen=True)
class _Begun:
    """What the start of a release makes of one state.

    Attributes:
        outcome: What became of it.
        message: The same in words.
        state: The state that is in git then.
        supersedes: The version whose release was in flight.
        commit: What is to be committed, if anything.
    """

    outcome: Outcome
    message: str
    state: ReleaseState
    supersedes: str = ""
    commit: Commit | None = None


def _beginning(call: Call, identity: Identity) -> Callable[[str | None], _Begun]:
    """Return a pure function of a release file's text."""
    spec, environment, now = call.spec, call.spec.environments[0], datetime.now(UTC)
    title, path = f"{spec.name} {identity.version}", release_path(spec, environment.name)

    def begin(text: str | None) -> _Begun:
        before = state_in(text, path)
        after = _started(spec, before, identity, now)
        if after == before:
            return _Begun("unchanged", f"{title} is in {environment.name} already ({before.phase})", before)
        if end := frozen_until(environment.freeze, now):
            message = f"{title} waits: {environment.name} is frozen until {end}; the next run after that releases it"
            return _Begun("frozen", message, before)
        rival = flying_version(before)
        message = f"Start the release of {title} in {environment.name}: {moved(before, after)}"
        body = f"It supersedes {rival}, whose release was in flight ({before.phase})." if rival else ""
        commit = Commit(release_text(after), message, _trailers(call, identity), body)
        return _Begun("started", f"{title} starts in {environment.name} ({after.phase})", after, rival, commit)

    return begin


def _started(spec: RunSpec, before: ReleaseState, identity: Identity, now: datetime) -> ReleaseState:
    environment, ingress = spec.environments[0], spec.platform.ingress.type
    scaling = environment.serving.autoscaling
    approval = spec.model.validation.approval == "manual"
    event = Start(identity, environment.policy, approval, scaling.min if scaling else 1)
    found = transition(before, event, ingress=ingress, at=now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if is_rejected(before, identity.version, identity.code_digest, identity.data_digest):
        raise Rejected(found.why)
    path = release_path(spec, environment.name)
    if found.outcome == "refused":
        raise Refused(f"{path}: {found.why}")
    flaws = problems_of(found.state, ingress, prepackaged=environment.serving.runtime in contract.PREPACKAGED)
    if flaws and found.outcome == "moved":
        raise Refused(f"{path}: {flaws[0].key}: {flaws[0].message}; {flaws[0].note}")
    return found.state


def _trailers(call: Call, identity: Identity) -> dict[str, str]:
    return {
        "Mlops-Model": call.spec.name,
        "Mlops-Environment": call.spec.environments[0].name,
        "Mlops-Version": identity.version,
        "Mlops-Workflow": _workflow(call),
        "Mlops-Run": identity.run_id,
        "Mlops-Event": "start",
    }


def _workflow(call: Call) -> str:
    """Return the name of the Workflow; Argo tells a step the id of its node, which is that name and a number."""
    return call.environ.get("ARGO_WORKFLOW_NAME") or call.environ.get("ARGO_NODE_ID", "").rpartition("-")[0]


def _record(call: Call, registry: Registry, version: Version) -> None:
    """Write down, with the version and its run, which image was built for it."""
    image, digest = image_of(call, version)
    for name, text in ((contract.TAG_IMAGE, image), (contract.TAG_IMAGE_DIGEST, digest)):
        if text and text != version.tags.get(name):
            registry.tag_version(version.number, name, text)
        if text:
            registry.tag(version.run_id, name, text)
    registry.advance(version.run_id, "built")


def _result(call: Call, identity: Identity, begun: _Begun, written: Written) -> DeployResult:
    return DeployResult(
        outcome=begun.outcome,
        message=begun.message,
        version=identity.version,
        environment=call.spec.environments[0].name,
        phase=begun.state.phase,
        image=identity.image,
        model_uri=identity.model_uri,
        run_id=identity.run_id,
        commit=written.commit,
        supersedes=begun.supersedes,
        attempts=written.attempts,
    )
