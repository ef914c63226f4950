"""What git knows of the repository: files of another revision, and nothing that writes."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from mlops_charts.errors import MlopsChartsError

_TIMEOUT = 120  # seconds


class GitError(MlopsChartsError):
    """Git is missing, or said no: this is no repository, or the revision does not exist."""


def files_at(root: Path, revision: str, paths: Sequence[str]) -> dict[str, str]:
    """Return the text of every file below some paths, as a revision has them.

    Args:
        root: A folder in a git repository; paths are taken from there.
        revision: A branch, tag or commit.
        paths: Folders or files; those that the revision lacks are passed over.

    Raises:
        GitError: Git cannot tell.
    """
    commit = (
        _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
    )
    present = _git(root, "ls-tree", "-r", "-z", "--name-only", commit, "--", *paths).decode()
    if not present:
        return {}
    archive = _git(root, "archive", "--format=tar", commit, "--", *_outermost(present.split("\0"), paths))
    found: dict[str, str] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                found[member.name] = content.read().decode("utf-8", errors="replace")
    return found


def _outermost(present: Sequence[str], paths: Sequence[str]) -> list[str]:
    return [path for path in paths if any(name == path or name.startswith(f"{path}/") for name in present)]


def _git(root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, timeout=_TIMEOUT, check=False)
    except FileNotFoundError:
        raise GitError("git is not installed, and another revision cannot be read without it") from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]} did not answer within {_TIMEOUT} seconds") from None
    if done.returncode:
        raise GitError(_reason(root, arguments, done.stderr.decode(errors="replace").strip()))
    return done.stdout


def _reason(root: Path, arguments: Sequence[str], said: str) -> str:
    if arguments[0] == "rev-parse":
        revision = arguments[-1].removesuffix("^{commit}")
        return said or f'{root} has no revision "{revision}"; name a branch, a tag or a commit that was fetched'
    return f"git {arguments[0]}: {said}"
