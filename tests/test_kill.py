"""What a kill at any moment leaves behind, and that the next run finishes it."""

import shutil
import signal
from pathlib import Path

import pytest
from repositories import ROOT, contents, process

from mlops_charts.cli import status_of

SCRIPT = str(ROOT / "tests/killed_at.py")
SHARES = 3  # tests that share the moments of a kill, so that they run side by side


def _moments(root: Path) -> int:
    """Return how many changes of the disk a rendering of a copy of the repository makes."""
    copy = root.with_name("copy")
    shutil.copytree(root, copy)
    done = process([SCRIPT, "1000000", "render"], copy)
    shutil.rmtree(copy)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-1])


def _edit(root: Path) -> None:
    """Change the model so that files are added, changed and removed."""
    model = root / "model/iris/model.yaml"
    text = model.read_text("utf-8")
    text = text.replace('  schedule: "0 3 * * 1"', "  # no schedule").replace("  - staging\n", "")
    text = text.replace("serving:\n  replicas: 2\n", "serving:\n  autoscaling: {min: 2, max: 6, cpuPercent: 60}\n")
    text = text.replace("serving: {replicas: 4}", "serving: {timeout: 9s}")
    model.write_text(text, "utf-8")


def _rendered(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    monkeypatch.chdir(root)
    assert status_of(["render"]) == 0
    return contents(root)


@pytest.mark.parametrize("share", range(SHARES))
def test_every_file_is_old_or_new_and_the_next_run_finishes(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], share: int
) -> None:
    """Killed at each change of the disk, each file is whole; the next run says that it finishes, and all is new."""
    old = _rendered(repository, monkeypatch)
    saved = repository.with_name("saved")
    shutil.copytree(repository, saved)
    _edit(repository)
    edited = (repository / "model/iris/model.yaml").read_bytes()
    moments = _moments(repository)
    new = _rendered(repository, monkeypatch)
    assert old.keys() - new.keys()
    assert new.keys() - old.keys() or any(old[name] != new[name] for name in new)
    for moment in range(1 + share, moments + 1, SHARES):
        monkeypatch.chdir("/")
        shutil.rmtree(repository)
        shutil.copytree(saved, repository)
        (repository / "model/iris/model.yaml").write_bytes(edited)
        killed = process([SCRIPT, str(moment), "render"], repository)
        assert killed.returncode == -signal.SIGKILL, moment
        capfd.readouterr()
        for name, content in contents(repository).items():
            assert name.endswith(".mlops-charts-new") or content in {old.get(name), new.get(name)}, (moment, name)
        pending = (repository / ".mlops-charts/pending/charts_iris_pipeline").exists()
        assert new == _rendered(repository, monkeypatch), moment
        assert pending == ("what it began is finished now" in capfd.readouterr().err), moment
        assert status_of(["render", "--check"]) == 0


def test_a_first_run_that_was_killed_is_finished(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half-written stays, wherever the first rendering was killed."""
    moments = _moments(repository)
    copy = repository.with_name("whole")
    shutil.copytree(repository, copy)
    new = _rendered(copy, monkeypatch)
    for moment in range(2, moments, moments // 8):
        for folder in ("charts", "apps", ".mlops-charts"):
            shutil.rmtree(repository / folder, ignore_errors=True)
        killed = process([SCRIPT, str(moment), "render"], repository)
        assert killed.returncode == -signal.SIGKILL
        assert new == _rendered(repository, monkeypatch), moment


def test_a_removal_that_was_killed_is_finished(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Removing again goes on where it was killed."""
    _rendered(repository, monkeypatch)
    shutil.rmtree(repository / "model/iris")
    killed = process([SCRIPT, "30", "render", "--remove", "iris"], repository)
    assert killed.returncode == -signal.SIGKILL
    assert status_of(["render", "--remove", "iris"]) == 0
    assert not (repository / "charts").exists()
    assert not (repository / "apps/models").exists()
