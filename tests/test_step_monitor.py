"""What monitor leaves: a profile with the run and beside the model, and figures where somebody takes them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from mlflow_store import call, spec, store
from pipeline_plans import MINIMAL

from mlops_charts import contract
from mlops_charts.saved_model.profile import CategoryBins, NumberBins, read_profile
from mlops_charts.steps import monitor
from mlops_charts.steps.call import Call, Refused
from mlops_charts.steps.data import divided
from mlops_charts.steps.pushing import exposition
from mlops_charts.steps.registry import open_registry
from mlops_charts.steps.saving import save

CODE, DATA = "a" * 64, ""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of iris."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - 1 s

    tmp_path = tmp_path_factory.mktemp("saved")
    made = call(tmp_path)
    rows, folder = divided(made), tmp_path / "model"
    folder.mkdir()
    fitted = LogisticRegression(max_iter=1000).fit(rows.train.X, rows.train.y)
    save(fitted, rows.train, rows.test, made.spec, made.source, folder)
    return folder


def monitoring(
    tmp_path: Path, saved: Path, drift: dict[str, Any] | None = None, pushgateway: str = "", name: str = "monitor"
) -> Call:
    """Return a call of the step, with a run that has some metrics and the model's artifacts."""
    asked = spec({**MINIMAL, "monitoring": {"drift": drift or {}}})
    environ = {contract.PUSHGATEWAY: pushgateway} if pushgateway else {}
    uri = store(tmp_path) if not (tmp_path / "mlflow").exists() else f"sqlite:///{tmp_path / 'mlflow' / 'mlflow.db'}"
    made = call(tmp_path, asked, name=name, tracking_uri=uri, environ=environ)
    registry = open_registry(made)
    run = registry.open(CODE, "b" * 64, "", "commit")
    registry.log(run.id, {}, {"accuracy": 0.96, "train_seconds": 1.5})
    registry.put(run.id, saved, contract.MODEL_ARTIFACTS)
    return Call(made.spec, made.inputs, made.outputs, {"run-id": run.id, "version": "1.0.0"}, made.environ)


def test_the_profile_is_of_the_rows_and_the_answers(tmp_path: Path, saved: Path) -> None:
    """Features of training rows, predictions of test rows; with the run, beside the model, and as an artifact."""
    made = monitoring(tmp_path, saved)
    result = monitor.run(made)
    profile = read_profile(made.outputs / "profile")
    assert profile is not None
    assert (result.rows, result.prediction_rows) == (profile.rows, profile.prediction_rows) == (120, 30)
    assert (result.features, result.pushed) == (len(profile.features), "none") == (4, "none")
    assert all(isinstance(bins, NumberBins) and bins.missing == 0 for bins in profile.features.values())
    assert isinstance(profile.predictions, CategoryBins)
    assert profile.predictions.categories == ("setosa", "versicolor", "virginica")
    registry = open_registry(made)
    for folder in (contract.PROFILE_ARTIFACTS, contract.MODEL_ARTIFACTS):
        found = registry.get(made.parameters["run-id"], folder, tmp_path / "got" / folder)
        assert found is not None
        assert read_profile(found) == profile
    assert registry.run(made.parameters["run-id"]).stage == "monitored"


def test_the_same_rows_have_the_same_profile(tmp_path: Path, saved: Path) -> None:
    """Byte for byte, and the step may run twice."""
    calls = [monitoring(tmp_path, saved, name=name) for name in ("first", "second")]
    for made in calls:
        monitor.run(made)
    first, second = ((made.outputs / "profile" / contract.PROFILE).read_bytes() for made in calls)
    assert first == second


def test_only_some_features_are_watched(tmp_path: Path, saved: Path) -> None:
    """Those of the list."""
    made = monitoring(tmp_path, saved, {"features": ["petal width (cm)"]})
    monitor.run(made)
    profile = read_profile(made.outputs / "profile")
    assert profile is not None
    assert list(profile.features) == ["petal width (cm)"]


def test_a_feature_that_is_none_is_refused(tmp_path: Path, saved: Path) -> None:
    """With those that there are, and nothing is left behind."""
    made = monitoring(tmp_path, saved, {"features": ["petal"]})
    with pytest.raises(Refused, match=r"monitoring\.drift\.features: petal is no feature of the model; it has sepal"):
        monitor.run(made)
    assert not (made.outputs / "profile").exists()
    assert open_registry(made).run(made.parameters["run-id"]).stage == "opened"


@dataclass
class Pushed:
    """What a Pushgateway on loopback got."""

    url: str = ""
    answer: int = 200
    requests: list[tuple[str, str, str]] = field(default_factory=list)


@pytest.fixture
def pushgateway() -> Iterator[Pushed]:
    """A server that takes what is pushed."""
    got = Pushed()

    class Takes(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            got.requests.append((self.path, self.headers["Content-Type"], body))
            self.send_response(got.answer)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Takes) as server:
        got.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield got
        server.shutdown()
        thread.join()


def test_figures_are_pushed(tmp_path: Path, saved: Path, pushgateway: Pushed) -> None:
    """By model, in the text form of Prometheus."""
    result = monitor.run(monitoring(tmp_path, saved, pushgateway=pushgateway.url))
    assert (result.pushed, result.note) == ("yes", "")
    ((path, form, body),) = pushgateway.requests
    assert path == "/metrics/job/mlops_pipeline/model/iris"
    assert form.startswith("text/plain; version=0.0.4")
    lines = body.splitlines()
    assert 'mlops_model_rows{split="train"} 120.0' in lines
    assert 'mlops_model_metric{metric="accuracy"} 0.96' in lines
    assert 'mlops_pipeline_step_seconds{step="train"} 1.5' in lines
    assert body.endswith("\n")
    named = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(named) == len(set(named))


def test_a_pushgateway_that_refuses_is_a_warning(
    tmp_path: Path, saved: Path, pushgateway: Pushed, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run goes on, and its log says why."""
    pushgateway.answer = 400
    made = monitoring(tmp_path, saved, pushgateway=pushgateway.url)
    result = monitor.run(made)
    assert result.pushed == "failed"
    assert "400" in result.note
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line for line in lines if line["event"].startswith("warning")]
    assert open_registry(made).run(made.parameters["run-id"]).stage == "monitored"


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:{port}", "pushgateway:9091", "http://[", "http://push gateway:9091", "http://:9"]
)
def test_a_pushgateway_that_is_not_there_is_a_warning(tmp_path: Path, saved: Path, address: str) -> None:
    """Nobody listens, or the address is none."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        result = monitor.run(monitoring(tmp_path, saved, pushgateway=address.format(port=unused.getsockname()[1])))
    assert result.pushed == "failed"
    assert "\n" not in result.note
    assert result.note


def test_what_is_no_pushgateway_is_a_warning(tmp_path: Path, saved: Path) -> None:
    """What answers speaks no HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"SSH-2.0-OpenSSH\r\n")

        thread = Thread(target=answer, daemon=True)
        thread.start()
        result = monitor.run(monitoring(tmp_path, saved, pushgateway=f"http://127.0.0.1:{server.getsockname()[1]}"))
        thread.join()
    assert result.pushed == "failed"
    assert "SSH-2.0-OpenSSH" in result.note


def test_the_text_form_escapes() -> None:
    """Quotes, backslashes and line ends of labels, and numbers that are none."""
    samples = [("a", "Two\nlines.", {"b": 'c"\\\n'}, float("nan")), ("a", "Two\nlines.", {}, float("-inf"))]
    assert exposition(samples) == ('# HELP a Two\\nlines.\n# TYPE a gauge\na{b="c\\"\\\\\\n"} NaN\na -Inf\n')
