"""Files of another revision."""

from pathlib import Path

import pytest
from repositories import git

from mlops_charts.workspace.git import GitError, files_at


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one commit, and an edit since."""
    for name in ("model/a/model.yaml", "model/a/übung.py", "platform.yaml", "charts/a/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"old {name}", "utf-8")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message=first")
    (tmp_path / "platform.yaml").write_text("new", "utf-8")
    return tmp_path


def test_files_are_those_of_the_revision(root: Path) -> None:
    """What was edited since does not show; folders and files that the revision lacks are passed over."""
    names = ["model/a/model.yaml", "model/a/übung.py", "platform.yaml"]
    expected = {name: f"old {name}" for name in names}
    assert expected == files_at(root, "main", ["model", "platform.yaml", "apps", "none.yaml"])


def test_nothing_named_is_nothing_found(root: Path) -> None:
    """A revision without any of the paths has no files."""
    assert files_at(root, "HEAD", ["apps"]) == {}


def test_a_folder_below_the_top_is_a_root_of_its_own(root: Path) -> None:
    """Paths are taken from the root that was given."""
    assert files_at(root / "model", "HEAD", ["a/model.yaml"]) == {"a/model.yaml": "old model/a/model.yaml"}


@pytest.mark.parametrize("revision", ["nowhere", "--help", "main:platform.yaml", "-x", "a b", ""])
def test_a_revision_that_is_none_is_said(root: Path, revision: str) -> None:
    """Also one that git would take for an option."""
    with pytest.raises(GitError):
        files_at(root, revision, ["model"])


def test_a_folder_without_git_is_said(tmp_path: Path) -> None:
    """In git's own words."""
    with pytest.raises(GitError, match="not a git repository"):
        files_at(tmp_path, "HEAD", ["model"])


def test_no_git_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line."""
    monkeypatch.setenv("PATH", str(root))
    with pytest.raises(GitError, match="git is not installed"):
        files_at(root, "HEAD", ["model"])
