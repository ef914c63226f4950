"""What is released where, as git says: the release files of a model, read and told apart.

It must not know MLflow, nor decide what runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_charts import contract
from mlops_charts.release import ReleaseState, nothing_released
from mlops_charts.release.git import Access, RepositoryError
from mlops_charts.release.repository import Branch, Remote, fetched
from mlops_charts.release.start import flying_version, is_rejected, stable_version
from mlops_charts.release_file import state_in
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.call import Call, Unavailable
from mlops_charts.steps.registered import Version


@dataclass(frozen=True)
class Released:
    """The states of a model's releases.

    Attributes:
        states: By environment, in the order in which a version passes through them.
    """

    states: Mapping[str, ReleaseState]

    def hindrance(self, version: Version) -> str:
        """Return why a version is not to be released now, in words; empty where nothing speaks against it."""
        for environment, state in self.states.items():
            if is_rejected(state, version.version, version.code, version.data):
                return f"was rejected in {environment}"
        for environment, state in self.states.items():
            if flying_version(state) == version.version:
                return f"is in flight in {environment} ({state.phase})"
        environment, state = next(iter(self.states.items()))
        return f"is stable in {environment}" if stable_version(state) == version.version else ""


def release_path(spec: RunSpec, environment: str) -> str:
    """Return the path of an environment's release file, from the top of the repository."""
    return _below(spec, f"charts/{spec.name}/serving/release-{environment}.yaml")


def model_path(spec: RunSpec) -> str:
    """Return the path of the model's folder, from the top of the repository."""
    return _below(spec, spec.plan.folder)


def branch_of_releases(call: Call) -> Remote:
    """Return the branch that release files are on."""
    git = call.spec.platform.git
    return Remote(git.url, git.release_branch or git.branch, _access(call))


def in_git(call: Call) -> tuple[str, Released]:
    """Return the commit that brought the model's code, empty where none did, and what is released.

    Raises:
        Mistake: A release file is none; which one, and where in it.
        Unavailable: The repository cannot be reached.
    """
    given, git = call.parameters.get("git-commit", ""), call.spec.platform.git
    models, releases = Remote(git.url, git.branch, _access(call)), branch_of_releases(call)
    try:
        with fetched(models, history=not given) as branch:
            commit = given or branch.newest(model_path(call.spec))
            if releases.branch == models.branch:
                return commit, _released(call.spec, branch)
        with fetched(releases) as branch:
            return commit, _released(call.spec, branch)
    except RepositoryError as error:
        raise Unavailable(str(error)) from None


def _released(spec: RunSpec, branch: Branch) -> Released:
    states = {}
    for environment in spec.environments:
        path = release_path(spec, environment.name)
        text = branch.text(path)
        states[environment.name] = nothing_released() if text is None else state_in(text, path)
    return Released(states)


def _below(spec: RunSpec, path: str) -> str:
    top = spec.platform.git.path
    return f"{top}/{path}" if top else path


def _access(call: Call) -> Access:
    folders = [call.environ.get(name) for name in (contract.GIT_CREDENTIALS, contract.GIT_SIGNING_KEY)]
    credentials, signing = (Path(folder) if folder else None for folder in folders)
    return Access(credentials, signing, call.environ)
