"""Stories of releases in real repositories, carried out by the state machine and judged by the judge."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from release_remotes import bare
from repositories import git
from serving_samples import identity, plan_of

from mlops_charts.judge.counts import Counts, Window
from mlops_charts.judge.judging import judge
from mlops_charts.planning.release import release_spec
from mlops_charts.release import Identity, ReleaseState, nothing_released, release_text
from mlops_charts.release.asked import ReleaseSpec
from mlops_charts.release.events import Advance, Baked, Event, Pause, Ready, Regress, Resume, Settle, Start, Unreject
from mlops_charts.release.machine import transition
from mlops_charts.release.moves import policy_in
from mlops_charts.release.policy import Policy, PolicyCheck
from mlops_charts.release.repository import Commit, Remote, write
from mlops_charts.release_file import state_in
from mlops_charts.releasing import evidence
from mlops_charts.releasing.commits import commit_of

POLICY = Policy(
    strategy="canary",
    steps=(5, 50),
    interval_seconds=0,
    bake_seconds=0,
    max_duration_seconds=3600,
    checks=(PolicyCheck(metric="errorRate", critical=True, max_increase_points=1.0),),
)


def spec_of(server: Path) -> ReleaseSpec:
    """Return the spec of iris in staging and prod, with its releases on a server."""
    spec = release_spec(plan_of(environments=["staging", "prod"]))
    return spec.model_copy(update={"repository": spec.repository.model_copy(update={"url": str(server)})})


@dataclass
class Told:
    """A story that is being told.

    Attributes:
        root: Where its repository is.
        environment: Where it takes place.
        records: Records of evidence, by run, environment and digest.
        count: How much has happened.
    """

    root: Path
    environment: str = "staging"
    records: dict[tuple[str, str, str], bytes] = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        """Make the repository."""
        empty = release_text(nothing_released())
        paths = [self.spec.path(place.name) for place in self.spec.environments]
        bare(self.root, {"README.md": "x\n", **dict.fromkeys(paths, empty)})

    @property
    def server(self) -> Path:
        """The repository."""
        return self.root / "server.git"

    @property
    def spec(self) -> ReleaseSpec:
        """The model."""
        return spec_of(self.server)

    @property
    def path(self) -> str:
        """The release file."""
        return self.spec.path(self.environment)

    @property
    def state(self) -> ReleaseState:
        """What git says."""
        return state_in(git(self.server, "show", f"main:{self.path}"), self.path)

    def happen(self, event: Event, verdict: str = "", body: str = "") -> str:
        """Let something happen, and return the commit."""
        self.count += 1
        at = (datetime.now(UTC) + timedelta(seconds=self.count)).strftime("%Y-%m-%dT%H:%M:%SZ")  # no two in one second

        def change(text: str | None) -> Commit:
            before = state_in(text or "", self.path)
            found = transition(before, event, ingress="gatewayApi", at=at)
            assert found.outcome == "moved", found.why
            return commit_of("iris", self.environment, event, before, found.state, verdict=verdict, body=body)

        return write(Remote(str(self.server), "main"), self.path, change).commit

    def judged(self, event: Advance | Regress, errors: int) -> str:
        """Let the judge decide by so many errors of the new version in 20,000 requests, and return the commit."""
        state, place = self.state, self.spec.place(self.environment)
        policy = policy_in(state)
        assert policy is not None
        good, found = Counts(20_000, 20, before_them()), Counts(20_000, errors, before_them())
        window = Window(begin=0, end=60, stable=good, candidate=found, before=good, bounds=(0.1,))
        verdict = judge(policy, window)
        assert verdict.decision == ("advance" if isinstance(event, Advance) else "rollback"), verdict
        data = evidence.record(self.spec, place, state, policy, window, verdict, "2026-11-23T11:00:00Z", event=event)
        named = evidence.digest(data)
        run = state.slot("green" if state.stable == "blue" else "blue").run_id
        self.records[run, self.environment, named] = data
        return self.happen(replace(event, evidence=named), verdict.decision)

    def first(self) -> None:
        """Release 1.1.0, which has no rival."""
        for event in (Start(identity(1), POLICY), Ready(), Settle()):
            self.happen(event)

    def good(self, version: Identity | None = None) -> None:
        """Release 1.2.0, which passes."""
        self.happen(Start(version or identity(2), POLICY))
        self.happen(Ready())
        self.happen(Pause(), body="until the campaign is over")
        self.happen(Resume())
        self.judged(Advance(), errors=20)
        self.judged(Advance(), errors=20)
        for event in (Ready(), Baked(), Settle()):
            self.happen(event)

    def bad(self) -> None:
        """Release 1.3.0, which fails, and lift its rejection."""
        self.happen(Start(identity(3), POLICY))
        self.happen(Ready())
        self.judged(Regress("errorRate is worse", cause="verdict"), errors=2000)
        for event in (Ready(), Settle(), Unreject("1.3.0")):
            self.happen(event)

    def read(self, run: str, environment: str, named: str) -> bytes | None:
        """Return a record."""
        evidence.path_of(environment, named)  # which refuses what is no digest, as MLflow is never asked for
        return self.records.get((run, environment, named))


def before_them() -> tuple[int, ...]:
    """Return durations of 20,000 requests."""
    return (19_000, 1_000)


@dataclass(frozen=True)
class Entry:
    """A commit of a linear history, to be written anew.

    Attributes:
        message: Its message.
        files: Files that it changes.
        seconds: When.
    """

    message: str
    files: dict[str, str]
    seconds: int


def entries(server: Path) -> list[Entry]:
    """Return the history of a repository, oldest first."""
    found = []
    for line in git(server, "log", "--reverse", "--format=%H %ct", "main").splitlines():
        commit, seconds = line.split()
        names = git(server, "diff-tree", "--root", "--no-commit-id", "--name-only", "-r", commit).split()
        files = {name: git(server, "show", f"{commit}:{name}") for name in names}
        found.append(Entry(git(server, "log", "-1", "--format=%B", commit), files, int(seconds)))
    return found


def rewritten(history: Sequence[Entry], server: Path) -> Path:
    """Return a new repository with a history."""
    git(server.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(server))
    stream = bytearray()
    for entry in history:
        stream += b"commit refs/heads/main\n"
        stream += f"committer mlops-charts <mlops-charts@noreply.invalid> {entry.seconds} +0000\n".encode()
        stream += _data(entry.message)
        for name, text in entry.files.items():
            stream += f"M 100644 inline {name}\n".encode() + _data(text)
    subprocess.run(["git", "-C", str(server), "fast-import", "--quiet"], input=bytes(stream), check=True)
    return server


def edited(history: Sequence[Entry], index: int, change: Callable[[str], str], *, message: bool = False) -> list[Entry]:
    """Return a history with one commit changed: its files, or its message."""
    entry = history[index]
    files = entry.files if message else {name: change(text) for name, text in entry.files.items()}
    new = Entry(change(entry.message) if message else entry.message, files, entry.seconds)
    assert new != entry
    return [*history[:index], new, *history[index + 1 :]]


def _data(text: str) -> bytes:
    content = text.encode()
    return f"data {len(content)}\n".encode() + content + b"\n"
