"""The demo: its commands exist, it ends where one of them fails, and it tells what happened."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import git

from mlops_charts.cli import status_of
from mlops_charts.demo import _SCENES, _reports, _story, main
from mlops_charts.local.releases import release_repository


@pytest.mark.parametrize(("title", "arguments"), _SCENES, ids=[" ".join(arguments[:3]) for _, arguments in _SCENES])
def test_each_scene_is_a_command(title: str, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Its options are known."""
    assert status_of([*arguments, "--help"]) == 0
    assert (bool(title), capsys.readouterr().out != "") == (True, True)


def test_it_ends_where_a_command_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status is that of the command, and no later one runs."""
    monkeypatch.chdir(tmp_path)
    assert main(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_it_tells_the_story(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The history of the releases, the oldest first, and the newest reports."""
    release_repository(tmp_path / ".mlops-charts", ["main"], {"a": "b"})
    place = tmp_path / ".mlops-charts/release.git"
    git(tmp_path, "clone", "--quiet", str(place), "work")
    git(tmp_path / "work", "commit", "--quiet", "--allow-empty", "-m", "Go on")
    git(tmp_path / "work", "push", "--quiet")
    _story(place)
    lines = [line.split("  ")[-1] for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == ["Begin the releases of this machine", "Go on"]
    for name in ("1", "2", "3", "4"):
        (tmp_path / ".mlops-charts/runs/iris" / name).mkdir(parents=True)
        (tmp_path / ".mlops-charts/runs/iris" / name / "report.html").touch()
    assert [Path(path).parent.name for path in _reports(tmp_path)] == ["2", "3", "4"]
