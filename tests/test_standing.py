"""What stands beside what is rendered is told by `validate` and by `render`, before Argo CD acts on it."""

import shutil
from pathlib import Path

import pytest
from repositories import git, snapshot

from mlops_charts.cli import status_of
from mlops_charts.release import Identity, release_text, state_of

SERVING = "charts/iris/serving"
LOST = f"{SERVING}/release-prod.yaml"
IMAGE = "ghcr.io/acme/iris@sha256:" + "0" * 64
VERSION = Identity(version="1.2.0", image=IMAGE, run_id="r", code_digest="c", data_digest="d")


@pytest.fixture
def rendered(repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """The repository, rendered and committed with version 1.2.0 serving in prod, and the current folder."""
    monkeypatch.chdir(repository)
    assert status_of(["render"]) == 0
    settled = state_of("settled", "gatewayApi", VERSION.model_copy(update={"version": "1.1.0"}), VERSION)
    (repository / LOST).write_text(release_text(settled), "utf-8")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "x")
    assert status_of(["render"]) == 0
    capsys.readouterr()
    return repository


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize("arguments", [["render"], ["render", "--check"], ["validate"]])
def test_a_release_file_that_is_lost_is_never_made_up(
    rendered: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """Nothing is written for its model, whatever else changed, and the note takes it back."""
    (rendered / LOST).unlink()
    _replace(rendered / "model/iris/model.yaml", "replicas: 2", "replicas: 3")
    before = snapshot(rendered)
    assert status_of(arguments) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"{LOST}: the file is gone, ") or f"\n{LOST}: the file is gone, " in out
    assert f"git checkout HEAD -- {LOST}\n" in out
    assert before == snapshot(rendered)
    git(rendered, "checkout", "HEAD", "--", LOST)
    assert status_of(["render"]) == 0
    assert status_of(["validate"]) == 0


def test_a_release_file_comes_into_the_world_with_its_environment(rendered: Path) -> None:
    """Both are written where neither is: a new environment, or one that a person says serves nothing."""
    for kind in ("release", "environment"):
        (rendered / f"{SERVING}/{kind}-prod.yaml").unlink()
    assert status_of(["render"]) == 0
    assert 'phase: "none"' in (rendered / LOST).read_text("utf-8")


FOREIGN = [
    f"{SERVING}/templates/extra.yaml",
    f"{SERVING}/templates/extra.yaml~",
    f"{SERVING}/charts/sub.tgz",
    f"{SERVING}/.helmignore",
    "charts/iris/pipeline/.argocd-source.yaml",
    "charts/iris/pipeline/templates/deep/extra.tpl",
    "charts/iris/pipeline/release-prod.yaml",
    "apps/models/mine.yaml",
    "apps/extra/.mine.json",
    "apps/bootstrap/extra.yaml",
]


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_no_generator_wrote_is_told_every_time(
    rendered: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """By every command, also where nothing else changed; it stays where it is."""
    (rendered / name).parent.mkdir(parents=True, exist_ok=True)
    (rendered / name).write_text("kind: ConfigMap\n", "utf-8")
    for arguments in (["validate"], ["render", "--check"], ["render"], ["render"]):
        assert status_of(arguments) == 1
        out, err = capsys.readouterr()
        assert f"{name}: no generator wrote this file" in out
        assert "nothing was written" not in err
    assert (rendered / name).exists()


@pytest.mark.parametrize(
    "name",
    [
        f"{SERVING}/.DS_Store",
        f"{SERVING}/templates/.extra.yaml.swp",
        f"{SERVING}/values.yaml~",
        "apps/.DS_Store",
        "apps/models/iris-pipeline.yaml~",
        "charts/notes.md",
    ],
)
def test_what_neither_helm_nor_argo_cd_takes_is_nobodys_business(rendered: Path, name: str) -> None:
    """Files of editors and of desktops."""
    (rendered / name).write_text("x\n", "utf-8")
    assert [status_of(arguments) for arguments in (["validate"], ["render", "--check"], ["render"])] == [0, 0, 0]


def test_another_model_s_foreign_files_are_not_told(rendered: Path) -> None:
    """Of one model that is named, nor are those in apps/."""
    shutil.copytree(rendered / "model/iris", rendered / "model/tulip")
    _replace(rendered / "model/tulip/model.yaml", "name: iris", "name: tulip")
    (rendered / SERVING / "templates/extra.yaml").write_text("kind: ConfigMap\n", "utf-8")
    (rendered / "apps/models/mine.yaml").write_text("kind: ConfigMap\n", "utf-8")
    assert status_of(["render", "model/tulip"]) == 0
    assert status_of(["validate", "model/tulip"]) == 0


def test_an_environment_that_is_gone_leaves_what_is_told(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The files of people and releases stay; a release file that says a version serves there is a warning."""
    model = rendered / "model/iris/model.yaml"
    text = model.read_text("utf-8")
    model.write_text(text[: text.index("environments:")] + "environments: [staging]\n", "utf-8")
    assert status_of(["render"]) == 0
    err = capsys.readouterr().err
    assert f"left {SERVING}/release-prod.yaml: " in err
    assert f"left {SERVING}/values-prod.yaml: " in err
    for arguments in (["render", "--check"], ["validate"], ["render"]):
        assert status_of(arguments) == 0
        assert f"{LOST}: warning: the model has no such environment, and the file still says that 1.2.0 serves" in (
            capsys.readouterr().out
        )


def test_a_release_file_that_is_left_and_says_nothing_is_no_warning(
    rendered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing serves there, by its own words; nor is a values file."""
    for kind in ("values", "release"):
        shutil.copy(rendered / f"{SERVING}/{kind}-staging.yaml", rendered / f"{SERVING}/{kind}-gone.yaml")
    assert status_of(["render", "--check"]) == 0
    assert capsys.readouterr().out == ""


def test_a_part_that_changes_what_all_share_is_told(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The other models are stale with it."""
    shutil.copytree(rendered / "model/iris", rendered / "model/tulip")
    _replace(rendered / "model/tulip/model.yaml", "name: iris", "name: tulip")
    assert status_of(["render"]) == 0
    _replace(rendered / "platform.yaml", "ml/models.git", "ml/others.git")
    assert status_of(["render", "model/tulip"]) == 0
    assert "`mlops-charts render` renders every model" in capsys.readouterr().err
    assert status_of(["render", "model/iris"]) == 0
    assert "renders every model" not in capsys.readouterr().err


def test_line_ends_of_windows_are_told(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One warning names the sources, and a rendered file that differs in nothing else says so instead of a diff."""
    for name in ("model/iris/train.py", "model/iris/model.yaml", f"{SERVING}/Chart.yaml"):
        file = rendered / name
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    (rendered / "model/iris/rows.bin").write_bytes(b"\0\r\n")
    assert status_of(["validate"]) == 0
    out = capsys.readouterr().out
    assert out.count("[crlf]") == 1
    assert "model/iris/model.yaml: warning: lines end in CRLF in model.yaml, train.py: " in out
    assert status_of(["render", "--check"]) == 1
    out = capsys.readouterr().out
    assert f"{SERVING}/Chart.yaml has other line endings: CRLF, expected LF" in out
    assert f"--- a/{SERVING}/Chart.yaml" not in out


def test_init_keeps_the_line_ends_of_a_repository_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By .gitattributes, where there is none."""
    monkeypatch.chdir(tmp_path)
    assert status_of(["init", "rose"]) == 0
    text = (tmp_path / ".gitattributes").read_text("utf-8")
    assert "model/** text=auto eol=lf\ncharts/** text eol=lf\napps/** text eol=lf\nplatform.yaml text eol=lf\n" in text
    (tmp_path / ".gitattributes").write_text("mine\n", "utf-8")
    assert status_of(["init", "lily"]) == 0
    assert (tmp_path / ".gitattributes").read_text("utf-8") == "mine\n"
    assert "wrote platform.yaml" in capsys.readouterr().out


@pytest.mark.parametrize("runtime", ["python", "seldon-core", "sklearn", "mlflow"])
def test_the_example_in_a_values_file_of_people_is_valid(
    rendered: Path, capsys: pytest.CaptureFixture[str], runtime: str
) -> None:
    """With every runtime, whoever takes the comment away has what the chart admits."""
    model = rendered / "model/iris/model.yaml"
    _replace(model, "\nserving:\n", f"\nserving:\n  runtime: {runtime}\n  protocol: seldon\n")
    _replace(model, "\ntraining:\n", "\ntraining:\n  allowPickle: true\n")
    file = rendered / SERVING / "values-staging.yaml"
    lines = file.read_text("utf-8").split("Example:\n")[1].splitlines()
    file.write_text("".join(f"{line[2:]}\n" for line in lines), "utf-8")
    assert file.read_text("utf-8").startswith("serving:\n")
    status_of(["validate"])
    out, err = capsys.readouterr()
    assert "values-file" not in out
    assert "objects in" in err


def test_a_file_that_is_no_model_is_one_clear_line(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A platform, or a file of the model."""
    for name, words in (("platform.yaml", "this is a platform"), ("model/iris/train.py", "this is no model.yaml")):
        assert status_of(["validate", name]) == 1
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert f"{name}: {words}" in err


def test_messages_do_not_name_a_platform_that_is_not_there(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They name the built-in one, and what writes a platform.yaml."""
    (rendered / "platform.yaml").unlink()
    _replace(rendered / "model/iris/model.yaml", "- staging", "- nowhere")
    assert status_of(["validate", "model/iris"]) == 1
    out = capsys.readouterr().out
    assert 'the built-in platform has no environment "nowhere"' in out
    assert "there is no platform.yaml; `mlops-charts init` writes one" in out
    assert "platform.yaml has" not in out


def test_a_platform_with_an_error_is_not_blamed_on_names(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A namespace without {model} is one problem of the platform, not one of each model."""
    shutil.copytree(rendered / "model/iris", rendered / "model/tulip")
    _replace(rendered / "model/tulip/model.yaml", "name: iris", "name: tulip")
    _replace(rendered / "platform.yaml", "  staging: {", "  x: {namespace: shared}\n  staging: {")
    for name in ("iris", "tulip"):
        _replace(rendered / f"model/{name}/model.yaml", "- staging", "- x")
    assert status_of(["validate"]) == 1
    out, err = capsys.readouterr()
    assert "[namespace-pattern]" in out
    assert "[name-collision]" not in out
    assert "nothing rendered" in err


def test_a_model_that_cannot_be_parsed_was_not_proven(rendered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The summary claims no proofs."""
    (rendered / "model/iris/model.yaml").write_text("kind: [\n", "utf-8")
    assert status_of(["validate"]) == 1
    assert capsys.readouterr().err == "1 model: 1 problem, nothing rendered\n"
