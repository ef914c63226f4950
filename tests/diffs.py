"""Repositories to compare with themselves, and what `diff` says of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import ROOT, git

from mlops_charts.cli import main

MODEL = "model/iris/model.yaml"
Say = Callable[..., list[str]]


def commit(root: Path) -> None:
    """Commit everything."""
    git(root, "add", "--all")
    git(root, "commit", "-q", "--allow-empty", "-m", "Change")


def run(*words: str) -> int:
    """Run a command and return its exit status."""
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(main(list(words)))
    return int(ended.value.code or 0)


def start(root: Path) -> None:
    """Make a repository with iris, rendered and committed."""
    shutil.copytree(ROOT / "model/iris", root / "model/iris", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "platform.yaml", root)
    git(root, "init", "-q", "-b", "main")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert run("render") == 0
    commit(root)


def edit(root: Path, before: str, after: str, file: str = MODEL) -> None:
    """Replace what stands in a file, once."""
    text = (root / file).read_text()
    assert before in text
    (root / file).write_text(text.replace(before, after, 1))


def said_by(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> list[str]:
    """Return what `diff` prints, line by line, without the indentation; its exit status must be the one given."""
    capsys.readouterr()
    assert run("diff", *words) == status
    return [line.strip() for line in capsys.readouterr().out.splitlines()]
