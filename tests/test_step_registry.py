"""Runs and versions in MLflow."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from mlflow_store import call, store
from repositories import ROOT
from s3_server import s3_server

from mlops_charts import contract
from mlops_charts.steps.call import Refused, Unavailable
from mlops_charts.steps.mlflow_client import reason, unhurried
from mlops_charts.steps.registry import Registry, model_folder, open_registry

CODE, DATA, OTHER = "c" * 64, "d" * 64, "e" * 64


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """An empty registry."""
    return open_registry(call(tmp_path))


def test_an_empty_registry_has_nothing(registry: Registry) -> None:
    """Before the first run there is neither a run nor a version."""
    assert (registry.find(CODE), registry.versions(), registry.champion()) == ((), (), None)


def test_a_run_is_opened_once(registry: Registry) -> None:
    """The same digests give the same unfinished run; a finished one gives a new run."""
    first = registry.open(CODE, DATA, "abc", "commit")
    assert registry.open(CODE, DATA, "abc", "commit") == first
    assert (first.code, first.data, first.commit, first.stage) == (CODE, DATA, "abc", "opened")
    registry.advance(first.id, "deployed")
    second = registry.open(CODE, DATA, "abc", "commit")
    other = registry.open(CODE, OTHER, "abc", "schedule")
    assert len({first.id, second.id, other.id}) == 3
    assert [run.id for run in registry.find(CODE)] == [other.id, second.id, first.id]
    assert [run.id for run in registry.find(CODE, OTHER)] == [other.id]


def test_two_that_open_at_once_get_the_same_run(tmp_path: Path) -> None:
    """MLflow has no lock, and still there is one run for one pair of digests."""
    registries = [open_registry(call(tmp_path)) for _ in range(4)]
    gate, found = threading.Barrier(4), []

    def one(registry: Registry) -> None:
        gate.wait()
        found.append(registry.open(CODE, DATA, "abc", "commit").id)

    threads = [threading.Thread(target=one, args=(registry,)) for registry in registries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert set(found) == {run.id for run in registries[0].find(CODE, DATA)}
    assert len(set(found)) == 1


def test_the_same_tag_may_be_set_by_many_at_once(registry: Registry) -> None:
    """The database lets one of them insert it; the others find that out, and set it too."""
    run = registry.open(CODE, DATA, "abc", "commit")
    made = registry.register("file:///nowhere", run.id, {})
    with ThreadPoolExecutor(4) as pool:
        for index in range(5):
            list(pool.map(lambda _, name=f"tag-{index}": registry.tag_version(made.number, name, "x"), range(4)))
            list(pool.map(lambda _, name=f"tag-{index}": registry.tag(run.id, name, "x"), range(4)))
    expected = {f"tag-{index}": "x" for index in range(5)}
    assert dict(registry.versions()[0].tags) == expected
    assert expected.items() <= dict(registry.run(run.id).tags).items()


def test_a_run_never_goes_backwards(registry: Registry) -> None:
    """A step that runs again does not take back how far the run has come."""
    run = registry.open(CODE, DATA, "abc", "commit")
    registry.advance(run.id, "versioned")
    registry.advance(run.id, "trained")
    found = registry.run(run.id)
    assert (found.stage, found.reached("validated"), found.reached("built"), found.finished) == (
        "versioned", True, False, False,
    )  # fmt: skip


def test_logging_twice_is_logging_once(registry: Registry) -> None:
    """Parameters and metrics may be logged again, metrics anew, and more of them than MLflow takes at once."""
    run = registry.open(CODE, DATA, "abc", "commit")
    params = {f"p[{index}]": index for index in range(130)}
    for accuracy in (0.9, 0.9, 0.8):
        registry.log(run.id, params, {"accuracy": accuracy, "recall[a b]": 1})
    found = registry.run(run.id)
    assert (len(found.params), found.params["p_7_"]) == (130, "7")
    assert found.metrics == {"accuracy": 0.8, "recall_a b_": 1.0}
    with pytest.raises(Refused, match=r"has p_7_ = 7, and now p_7_ = 8"):
        registry.log(run.id, {"p[7]": 8}, {})


def test_a_run_without_a_name_is_refused(registry: Registry) -> None:
    """A step that was called without --run-id says so, not MLflow."""
    with pytest.raises(Refused, match=r"^--run-id is missing: it names the run in MLflow that guard opens$"):
        registry.run("")


def test_trials_are_nested_runs_found_by_their_key(registry: Registry) -> None:
    """A trial that runs again goes on with its own run, and trials are no runs of the pipeline."""
    run = registry.open(CODE, DATA, "abc", "commit")
    first, second = registry.child(run.id, "0"), registry.child(run.id, "1")
    assert registry.child(run.id, "0").id == first.id
    assert [trial.id for trial in registry.children(run.id)] == [first.id, second.id]
    assert [found.id for found in registry.find(CODE)] == [run.id]


def test_artifacts_are_replaced_whole(registry: Registry, tmp_path: Path) -> None:
    """What is put again leaves nothing of what was there, and what was never put is None."""
    run = registry.open(CODE, DATA, "abc", "commit")
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, names in ((old, ("a", "sub/b")), (new, ("a", "c"))):
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(folder.name)
        registry.put(run.id, folder, "model")
    found = registry.get(run.id, "model", tmp_path / "got")
    assert found == tmp_path / "got/model"
    assert {path.name: path.read_text() for path in found.rglob("*") if path.is_file()} == {"a": "new", "c": "new"}
    assert registry.get(run.id, "report", tmp_path / "got") is None
    assert (tmp_path / "mlflow/artifacts/iris").is_dir()


def test_the_model_is_the_artifact_or_the_run_s(registry: Registry, tmp_path: Path) -> None:
    """Where train was skipped the model comes from MLflow, and where there is none that is said."""
    run = registry.open(CODE, DATA, "abc", "commit")
    asked = call(tmp_path, run_id=run.id)
    with pytest.raises(Unavailable, match="there is no saved model"):
        model_folder(asked, registry, tmp_path / "scratch")
    (tmp_path / "made").mkdir()
    (tmp_path / "made/signature.json").write_text("{}")
    registry.put(run.id, tmp_path / "made", "model")
    assert (model_folder(asked, registry, tmp_path / "scratch") / "signature.json").is_file()
    (asked.inputs / "model").mkdir()
    assert model_folder(asked, registry, tmp_path / "scratch") == asked.inputs / "model"


def test_versions_have_their_tags_and_aliases(registry: Registry) -> None:
    """A version is what its tags say, and the champion the one that the alias points at."""
    run = registry.open(CODE, DATA, "abc", "commit")
    tags = {contract.TAG_CODE: CODE, contract.TAG_DATA: DATA, contract.TAG_VERSION: "1.0.0"}
    made = registry.register("file:///nowhere", run.id, tags)
    registry.alias(contract.ALIAS_CHAMPION, made.number)
    registry.tag_version(made.number, contract.TAG_IMAGE, "acme/iris:1.0.0")
    (found,) = registry.versions()
    assert (found.number, found.version, found.run_id, found.code, found.image) == (
        1, "1.0.0", run.id, CODE, "acme/iris:1.0.0",
    )  # fmt: skip
    assert registry.champion() == found
    registry.withdraw(1)
    registry.withdraw(1)
    assert registry.versions() == ()


def test_nobody_at_the_address_is_one_clear_line(tmp_path: Path) -> None:
    """A server that is not there is said in seconds, without the password of its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        uri = f"http://iris:secret@127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Unavailable) as caught:
        open_registry(call(tmp_path, tracking_uri=uri))
    port = uri.rpartition(":")[2]
    assert str(caught.value) == f"MLflow at http://127.0.0.1:{port}: cannot be reached: Connection refused"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("a\n  b", "a b"),
        ("x" * 400, "x" * 300 + "..."),
        (
            "(sqlite3.DatabaseError) file is not a database [SQL: SELECT 1]",
            "(sqlite3.DatabaseError) file is not a database",
        ),
        ("at http://iris:secret@mlflow:5000/api", "at http://mlflow:5000/api"),
        (
            'Could not connect to the endpoint URL: "http://s3:8333/bucket". Connection refused. Max retries exceeded',
            "its storage of artifacts at http://s3:8333 cannot be reached: Connection refused",
        ),
        (
            "Failed to upload a: An error occurred (SignatureDoesNotMatch) when calling the PutObject operation",
            "its storage of artifacts refuses AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (SignatureDoesNotMatch)",
        ),
    ],
)
def test_a_failure_is_one_line(said: str, expected: str) -> None:
    """Whatever MLflow and those below it say, it is short, without a password, and names what to look at."""
    assert reason(RuntimeError(said)) == expected


def test_a_database_of_a_newer_mlflow_is_one_line(tmp_path: Path) -> None:
    """Its tables cannot be brought to what is installed."""
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("CREATE TABLE alembic_version AS SELECT 'ffffffffffff' AS version_num")
    database.close()
    with pytest.raises(Unavailable) as caught:
        open_registry(call(tmp_path, tracking_uri=uri))
    expected = f"MLflow at {uri}: its database is of a newer MLflow than the one that is installed here"
    assert str(caught.value) == expected


def test_a_database_without_its_driver_is_one_line(tmp_path: Path) -> None:
    """MLflow would end in an import of its own."""
    with pytest.raises(Unavailable) as caught:
        open_registry(call(tmp_path, tracking_uri="postgresql://iris:secret@127.0.0.1:1/runs"))
    assert str(caught.value) == "MLflow at postgresql://127.0.0.1:1/runs: the package psycopg is not installed"


def test_a_fresh_database_is_made_in_silence(tmp_path: Path) -> None:
    """Two processes may make it at once; neither prints a line, nor leaves a folder where it runs."""
    code = (
        "from mlops_charts.steps.mlflow_client import connect\n"
        f"connect('sqlite:///{tmp_path}/new/mlflow.db', {{}}).ask(lambda client: client.search_experiments())"
    )
    where = tmp_path / "where"
    where.mkdir()
    command, environ = [sys.executable, "-c", code], {"PYTHONPATH": str(ROOT), "HOME": str(where)}
    both = [
        subprocess.Popen(command, cwd=where, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in "ab"
    ]
    assert [(one.communicate(), one.returncode) for one in both] == [((b"", b""), 0)] * 2
    assert list(where.iterdir()) == []


@pytest.mark.parametrize(("said", "within"), [("20", "900"), ("7", "7")], ids=["ours", "theirs"])
def test_files_have_more_time_than_questions(said: str, within: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server answers for a large file once it has handed it on; what somebody else has set stands."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", said)
    with unhurried():
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == within
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == said


def test_a_store_of_tests_is_empty_and_its_own(tmp_path: Path) -> None:
    """Each store is a copy, so that tests do not meet."""
    first, second = store(tmp_path / "a"), store(tmp_path / "b")
    assert first != second


@contextmanager
def served(tmp_path: Path, *artifacts: str) -> Iterator[str]:
    """Serve an empty store as MLflow's own server, which also hands artifacts on unless it is told otherwise."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "mlflow", "server", f"--backend-store-uri={store(tmp_path)}", "--host=127.0.0.1",
        f"--port={port}", "--workers=1", *(artifacts or [f"--artifacts-destination={tmp_path / 'kept'}"]),
    ]  # fmt: skip
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as server:
        try:
            for _ in range(600):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                server.poll()
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGKILL)


def test_a_server_is_asked_as_a_file_is(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Runs, artifacts, versions, tags and aliases over HTTP, and not a word on the terminal."""
    with served(tmp_path) as uri:
        registry = open_registry(call(tmp_path, tracking_uri=uri))
        run = registry.open(CODE, DATA, "abc", "commit")
        assert registry.open(CODE, DATA, "abc", "commit") == run
        registry.log(run.id, {"depth": 4}, {"accuracy": 0.9})
        for names in (("a", "b"), ("b",)):
            folder = tmp_path / "-".join(names)
            folder.mkdir()
            for name in names:
                (folder / name).write_text(folder.name)
            registry.put(run.id, folder, "model")
        found = registry.get(run.id, "model", tmp_path / "got")
        assert found is not None
        assert {path.name: path.read_text() for path in found.iterdir()} == {"b": "b"}
        assert run.artifacts.startswith("mlflow-artifacts:/")
        made = registry.register(f"{run.artifacts}/model", run.id, {contract.TAG_VERSION: "1.0.0"})
        registry.alias(contract.ALIAS_CHAMPION, made.number)
        registry.tag_model("mark", "x" * 1000)
        registry.describe(made.number, "In words.")
        assert registry.champion() == registry.versions()[0]
        assert registry.model_tags() == {"mark": "x" * 1000}
        registry.withdraw(1)
        registry.withdraw(1)
        registry.advance(run.id, "deployed")
        assert registry.run(run.id).finished
    assert capfd.readouterr() == ("", "")


def test_a_server_may_leave_artifacts_to_the_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps then write to S3 themselves, and a version's source is an address that Seldon's servers can load."""
    (tmp_path / "buckets/mlops").mkdir(parents=True)
    saved = tmp_path / "saved"
    saved.mkdir()
    for name in ("MLmodel", "model.joblib", "old.bin"):
        (saved / name).write_text(name)
    at = ("--no-serve-artifacts", "--default-artifact-root=s3://mlops/mlflow")
    with s3_server(tmp_path / "buckets") as storage, served(tmp_path, *at) as uri:
        for name, content in {**storage.environ, "MLFLOW_S3_ENDPOINT_URL": storage.endpoint}.items():
            monkeypatch.setenv(name, content)
        asked = call(tmp_path, tracking_uri=uri)
        registry = open_registry(asked)
        run = registry.open(CODE, DATA, "abc", "commit")
        registry.put(run.id, saved, contract.MODEL_ARTIFACTS)
        (saved / "old.bin").unlink()
        registry.put(run.id, saved, contract.MODEL_ARTIFACTS)
        source = f"{run.artifacts}/{contract.MODEL_ARTIFACTS}"
        made = registry.register(source, run.id, {contract.TAG_VERSION: "1.0.0"})
        kept = tmp_path / "buckets" / source.removeprefix("s3://")
        assert sorted(path.name for path in kept.iterdir()) == ["MLmodel", "model.joblib"]
        assert made.source == source == f"s3://mlops/mlflow/{registry.experiment}/{run.id}/artifacts/model"
        found = registry.get(run.id, contract.MODEL_ARTIFACTS, tmp_path / "got")
        assert found is not None
        assert sorted(path.name for path in found.iterdir()) == ["MLmodel", "model.joblib"]
