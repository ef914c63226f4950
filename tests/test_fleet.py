"""Many models at once, and what is remembered of them."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from repositories import contents, snapshot

from mlops_charts import rendering
from mlops_charts.cli import status_of
from mlops_charts.fleet import suspects
from mlops_charts.loading import load_platform


@pytest.fixture
def fleet(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Path]:
    """Make a repository of that many models and go there."""

    def make(count: int) -> Path:
        text = (repository / "model/iris/model.yaml").read_text("utf-8")
        for number in range(count - 1):
            folder = repository / f"model/m{number}"
            shutil.copytree(repository / "model/iris", folder)
            (folder / "model.yaml").write_text(text.replace("name: iris", f"name: m{number}"), "utf-8")
        monkeypatch.chdir(repository)
        return repository

    return make


def test_many_processes_write_what_one_does(fleet: Callable[[int], Path]) -> None:
    """A fleet that is worth a pool has the same bytes as each of its models by itself."""
    root = fleet(26)
    assert status_of(["render"]) == 0
    together = contents(root)
    for top in ("charts", "apps", ".mlops-charts"):
        shutil.rmtree(root / top)
    for folder in sorted((root / "model").iterdir()):
        assert status_of(["render", str(folder)]) == 0
    assert together == contents(root)


def test_what_has_not_changed_is_not_rendered(fleet: Callable[[int], Path]) -> None:
    """Only the model that was edited is, and only of it is anything written down."""
    root = fleet(3)
    assert status_of(["render"]) == 0
    memories = {file.stem: file for file in (root / ".mlops-charts/rendered").glob("*.json")}
    before = {name: file.stat().st_mtime_ns for name, file in memories.items()}
    (root / "model/m1/train.py").write_text((root / "model/m1/train.py").read_text("utf-8") + "\n", "utf-8")
    assert status_of(["render"]) == 0
    assert [name for name, file in memories.items() if file.stat().st_mtime_ns != before[name]] == ["m1"]


@pytest.mark.parametrize(
    "broken", ["", "[]", "{}", '{"key": 1}', "null", '{"key": "%s", "files": 3}', '{"key": "%s", "files": {"a": null}}']
)
def test_a_memory_that_cannot_be_read_is_none(fleet: Callable[[int], Path], broken: str) -> None:
    """Whatever stands in its file; the next run writes it anew."""
    root = fleet(1)
    assert status_of(["render"]) == 0
    before = snapshot(root)
    file = root / ".mlops-charts/rendered/iris.json"
    key = json.loads(file.read_text("utf-8"))["key"]
    file.write_text(broken.replace("%s", key), "utf-8")
    assert status_of(["render"]) == 0
    assert before == snapshot(root)
    assert json.loads(file.read_text("utf-8"))["key"] == key


def test_an_edit_that_hides_its_time_is_seen(fleet: Callable[[int], Path]) -> None:
    """The same size and the same time of modification are not believed: the file itself was touched."""
    root = fleet(1)
    assert status_of(["render"]) == 0
    file = root / "charts/iris/serving/Chart.yaml"
    times = file.stat()
    file.write_bytes(file.read_bytes().replace(b"v2", b"v3"))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert status_of(["render", "--check"]) == 1


def test_a_model_that_moved_is_rendered_anew(fleet: Callable[[int], Path]) -> None:
    """Its source stands in every file."""
    root = fleet(1)
    assert status_of(["render"]) == 0
    (root / "vision").mkdir()
    shutil.move(root / "model/iris", root / "vision/iris")
    assert status_of(["render", "vision/iris"]) == 0
    assert b"from vision/iris/model.yaml;" in (root / "charts/iris/serving/Chart.yaml").read_bytes()


def test_only_names_that_could_collide_are_suspect(fleet: Callable[[int], Path]) -> None:
    """A fleet of well-named models is not read twice."""
    root = fleet(3)
    shutil.copytree(root / "model/iris", root / "model/iris-pipeline")
    workspace, files = rendering.what((root / "model",))
    platform, _ = load_platform(workspace)
    assert [file.parent.name for file in suspects(files, [], platform)] == ["iris", "iris-pipeline"]
