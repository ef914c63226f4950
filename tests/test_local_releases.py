"""The release repository of this machine, and what git knows of a model's folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import git

from mlops_charts.local.releases import commit_of, history, newest, release_repository, set_aside, text_at


def listed(place: Path, branch: str = "main") -> list[str]:
    """Return the files of a branch."""
    return git(place, "ls-tree", "-r", "--name-only", branch).split()


def test_it_begins_with_the_release_files(tmp_path: Path) -> None:
    """It is made once; files of another model are added later, and what releases wrote stays."""
    place = release_repository(tmp_path, ["main", "releases"], {"charts/a/x.yaml": "one\n"})
    before = git(place, "rev-parse", "main")
    assert (listed(place), listed(place, "releases")) == (["charts/a/x.yaml"], ["charts/a/x.yaml"])
    assert release_repository(tmp_path, ["main"], {"charts/a/x.yaml": "other\n"}) == place
    assert git(place, "rev-parse", "main") == before
    release_repository(tmp_path, ["main"], {"charts/a/x.yaml": "other\n", "charts/b/é.yaml": "two\n"})
    assert git(place, "show", "main:charts/a/x.yaml") == "one\n"
    assert git(place, "show", "main:charts/b/é.yaml") == "two\n"
    assert git(place, "rev-parse", "main~1") == before
    assert git(place, "fsck", "--strict") == ""


def test_the_variables_of_a_hook_lead_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that a git hook starts does not write into the repository of the hook."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / ".git/index"))
    place = release_repository(tmp_path / "home", ["main"], {"a": "b"})
    monkeypatch.delenv("GIT_DIR")
    assert listed(place) == ["a"]
    assert git(tmp_path, "branch", "--all") == ""


def test_the_commit_of_a_folder(tmp_path: Path) -> None:
    """The newest commit that touched it; -dirty behind it where it differs; nothing outside of git."""
    assert commit_of(tmp_path, "model") == ""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    assert commit_of(tmp_path, "model") == ""
    (tmp_path / "model").mkdir()
    for name in ("model/train.py", "other"):
        (tmp_path / name).write_text("x")
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "--quiet", "-m", name)
    commit = git(tmp_path, "rev-parse", "HEAD~1").strip()
    assert commit_of(tmp_path, "model") == commit
    (tmp_path / "other").write_text("y")
    assert commit_of(tmp_path, "model") == commit
    (tmp_path / "model/new.py").write_text("y")
    assert commit_of(tmp_path, "model") == f"{commit}-dirty"


def test_what_became_of_a_file(tmp_path: Path) -> None:
    """Commits that changed it, the oldest first, with what they say for programs; others are left out."""
    place = release_repository(tmp_path, ["main"], {"a": "one\n", "b": "x\n"})
    first = newest(place, "main")
    git(tmp_path, "clone", "--quiet", str(place), "work")
    work = tmp_path / "work"
    advance = "Advance\n\nWhy.\n\nMlops-Event: advance\nMlops-Model: a"
    for name, text, message in (("a", "two", advance), ("b", "y", "Other")):
        (work / name).write_text(text)
        git(work, "commit", "--quiet", "-am", message)
    git(work, "push", "--quiet")
    (found,) = history(place, newest(place, "main"), "a", first)
    assert (found.subject, found.trailers) == ("Advance", {"Mlops-Event": "advance", "Mlops-Model": "a"})
    assert text_at(place, found.commit, "a") == "two"
    assert [one.commit for one in history(place, newest(place, "main"), "a")] == [first, found.commit]


def test_it_begins_anew(tmp_path: Path) -> None:
    """What was there is put aside, in the place of what was put aside before."""
    assert set_aside(tmp_path) is None
    for text in ("one\n", "two\n"):
        place = release_repository(tmp_path, ["main"], {"a": text})
        aside = set_aside(tmp_path)
        assert aside is not None
        assert (place.exists(), text_at(aside, newest(aside, "main"), "a")) == (False, text.strip())
