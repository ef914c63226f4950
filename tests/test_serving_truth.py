"""Drift, feedback and the request log of a real server: what its metrics say, and what it leaves behind."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from model_servers import IRIS, IRIS_COLUMNS, Server, free_port, iris_folder, server
from sklearn.datasets import load_iris

from mlops_charts import contract
from mlops_charts.saved_model import Answers, load
from mlops_charts.saved_model.profile import Profile, profile_text
from mlops_charts.serving.grpc_messages import SERVICE, messages
from mlops_charts.steps.profile import number_bins, prediction_bins

WHO = {"MODEL": "iris", "SLOT": "green", "VERSION": "1.2.0"}
LABELS = 'model="iris",slot="green",version="1.2.0"'


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return iris, with the profile of all its rows."""
    folder = iris_folder(tmp_path_factory.mktemp("iris"))
    rows = load_iris().data
    answers = load(folder).answer(dict(zip(IRIS_COLUMNS, rows.T, strict=True)))
    profile = Profile(
        rows=len(rows),
        features={name: number_bins(rows[:, place]) for place, name in enumerate(IRIS_COLUMNS)},
        prediction_rows=len(rows),
        predictions=prediction_bins(IRIS, Answers(answers.labels)),
    )
    (folder / "profile.json").write_text(profile_text(profile))
    return folder


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def iris(model: Path, kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("log") / "log"
    options = ("--workers=2", "--drift-window=1h", f"--drift-feature={IRIS_COLUMNS[0]}",
               f"--drift-feature={IRIS_COLUMNS[3]}", f"--request-log={kept}", "--request-log-sample=1",
               "--request-log-features")  # fmt: skip
    with server(model, log, *options, env=WHO) as found:
        yield found


def series(text: str, name: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if line.startswith(f"{name}{{")]
    return {line[len(name) : line.rindex(" ")]: float(line.rpartition(" ")[2]) for line in lines}


def until(found: Callable[[], Any]) -> Any:
    end = time.monotonic() + 30
    while not (said := found()):
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.05)
    return said


def asked(rows: Any, name: str) -> dict[str, Any]:
    tensor = {"name": "x", "shape": [len(rows), 4], "datatype": "FP64", "data": rows.tolist()}
    return {"id": name, "inputs": [tensor]}


def test_drift_of_all_processes_is_on_the_metrics_port(iris: Server) -> None:
    """The rows of the training have not moved, and one column that moves is seen; what is not watched is not there."""
    rows = load_iris().data[np.random.default_rng(0).permutation(150)]
    drift, predictions = contract.FEATURE_DRIFT, contract.PREDICTION_DRIFT
    first, last = (f'{{feature="{IRIS_COLUMNS[place]}",{LABELS}}}' for place in (0, 3))
    before = iris.metrics()
    for number in range(10):
        assert iris.post("/v2/models/iris/infer", asked(rows[:75], f"a{number}"))[0] == 200
        assert iris.post("/v2/models/iris/infer", asked(rows[75:], f"b{number}"))[0] == 200
    same = until(lambda: series(iris.metrics(), drift))
    for number in range(20):
        moved = rows + np.array([0, 0, 0, rows[:, 3].std()])
        assert iris.post("/v2/models/iris/infer", asked(moved, f"c{number}"))[0] == 200

    assert (series(before, drift), series(before, predictions)) == ({}, {})
    assert set(same) == {first, last}
    assert max(same.values()) < 0.05
    until(lambda: series(iris.metrics(), drift)[last] > 0.2)
    assert series(iris.metrics(), drift)[first] < 0.05
    assert set(series(iris.metrics(), predictions)) == {f"{{{LABELS}}}"}


def test_feedback_is_counted(iris: Server) -> None:
    """Rewards add up; what is no feedback is told so, and counts nothing."""
    before = iris.metrics()
    statuses = [
        iris.post("/api/v1.0/feedback", {"reward": 0.75, "response": {"meta": {"puid": "a0"}}}),
        iris.post("/send-feedback", {"reward": 1, "truth": {"data": {"ndarray": ["setosa"]}}}),
    ]
    refused = iris.post("/api/v1.0/feedback", {"reward": "much"})
    after = iris.metrics()

    assert statuses == [(200, {"data": {"names": [], "ndarray": []}, "meta": {}})] * 2
    assert (refused[0], iris.get("/api/v1.0/feedback")[0]) == (400, 405)
    counted = [
        series(after, name)[f"{{{LABELS}}}"] - series(before, name)[f"{{{LABELS}}}"]
        for name in (contract.FEEDBACK, contract.REWARD)
    ]
    assert counted == [2, 1.75]


def test_requests_are_kept_until_the_end(model: Path, tmp_path: Path) -> None:
    """What waits when the server is told to stop is written, with the ids of both protocols, and of gRPC."""
    target, port = tmp_path / "kept", free_port()
    options = (
        f"--request-log={target}", "--request-log-sample=1", "--request-log-features", f"--grpc-port={port}"
    )  # fmt: skip
    rows = load_iris().data[:2]
    with server(model, tmp_path / "log", *options, env=WHO) as found:
        seldon = {"meta": {"puid": "s1"}, "data": {"ndarray": rows.tolist()}}
        assert found.post("/v2/models/iris/infer", asked(rows, "v1"))[0] == 200
        assert found.post("/api/v1.0/predictions", seldon)[0] == 200
        assert found.post("/api/v1.0/feedback", {"reward": 1, "request": {"meta": {"puid": "s1"}}})[0] == 200
        assert found.post("/v2/models/iris/infer", {"inputs": []})[0] == 400
        over_grpc(port, rows)
        records = series(found.metrics(), contract.LOGGED)
        assert found.stop() == 0
    written = [
        json.loads(line) for path in target.rglob("*.gz") for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    by_id = {(one["id"], "reward" in one): one for one in written}

    assert set(records) == {
        f'{{model="iris",outcome="{one}",slot="green",version="1.2.0"}}' for one in ("written", "dropped")
    }
    asked_for = ("v1", "s1", "typed", "raw")
    assert set(by_id) == {*((name, False) for name in asked_for), ("s1", True)}
    features = {name: column.tolist() for name, column in zip(IRIS_COLUMNS, rows.T, strict=True)}
    for name in asked_for:
        assert by_id[name, False]["answers"]["labels"] == ["setosa", "setosa"]
        assert by_id[name, False]["features"] == features


def over_grpc(port: int, rows: Any) -> None:
    """Ask with typed values, and with raw ones."""
    request, tensor = messages()["ModelInferRequest"], messages()["ModelInferRequest.InferInputTensor"]
    contents = messages()["InferTensorContents"](fp64_contents=rows.ravel().tolist())
    head = {"name": "x", "shape": list(rows.shape), "datatype": "FP64"}
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        infer = channel.unary_unary(
            f"/{SERVICE}/ModelInfer",
            request_serializer=request.SerializeToString,
            response_deserializer=messages()["ModelInferResponse"].FromString,
        )
        typed = request(model_name="iris", id="typed", inputs=[tensor(**head, contents=contents)])
        raw = request(model_name="iris", id="raw", inputs=[tensor(**head)], raw_input_contents=[rows.tobytes()])
        assert [infer(one, timeout=30, wait_for_ready=True).id for one in (typed, raw)] == ["typed", "raw"]
