"""Bare repositories with release files, as a git server has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from repositories import git

RELEASE = "charts/iris/serving/release-staging.yaml"


def bare(root: Path, files: Mapping[str, str], *, branch: str = "main") -> Path:
    """Return a bare repository whose one branch has some files, and that serves partial clones."""
    work, server = root / "work", root / "server.git"
    work.mkdir(parents=True)
    git(work, "init", "--quiet", f"--initial-branch={branch}")
    commit(work, files)
    git(root, "clone", "--quiet", "--bare", str(work), str(server))
    git(server, "config", "uploadpack.allowFilter", "true")
    git(work, "remote", "add", "origin", str(server))
    return server


def commit(work: Path, files: Mapping[str, str], message: str = "Change") -> str:
    """Commit some files in a work tree, and return the commit."""
    for name, text in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text, encoding="utf-8")
    git(work, "add", "-A")
    git(work, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(work, "rev-parse", "HEAD").strip()


def push(root: Path, files: Mapping[str, str], message: str = "Change") -> str:
    """Let somebody else change files on the server of `bare`, and return the commit."""
    work = root / "work"
    git(work, "pull", "--quiet", "--rebase", "origin", "HEAD")
    made = commit(work, files, message)
    git(work, "push", "--quiet", "origin", "HEAD")
    return made
