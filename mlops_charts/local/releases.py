"""The release repository of this machine: a bare git repository that stands for the one Argo CD reads.

Also what git knows of a model's folder. It never writes to the user's own repository.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlops_charts.workspace.git import GitError

NAME: Final = "release.git"
BEFORE: Final = "release-before.git"
_TIMEOUT: Final = 60  # seconds
_WHO: Final = {
    "GIT_AUTHOR_NAME": "mlops-charts",
    "GIT_AUTHOR_EMAIL": "mlops-charts@localhost",
    "GIT_COMMITTER_NAME": "mlops-charts",
    "GIT_COMMITTER_EMAIL": "mlops-charts@localhost",
}
_OURS_ALONE: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")


def release_repository(home: Path, branches: Sequence[str], files: Mapping[str, str]) -> Path:
    """Return the bare repository, with each of these files on each branch; one that is there is left as it is.

    Args:
        home: The folder .mlops-charts.
        branches: Names of branches.
        files: Text by path; release files before their first release.

    Raises:
        GitError: Git cannot make it.
    """
    place = home / NAME
    with _alone(home):
        if not (place / "HEAD").exists():
            _git(home, "init", "--quiet", "--bare", "--template=", f"--initial-branch={branches[0]}", str(place))
        for branch in dict.fromkeys(branches):
            _add(place, branch, files)
    return place


def _add(place: Path, branch: str, files: Mapping[str, str]) -> None:
    reference = f"refs/heads/{branch}"
    parent = _asked(place, "rev-parse", "--verify", "--quiet", reference)
    there = set(_asked(place, "ls-tree", "-r", "-z", "--name-only", parent).split("\0")) if parent else set()
    missing = {path: text for path, text in files.items() if path not in there}
    if parent and not missing:
        return
    index = {"GIT_INDEX_FILE": str(place / "index.new")}
    try:
        _git(place, "read-tree", *([parent] if parent else ["--empty"]), more=index)
        for path, text in missing.items():
            blob = _git(place, "hash-object", "-w", "--stdin", text=text)
            _git(place, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", more=index)
        tree = _git(place, "write-tree", more=index)
    finally:
        (place / "index.new").unlink(missing_ok=True)
    message = "Begin the releases of this machine" if not parent else "Add the release files of a model"
    commit = _git(place, "commit-tree", tree, *(["-p", parent] if parent else []), "-m", message)
    _git(place, "update-ref", reference, commit, parent or "0" * 40)


@dataclass(frozen=True)
class Committed:
    """A commit of a release file.

    Attributes:
        commit: The commit.
        at: When it was made, in seconds since 1970.
        subject: The first line of its message.
        trailers: What it says for programs.
    """

    commit: str
    at: float
    subject: str
    trailers: Mapping[str, str]


def set_aside(home: Path) -> Path | None:
    """Put the repository aside, so that the next run begins anew; return where it is now, None if there was none.

    Args:
        home: The folder .mlops-charts. What was put aside before is removed.
    """
    place, aside = home / NAME, home / BEFORE
    with _alone(home):
        if not place.exists():
            return None
        shutil.rmtree(aside, ignore_errors=True)
        place.rename(aside)
    return aside


def newest(place: Path, branch: str) -> str:
    """Return the newest commit of a branch."""
    return _git(place, "rev-parse", "--verify", f"refs/heads/{branch}")


def text_at(place: Path, commit: str, path: str) -> str:
    """Return the text of a file as a commit has it."""
    return _git(place, "cat-file", "blob", f"{commit}:{path}")


def history(place: Path, commit: str, path: str, since: str = "") -> list[Committed]:
    """Return the commits that changed a file, the oldest first.

    Args:
        place: The repository.
        commit: The last of them, or one behind it.
        path: The file.
        since: A commit whose ancestors and itself are left out; empty for all.
    """
    form = "%H%x00%ct%x00%s%x00%(trailers:only,unfold)%x1e"
    span = f"{since}..{commit}" if since else commit
    printed = _git(place, "log", "--reverse", f"--format={form}", span, "--", path)
    return [_committed(one.strip("\n")) for one in printed.split("\x1e") if one.strip()]


def _committed(printed: str) -> Committed:
    commit, at, subject, trailers = printed.split("\0")
    pairs = (line.partition(": ") for line in trailers.splitlines() if ": " in line)
    return Committed(commit, float(at), subject, {name: text for name, _, text in pairs})


def commit_of(root: Path, folder: str) -> str:
    """Return the newest commit that touched a folder, with -dirty if the folder differs from it; empty without git."""
    try:
        commit = _asked(root, "log", "-1", "--format=%H", "--", folder)
        changed = _asked(root, "status", "--porcelain", "--untracked-files=normal", "--", folder)
    except GitError:
        return ""
    return f"{commit}-dirty" if commit and changed else commit


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    (home / "locks").mkdir(parents=True, exist_ok=True)
    with (home / "locks" / "release-repository.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _asked(folder: Path, *arguments: str) -> str:
    """Return what git answers; empty where it has no answer."""
    done = _run(folder, arguments, {}, None)
    return done.stdout.strip() if done.returncode == 0 else ""


def _git(folder: Path, *arguments: str, more: Mapping[str, str] | None = None, text: str | None = None) -> str:
    done = _run(folder, arguments, more or {}, text)
    if done.returncode:
        raise GitError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def _run(
    folder: Path, arguments: Sequence[str], more: Mapping[str, str], text: str | None
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in _OURS_ALONE}
    environment = {**clean, **_WHO, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", **more}
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            check=False,
            encoding="utf-8",
            env=environment,
            timeout=_TIMEOUT,
            input=text or "",
        )
    except FileNotFoundError:
        raise GitError("git is not installed, and releases are kept in git") from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]} did not answer within {_TIMEOUT} seconds") from None
