"""Repositories of models for tests, and the command line as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
Run = Callable[..., subprocess.CompletedProcess[str]]


def git(root: Path, *arguments: str) -> str:
    """Call git in a folder as somebody with a name."""
    who = ("-c", "user.name=Iris", "-c", "user.email=iris@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def process(
    arguments: Sequence[str], cwd: Path, *, stdin: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python with arguments as a process, with the package of this tree."""
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, input=stdin, capture_output=True, text=True, check=False
    )


def share_cache(root: Path) -> None:
    """Let runs in a repository use the packages that runs of this project have installed, which takes long."""
    kept, link = ROOT / ".mlops-charts" / "cache", root / ".mlops-charts" / "cache"
    for folder in (kept, link.parent):
        folder.mkdir(parents=True, exist_ok=True)
    link.symlink_to(kept, target_is_directory=True)


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    """Return the content and the time of every file below charts/ and apps/."""
    files = [file for top in ("charts", "apps") for file in (root / top).rglob("*") if file.is_file()]
    return {file.relative_to(root).as_posix(): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}


def contents(root: Path) -> dict[str, bytes]:
    """Return the content of every file below charts/ and apps/."""
    return {name: content for name, (content, _) in snapshot(root).items()}
