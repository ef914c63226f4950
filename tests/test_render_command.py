"""`render` as a user calls it: what it writes, what it leaves alone, what it says."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from repositories import ROOT, Run, contents, snapshot

from mlops_charts.cli import status_of


@pytest.fixture
def rendered(repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """The repository, rendered, and the current folder."""
    monkeypatch.chdir(repository)
    assert status_of(["render"]) == 0
    capsys.readouterr()
    return repository


def _second_model(root: Path, name: str = "tulip") -> Path:
    shutil.copytree(root / "model/iris", root / "model" / name)
    file = root / "model" / name / "model.yaml"
    file.write_text(file.read_text("utf-8").replace("name: iris", f"name: {name}"), "utf-8")
    return file


def test_render_writes_charts_and_apps(run: Run, repository: Path) -> None:
    """As a process, in a folder with a space in its name; every file is told, and git sees nothing else."""
    done = run("render")
    count = len(contents(repository))
    assert (done.returncode, done.stderr) == (0, f"1 model: {count} files written or removed, 0 unchanged\n")
    assert sorted(f"added {name}" for name in contents(repository)) == sorted(done.stdout.splitlines())
    assert (repository / "charts/iris/serving/Chart.yaml").is_file()
    assert (repository / "apps/models/iris-pipeline.yaml").is_file()


def test_rendering_again_touches_no_file(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also without what is remembered between runs."""
    before = snapshot(rendered)
    assert status_of(["render"]) == 0
    shutil.rmtree(rendered / ".mlops-charts")
    assert status_of(["render"]) == 0
    assert before == snapshot(rendered)
    assert capsys.readouterr().out == ""


def test_the_same_bytes_from_every_folder_and_name(rendered: Path, tmp_path: Path) -> None:
    """Neither where the repository is nor how it is named shows in what is written."""
    link = tmp_path / "link"
    link.symlink_to(rendered)
    before = contents(rendered)
    for top in ("charts", "apps", ".mlops-charts"):
        shutil.rmtree(rendered / top)
    assert status_of(["render", str(link / "model/iris")]) == 0
    assert before == contents(rendered)


@pytest.mark.parametrize("name", ["values-prod.yaml", "release-prod.yaml"])
def test_files_of_people_and_releases_are_never_rewritten(rendered: Path, name: str) -> None:
    """Not even where everything else changes."""
    file = rendered / "charts/iris/serving" / name
    file.write_text("serving: {replicas: 9}\n", "utf-8")
    model = rendered / "model/iris/model.yaml"
    model.write_text(model.read_text("utf-8").replace("replicas: 2", "replicas: 3"), "utf-8")
    assert status_of(["render"]) == 0
    assert status_of(["render", "--check"]) == 0
    assert file.read_text("utf-8") == "serving: {replicas: 9}\n"


def test_what_is_generated_no_longer_goes_and_what_is_not_ours_stays(rendered: Path) -> None:
    """A model without a schedule has no CronWorkflow; a file beside it is somebody's, and told."""
    templates = rendered / "charts/iris/pipeline/templates"
    (templates / "mine.yaml").write_text("kind: ConfigMap\n", "utf-8")
    model = rendered / "model/iris/model.yaml"
    model.write_text(re.sub(r"  schedule:.*\n", "", model.read_text("utf-8")), "utf-8")
    assert (templates / "cronworkflow.yaml").exists()
    assert status_of(["render"]) == 1
    assert not (templates / "cronworkflow.yaml").exists()
    assert (templates / "mine.yaml").exists()


def test_rendering_one_model_touches_no_other(rendered: Path) -> None:
    """Nor does it say anything of the other."""
    _second_model(rendered)
    before = snapshot(rendered)
    assert status_of(["render", "model/tulip"]) == 0
    after = snapshot(rendered)
    assert before == {name: found for name, found in after.items() if "tulip" not in name}
    assert any("tulip" in name for name in after)


EDITS = {
    "an output": lambda root: (root / "charts/iris/serving/values.yaml").write_text("a: 1\n", "utf-8"),
    "a deleted output": lambda root: (root / "charts/iris/serving/README.md").unlink(),
    "a deleted Application": lambda root: (root / "apps/models/iris-pipeline.yaml").unlink(),
    "a leftover": lambda root: shutil.copy(
        root / "charts/iris/serving/Chart.yaml", root / "charts/iris/serving/templates/old.yaml"
    ),
    "line ends": lambda root: _replace(root / "charts/iris/serving/Chart.yaml", b"\n", b"\r\n"),
    "the same size": lambda root: _replace(root / "charts/iris/serving/Chart.yaml", b"v2", b"v3"),
    "the projects": lambda root: _replace(root / "apps/projects/models.yaml", b"models", b"models-x"),
    "train.py": lambda root: _replace(root / "model/iris/train.py", b"\n", b"\n# seen\n"),
    "model.yaml": lambda root: _replace(root / "model/iris/model.yaml", b"replicas: 2", b"replicas: 3"),
    "platform.yaml": lambda root: _replace(root / "platform.yaml", b"acme/mlops", b"acme/other"),
    "a seed": lambda root: (root / "charts/iris/serving/values-prod.yaml").unlink(),
}


def _replace(file: Path, old: bytes, new: bytes) -> None:
    file.write_bytes(file.read_bytes().replace(old, new))


@pytest.mark.parametrize("edit", EDITS)
def test_every_change_is_seen_by_check_and_put_right_by_render(
    rendered: Path, capsys: pytest.CaptureFixture[str], edit: str
) -> None:
    """An edit of an input or an output right after rendering is noticed in spite of what is remembered."""
    EDITS[edit](rendered)
    before = snapshot(rendered)
    assert status_of(["render", "--check"]) == 1
    assert before == snapshot(rendered)
    assert capsys.readouterr().out
    assert status_of(["render"]) == 0
    assert status_of(["render", "--check"]) == 0


def test_check_shows_what_differs(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A diff from what is there to what should be, which `patch` can read."""
    _replace(rendered / "charts/iris/serving/Chart.yaml", b"name: iris-serving\n", b"name: rose\n")
    assert status_of(["render", "--check"]) == 1
    out = capsys.readouterr().out
    assert "stale charts/iris/serving/Chart.yaml\n--- a/charts/iris/serving/Chart.yaml\n" in out
    assert "-name: rose\n+name: iris-serving\n" in out


def test_a_line_without_an_end_is_shown_as_one(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As `diff` does."""
    file = rendered / "charts/iris/serving/Chart.yaml"
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    assert status_of(["render", "--check"]) == 1
    assert "-type: application\n\\ No newline at end of file\n+type: application\n" in capsys.readouterr().out


def test_a_model_that_is_gone_loses_nothing_until_it_is_removed(
    rendered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`render` says what is left over, `--check` refuses, `--remove` removes what was generated and keeps the rest."""
    (rendered / "charts/iris/serving/values-prod.yaml").write_text("serving: {replicas: 9}\n", "utf-8")
    before = snapshot(rendered)
    shutil.rmtree(rendered / "model/iris")
    assert status_of(["render"]) == 0
    assert "`mlops-charts render --remove iris` removes them" in capsys.readouterr().err
    assert before == snapshot(rendered)
    assert status_of(["render", "--check"]) == 1
    assert "left over: iris" in capsys.readouterr().out
    assert status_of(["render", "--remove", "iris"]) == 0
    assert "left charts/iris/serving/values-prod.yaml" in capsys.readouterr().err
    assert [name for name in contents(rendered) if "iris" in name] == ["charts/iris/serving/values-prod.yaml"]
    assert status_of(["render", "--check"]) == 0


@pytest.mark.parametrize("name", ["iris", "rose", "../iris", "", "/", "iris/../iris"])
def test_only_a_model_that_is_gone_can_be_removed(rendered: Path, name: str) -> None:
    """Not one that exists, nor one that never was, nor a path."""
    before = snapshot(rendered)
    assert status_of(["render", "--remove", name]) == 1
    assert before == snapshot(rendered)


def test_a_model_with_an_error_is_not_written_and_others_are(
    rendered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The problem is on stdout with its place."""
    file = _second_model(rendered)
    _replace(file, b"replicas: 2", b"replcas: 2")
    _replace(rendered / "model/iris/model.yaml", b"replicas: 2", b"replicas: 3")
    assert status_of(["render"]) == 1
    out = capsys.readouterr().out
    assert "model/tulip/model.yaml:25:3: serving.replcas" in out
    assert "changed charts/iris/serving/values.yaml" in out
    assert not (rendered / "charts/tulip").exists()


def test_a_platform_with_an_error_stops_everything(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written, as every chart depends on it."""
    before = snapshot(rendered)
    _replace(rendered / "platform.yaml", b"branch: main", b"brunch: main")
    assert status_of(["render"]) == 1
    assert "platform.yaml:7:3: git.brunch" in capsys.readouterr().out
    assert before == snapshot(rendered)


def test_models_that_would_overwrite_each_other_are_not_written(
    rendered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Iris in x-serving-prod has the Application that iris-serving-x in prod would have: the later one is refused."""
    _replace(rendered / "platform.yaml", b"  staging: ", b"  x-serving-prod: {}\n  staging: ")
    _second_model(rendered, "iris-serving-x")
    _replace(rendered / "model/iris/model.yaml", b"- staging", b"- x-serving-prod")
    assert status_of(["render"]) == 1
    assert "[name-collision]" in capsys.readouterr().out
    assert (rendered / "apps/models/iris-serving-x-serving-prod.yaml").exists()
    assert not (rendered / "charts/iris-serving-x").exists()
    assert status_of(["render", "model/iris-serving-x"]) == 1
    assert not (rendered / "charts/iris-serving-x").exists()


def test_a_text_alone_cannot_be_rendered(repository: Path, run: Run) -> None:
    """It has no train.py; what it could be is said."""
    done = run("render", "-", stdin=(repository / "model/iris/model.yaml").read_text("utf-8"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "render needs a model's folder" in done.stderr
    assert not (repository / "charts").exists()


def test_without_a_platform_nothing_is_rendered(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what is missing and what writes it."""
    (rendered / "platform.yaml").unlink()
    assert status_of(["render", "model/iris"]) == 1
    err = capsys.readouterr().err
    assert "`mlops-charts init`" in err
    assert err.count("\n") == 1


def test_a_model_named_twice_is_rendered_once(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However it is named."""
    assert status_of(["render", "model", "model/iris", "model/iris/model.yaml", "."]) == 0
    assert capsys.readouterr().err.startswith("1 model: ")


def test_json_is_one_document(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what would change and what is wrong; the talk stays on stderr."""
    assert status_of(["render", "--check", "--format", "json"]) == 0
    clean = json.loads(capsys.readouterr().out)
    (rendered / "charts/iris/serving/README.md").unlink()
    assert status_of(["render", "--check", "--format", "json"]) == 1
    stale = json.loads(capsys.readouterr().out)
    assert (clean["problems"], clean["added"], clean["unchanged"]) == ([], [], len(contents(rendered)) + 1)
    assert stale["added"] == ["charts/iris/serving/README.md"]


def test_two_processes_at_once_end_as_one_would(repository: Path) -> None:
    """Each waits for the other where they write."""
    call = [sys.executable, "-m", "mlops_charts", "render"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [subprocess.Popen(call, cwd=repository, env=env, stdout=subprocess.PIPE) for _ in range(2)]
    outs = [process.communicate()[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(f"added {name}" for name in contents(repository)) == sorted("".join(outs).splitlines())


def test_a_file_in_the_way_is_one_clear_line(repository: Path, run: Run) -> None:
    """The disk's refusal is the disk's status."""
    (repository / "charts").write_text("mine", "utf-8")
    done = run("render")
    assert done.returncode == 3
    assert done.stderr.startswith("error: ")
    assert "charts/iris" in done.stderr
    assert done.stderr.count("\n") == 1
