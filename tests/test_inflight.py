"""The runtime and the protocol that both slots share may not change in the middle of a release."""

from __future__ import annotations

from pathlib import Path

import pytest
from repositories import Run, git

from mlops_charts.release import Identity, release_text, state_of

OLD = Identity(
    version="1.0.0",
    image="ghcr.io/acme/iris@sha256:" + "0" * 64,
    run_id="r",
    code_digest="c",
    data_digest="d",
)
NEW = OLD.model_copy(update={"version": "1.1.0", "image": "ghcr.io/acme/iris@sha256:" + "1" * 64})


@pytest.fixture
def released(run: Run, repository: Path) -> Path:
    """A repository in which a canary is in flight in staging."""
    assert run("render").returncode == 0
    state = state_of("canary", "gatewayApi", OLD, NEW)
    (repository / "charts/iris/serving/release-staging.yaml").write_text(release_text(state))
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "A canary")
    return repository


def _change(repository: Path, words: str) -> None:
    model = repository / "model/iris/model.yaml"
    model.write_text(model.read_text().replace("serving:\n", f"serving:\n  {words}\n"))


def test_a_canary_by_itself_is_no_problem(run: Run, released: Path) -> None:
    """What is committed may be in flight."""
    done = run("validate")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("protocol: seldon", "serving.protocol: changes from v2 to seldon"),
        ("runtime: mlflow", "serving.runtime: changes from python to MLFLOW_SERVER"),
    ],
)
def test_a_shared_field_is_refused_in_flight(run: Run, released: Path, words: str, says: str) -> None:
    """The problem names the field, both values and the environment, also once the change was rendered."""
    _change(released, words)
    for _ in range(2):
        done = run("validate")
        assert done.returncode == 1
        assert f"{says} while a release is in flight in staging [changed-in-flight]" in done.stdout
        run("render")


def test_a_shared_field_may_change_when_nothing_flies(run: Run, released: Path) -> None:
    """A settled release holds nothing back."""
    state = state_of("settled", "gatewayApi", OLD, NEW)
    (released / "charts/iris/serving/release-staging.yaml").write_text(release_text(state))
    _change(released, "protocol: seldon")
    assert "changed-in-flight" not in run("validate").stdout


def test_other_fields_may_change_in_flight(run: Run, released: Path) -> None:
    """Replicas, say, are scaled whenever it is needed."""
    model = released / "model/iris/model.yaml"
    model.write_text(model.read_text().replace("replicas: 2", "replicas: 3"))
    assert run("validate").returncode == 0
