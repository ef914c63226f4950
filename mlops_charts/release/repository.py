"""Git as the record of releases: one file read, one file changed, one commit, and nothing lost if many do so at once.

There is no work tree: a file's new content becomes a tree and a commit beside what the server has. It must not know
what a release is, nor who asks.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from mlops_charts.problems import visible_lines
from mlops_charts.release.git import Access, Git, Offline, RepositoryError, Rival, git_in
from mlops_charts.release.scratch import scratch_folder

_PATIENCE: Final = 300.0  # seconds in which a change must have met a moment without a rival
_LONGEST_PAUSE: Final = 8.0  # seconds between two attempts
_SLOT: Final = 0.2  # seconds for an attempt at a server that does not answer
_SHORTEST_SLOT: Final = 0.05
_FILE: Final = "100644"
_NOBODY: Final = {
    f"GIT_{role}_{key}": text
    for role in ("AUTHOR", "COMMITTER")
    for key, text in {"NAME": "mlops-charts", "EMAIL": "mlops-charts@noreply.invalid"}.items()
}


@dataclass(frozen=True)
class Commit:
    """A change of one file, as it goes into the history.

    Attributes:
        text: The whole file.
        subject: The first line of the message.
        trailers: What the commit says in a form for programs: {"Mlops-Model": "iris"}.
        body: Further lines of the message.
    """

    text: str
    subject: str
    trailers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def message(self) -> str:
        """The message; what git or a terminal would not bear of others' words is written as escapes."""
        lines = [f"{name}: {' '.join(value.split())}" for name, value in self.trailers.items() if value]
        parts = [" ".join(self.subject.split()), self.body.strip(), "\n".join(lines)]
        return visible_lines("\n\n".join(part for part in parts if part)) + "\n"


@dataclass(frozen=True)
class Remote:
    """A branch of a repository.

    Attributes:
        address: Where the repository is: https://, ssh://, or a folder.
        branch: The branch.
        access: How it is reached, and who signs.
        patience: Seconds in which a server that does not answer is asked again.
    """

    address: str
    branch: str
    access: Access = field(default_factory=Access)
    patience: float = 40.0


@dataclass(frozen=True)
class Branch:
    """A branch as it was when it was fetched.

    Attributes:
        git: Git in a scratch repository.
        commit: Its newest commit.
    """

    git: Git
    commit: str

    def text(self, path: str) -> str | None:
        """Return the text of a file; None if there is none. Bytes that are no UTF-8 are lone surrogates in it.

        Raises:
            RepositoryError: It is no regular file.
        """
        listed = self.git.run("ls-tree", "-z", self.commit, "--", path).rstrip("\0")
        if not listed:
            return None
        mode, kind, name = listed.partition("\t")[0].split()
        if kind != "blob" or mode == "120000":
            raise RepositoryError(f"{path} is no file in {self.git.address}")
        return self.git.output("cat-file", "blob", name).decode("utf-8", errors="surrogateescape")

    def newest(self, path: str) -> str:
        """Return the newest commit that touched a folder; empty if none did. It needs the branch with its history."""
        return self.git.run("log", "-1", "--format=%H", self.commit, "--", path).strip()

    def with_file(self, path: str, commit: Commit) -> str:
        """Return a new commit on top of this one, with a file changed; nobody else has it yet."""
        git, index = self.git, str(self.git.folder / "index")
        blob = git.run("hash-object", "-w", "--stdin", given=commit.text).strip()
        git.run("read-tree", self.commit, GIT_INDEX_FILE=index)
        git.run("update-index", "--add", "--cacheinfo", f"{_FILE},{blob},{path}", GIT_INDEX_FILE=index)
        tree = git.run("write-tree", "--missing-ok", GIT_INDEX_FILE=index).strip()
        signed = ["-S"] if git.signs else []
        who = {} if git.personal else _NOBODY
        return git.run("commit-tree", *signed, "-p", self.commit, tree, given=commit.message, **who).strip()

    def holds(self, commit: str) -> bool:
        """Return whether a commit of this scratch repository has become part of the branch."""
        with suppress(RepositoryError):
            self.git.run("merge-base", "--is-ancestor", commit, self.commit)
            return True
        return False


@dataclass(frozen=True)
class Written:
    """What became of a change.

    Attributes:
        commit: The commit that has it: the new one, or the one that it was found in.
        changed: Whether there is a new commit.
        attempts: How often it was tried.
    """

    commit: str
    changed: bool
    attempts: int


@contextmanager
def fetched(remote: Remote, *, history: bool = False) -> Iterator[Branch]:
    """Yield a branch as it is now; the scratch repository is gone behind the block.

    Args:
        remote: The branch.
        history: Whether all commits are needed, and not the newest alone; contents come as they are asked for.

    Raises:
        RepositoryError: It cannot be reached; Missing if there is no such branch.
    """
    with scratch_folder() as scratch:
        git = git_in(scratch, remote.address, remote.access)
        patience = _Patience(remote.patience)
        yield patience.ask(lambda: _fetch(git, remote.branch, history=history))


def write(remote: Remote, path: str, change: Callable[[str | None], Commit | None]) -> Written:
    """Change one file in a branch; where somebody else was faster, decide anew on what is there then.

    A server that does not answer is asked again, as long as `remote.patience` lasts. Where it fell silent during a
    push, the branch is searched for that first, so that nothing is done twice.

    Args:
        remote: The branch.
        path: The file, from the top of the repository.
        change: Called with the file's text as the branch has it, None if there is none; returns what it is to be, or
            None if nothing is to change. It is called again after each rival's push, so it must be a pure function.

    Raises:
        RepositoryError: It cannot be reached (Offline), refuses the push (Protected), or others were faster for
            minutes (Rival).
        Nameless: A person is to be the author, and git does not know them.
    """
    begun, patience, attempts = time.monotonic(), _Patience(remote.patience), 0
    with fetched(remote) as first:
        branch, unsure = first, ""
        if branch.git.personal:
            branch.git.author()
        while True:
            attempts, at = attempts + 1, time.monotonic()
            if unsure and branch.holds(unsure):
                return Written(unsure, changed=True, attempts=attempts)
            old = branch.text(path)
            commit = change(old)
            if commit is None or commit.text == old:
                return Written(branch.commit, changed=False, attempts=attempts)
            made, unsure = branch.with_file(path, commit), ""
            try:
                _push(branch.git, made, remote.branch)
                return Written(made, changed=True, attempts=attempts)
            except Rival:
                if time.monotonic() - begun > _PATIENCE:
                    raise
                _pause(attempts, time.monotonic() - at)
            except Offline as silent:
                patience.wait(silent)
                unsure = made
            branch = patience.ask(lambda: _fetch(first.git, remote.branch, history=bool(unsure)))  # noqa: B023


class _Patience:
    """How long a server is asked that does not answer; each time that it is lost, time goes on from the first."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun = 0.0
        self._waits = 0

    def ask(self, question: Callable[[], Branch]) -> Branch:
        """Return the answer to a question that may be asked again."""
        while True:
            try:
                return question()
            except Offline as silent:
                self.wait(silent)

    def wait(self, silent: Offline) -> None:
        """Wait a little, or raise what has happened if that has gone on for too long."""
        now = time.monotonic()
        self._begun = self._begun or now
        if now - self._begun >= self._seconds:
            raise silent
        self._waits += 1
        _pause(self._waits, _SLOT)


def _pause(attempts: int, slot: float) -> None:
    """Wait for a random time, longer each time; the slower attempts are, the farther apart writers must be."""
    longest = min(_LONGEST_PAUSE, max(slot, _SHORTEST_SLOT) * 2 ** min(attempts + 1, 7))
    time.sleep(random.uniform(0, longest))  # noqa: S311 - they part


def _push(git: Git, commit: str, branch: str) -> None:
    printed = git.run("push", "--porcelain", "origin", f"{commit}:refs/heads/{branch}")
    if "[up to date]" in printed:  # in the same second somebody has made the very same commit: it is theirs
        raise Rival(f"{git.address} has {commit} already")


def _fetch(git: Git, branch: str, *, history: bool = False) -> Branch:
    depth = [] if history else ["--depth=1"]
    if history and (git.folder / "repository" / "shallow").exists():
        depth = ["--unshallow"]
    local = "refs/heads/fetched"
    git.run(
        "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--force", *depth, "--filter=blob:none", "origin",
        f"refs/heads/{branch}:{local}",
    )  # fmt: skip
    return Branch(git, git.run("rev-parse", "--verify", f"{local}^{{commit}}").strip())
