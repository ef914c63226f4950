"""What guard finds and hands on, and how it says that something is missing. What it decides is in test_exactly_once."""

from __future__ import annotations

import base64
import json
import shutil
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pipeline_runs import MODEL, PLATFORM, PROD, Pipeline
from release_remotes import RELEASE, push
from repositories import git

from mlops_charts import contract
from mlops_charts.errors import Mistake
from mlops_charts.release import nothing_released, release_text
from mlops_charts.steps.call import Refused, Unavailable
from mlops_charts.steps.guard import run

PACKAGES: Mapping[str, Any] = {**MODEL, "training": {**MODEL["training"], "requirements": "requirements.txt"}}
REQUIREMENTS = {"requirements.txt": b"tomli==2.0.1\n"}


def written(folder: Path) -> dict[str, str]:
    """Return the output parameters."""
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_every_output_of_the_contract_is_there(tmp_path: Path) -> None:
    """One file a parameter, as the Workflow reads them, and the source files as an artifact."""
    pipeline = Pipeline(tmp_path)
    found, call = pipeline.step("guard", trigger="schedule", code_digest="c" * 64)
    assert written(call.outputs) == {
        "action": "train", "data-digest": found.data_digest, "run-id": found.run_id, "version": "",
        "git-commit": git(pipeline.server, "rev-parse", "main").strip(), "run-environment": "false",
        "run-train": "true", "run-validate": "true", "run-version": "true", "run-monitor": "true", "run-build": "true",
        "run-deploy": "true",
    }  # fmt: skip
    assert set(written(call.outputs)) == set(contract.STEPS["guard"].parameters_out)
    assert {path.name: path.read_bytes() for path in (call.outputs / "source").iterdir()} == pipeline.files
    run_of_it = pipeline.registry.run(found.run_id)
    assert (run_of_it.tags[contract.TAG_TRIGGER], run_of_it.commit, run_of_it.stage) == (
        "schedule", found.git_commit, "opened",
    )  # fmt: skip


def test_a_mounted_config_map_becomes_plain_files(tmp_path: Path) -> None:
    """What the kubelet mounts are links to links, some of them folders; what is handed on has neither."""
    pipeline = Pipeline(tmp_path)
    call = pipeline.call("guard")
    mount = call.inputs / "source"
    hidden = mount / "..2026_11_23"
    hidden.mkdir()
    for entry in list(mount.iterdir()):
        if entry != hidden:
            entry.rename(hidden / entry.name)
            entry.symlink_to(f"..data/{entry.name}")
    (hidden / "lib").mkdir()
    (hidden / "lib/a.py").write_text("A = 1\n")
    (mount / "lib").symlink_to("..data/lib")
    (mount / "..data").symlink_to(hidden.name)
    run(call)
    found = call.outputs / "source"
    assert sorted(path.relative_to(found).as_posix() for path in found.rglob("*")) == [
        "lib", "lib/a.py", "rows.csv", "train.py",
    ]  # fmt: skip
    assert not any(path.is_symlink() for path in found.rglob("*"))


def test_a_link_out_of_the_source_files_is_refused(tmp_path: Path) -> None:
    """Guard holds a credential; what it hands on is what it was given."""
    call = Pipeline(tmp_path).call("guard")
    (tmp_path / "secret").write_text("s3cret")
    (call.inputs / "source/notes").symlink_to(tmp_path / "secret")
    with pytest.raises(Refused, match="notes is a link that leads out"):
        run(call)
    assert not (call.outputs / "source").exists()


def test_the_commit_is_the_one_that_touched_the_model(tmp_path: Path) -> None:
    """A commit beside the model's folder is none of its code's, and one that was named counts."""
    pipeline = Pipeline(tmp_path)
    wanted = push(tmp_path / "git", {"model/iris/train.py": "new\n"})
    push(tmp_path / "git", {"README.md": "x\n"})
    assert pipeline.guard().git_commit == wanted
    assert pipeline.guard(git_commit="abc").git_commit == "abc"


def test_releases_may_have_a_branch_of_their_own(tmp_path: Path) -> None:
    """Then the files of the main branch say nothing."""
    platform = {**PLATFORM, "git": {"releaseBranch": "releases"}}
    pipeline = Pipeline(tmp_path, platform=platform)
    with pytest.raises(Unavailable, match="couldn't find remote ref refs/heads/releases"):
        pipeline.guard()
    git(pipeline.server, "branch", "releases", "main")
    push(tmp_path / "git", {RELEASE: "nonsense\n"})
    assert pipeline.guard().action == "train"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("release: [\n", f"{RELEASE} is no release file: "),
        ("other: 1\n", f"{RELEASE} is no release file: it has no block release"),
        ("", f"{RELEASE} is no release file: "),
        (
            release_text(nothing_released()).replace('"none"', '"warm"', 1),
            f"{RELEASE}: release.phase: Input should be 'none'",
        ),
        (
            release_text(nothing_released()).replace("weight: 0", "weight: 900", 1),
            f"{RELEASE}: release.blue.weight: Input should be less than or equal to 100",
        ),
    ],
)
def test_a_broken_release_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    """Which file, where in it, and what is wrong; nothing is opened."""
    pipeline = Pipeline(tmp_path)
    push(tmp_path / "git", {RELEASE: text})
    with pytest.raises(Mistake) as caught:
        pipeline.guard()
    assert str(caught.value).startswith(message)
    assert pipeline.registry.find(pipeline.code_digest) == ()


def test_a_release_file_that_is_not_there_releases_nothing(tmp_path: Path) -> None:
    """A new environment has none in the branch of releases yet."""
    pipeline = Pipeline(tmp_path)
    work = tmp_path / "git/work"
    git(work, "rm", "--quiet", PROD)
    git(work, "commit", "--quiet", "-m", "Lose it")
    push(tmp_path / "git", {})
    assert pipeline.guard().action == "train"


def test_nobody_at_the_address_of_git_is_one_clear_line(tmp_path: Path) -> None:
    """It is a service that is not there, to be tried again."""
    pipeline = Pipeline(tmp_path)
    shutil.move(pipeline.server, tmp_path / "gone")
    call = pipeline.call("guard")
    with pytest.raises(
        Unavailable, match=r"server\.git cannot be reached: fatal: .* does not appear to be a git repository"
    ):
        run(call)


def test_an_unknown_trigger_is_refused(tmp_path: Path) -> None:
    """The words are those of the Workflow."""
    with pytest.raises(Refused, match='--trigger is "push"; one of commit, schedule, drift starts a run'):
        Pipeline(tmp_path).guard("push")


class _Images(BaseHTTPRequestHandler):
    """A registry with a user, which has what the server's `images` say."""

    server: Any

    def do_HEAD(self) -> None:
        """Answer for one manifest."""
        self.server.asked.append(self.path)
        if self.headers.get("Authorization") != self.server.wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="images"')
        elif self.path in self.server.images:
            self.send_response(200)
            self.send_header("Docker-Content-Digest", f"sha256:{'a' * 64}")
        else:
            self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def images() -> Iterator[Any]:
    """A registry of images on this machine."""
    with HTTPServer(("127.0.0.1", 0), _Images) as server:
        server.images, server.asked = set(), []  # type: ignore[attr-defined]
        server.wanted = "Basic " + base64.b64encode(b"robot:s3cret").decode()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def packaged(tmp_path: Path, images: Any, pair: str = "robot:s3cret") -> Pipeline:
    """Return a model with packages of its own, and credentials of the registry."""
    host = f"127.0.0.1:{images.server_port}"
    login = base64.b64encode(pair.encode()).decode()
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/config.json").write_text(json.dumps({"auths": {host: {"auth": login}}}))
    return Pipeline(
        tmp_path, model=PACKAGES, platform={**PLATFORM, "registry": {"host": f"{host}/acme"}}, extra=REQUIREMENTS,
        environ={"DOCKER_CONFIG": str(tmp_path / "docker")},
    )  # fmt: skip


def test_the_environment_image_is_built_unless_it_exists(tmp_path: Path, images: Any) -> None:
    """Its build context is handed on where it is missing, and nothing where it is there."""
    pipeline = packaged(tmp_path, images)
    found, call = pipeline.step("guard", code_digest="c" * 64)
    assert found.stages[0] == "environment"
    assert (call.outputs / "environment-context/requirements.txt").read_bytes() == REQUIREMENTS["requirements.txt"]
    assert (call.outputs / "environment-context/Dockerfile").is_file()
    name, _, tag = pipeline.spec.plan.images.environment.partition("/")[2].rpartition(":")
    images.images.add(f"/v2/{name}/manifests/{tag}")
    found, call = pipeline.step("guard", code_digest="c" * 64)
    assert "environment" not in found.stages
    assert not (call.outputs / "environment-context").exists()
    assert images.asked[-1] in images.images


def test_a_registry_that_does_not_say_means_building(
    tmp_path: Path, images: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong password must not end a run that a build could save; the log says it, without the password."""
    found, _ = packaged(tmp_path, images, pair="robot:wr0ng").step("guard", code_digest="c" * 64)
    assert found.stages[0] == "environment"
    said = capsys.readouterr().err
    assert "wants a user and a password" in said
    assert "wr0ng" not in said


def test_a_laptop_has_no_registry(tmp_path: Path, images: Any) -> None:
    """The environment is made here, and nobody is asked."""
    pipeline = replace(packaged(tmp_path, images), environ={"MLOPS_CHARTS_LOCAL": "1"})
    assert pipeline.guard().stages[0] == "environment"
    assert images.asked == []
