"""A person at a desk: a repository with the model iris, a git server with its releases, and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from custom_generators import repository
from release_remotes import bare, push
from repositories import git

from mlops_charts.cli import status_of
from mlops_charts.release import ReleaseState, nothing_released, release_text
from mlops_charts.release.events import Event
from mlops_charts.release.machine import transition
from mlops_charts.release_file import state_in

ADDRESS = "https://git.example.com/ml/models.git"
AT = "2026-11-23T10:00:00Z"
ENVIRONMENTS = ("staging", "prod")


def path_of(environment: str) -> str:
    """Return the release file of iris in an environment."""
    return f"charts/iris/serving/release-{environment}.yaml"


def after(*events: Event) -> ReleaseState:
    """Return what some events make of nothing."""
    state = nothing_released()
    for event in events:
        found = transition(state, event, ingress="gatewayApi", at=AT)
        assert found.outcome == "moved", found.why
        state = found.state
    return state


@dataclass
class Desk:
    """Somebody called Ann, who works on iris.

    Attributes:
        root: Where everything is.
        capsys: What the commands have said.
    """

    root: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def server(self) -> Path:
        """The repository of the server."""
        return self.root / "git/server.git"

    @property
    def repo(self) -> Path:
        """Ann's clone."""
        return self.root / "repo"

    def say(self, *words: str) -> tuple[int, str]:
        """Call the command line, and return its exit status and all that it says."""
        status = status_of(list(words))
        out, err = self.capsys.readouterr()
        assert "Traceback" not in err
        return status, (out + err).strip()

    def put(self, **states: ReleaseState | str) -> None:
        """Let the server have other states, by environment."""
        texts = {name: one if isinstance(one, str) else release_text(one) for name, one in states.items()}
        push(self.root / "git", {path_of(name): text for name, text in texts.items()})

    def state(self, environment: str = "staging") -> ReleaseState:
        """Return what git says of an environment."""
        return state_in(git(self.server, "show", f"main:{path_of(environment)}"), environment)

    def commits(self) -> int:
        """Return how many commits the server has."""
        return int(git(self.server, "rev-list", "--count", "main"))


def sat_down(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return a desk, and let this process be at it."""
    found = Desk(root, capsys)
    empty = release_text(nothing_released())
    server = bare(root / "git", {path_of(name): empty for name in ENVIRONMENTS})
    repository(found.repo)
    git(found.repo, "init", "--quiet")
    (root / "home").mkdir()
    (root / "home/.gitconfig").write_text(
        f'[user]\n\tname = Ann\n\temail = ann@example.com\n[url "{server}"]\n\tinsteadOf = {ADDRESS}\n'
    )
    monkeypatch.setenv("HOME", str(root / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT", "XDG_CONFIG_HOME", "GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME",
                 "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL", "MLFLOW_TRACKING_URI"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(found.repo)
    return found
