"""Seldon's real wrapper around the same model: its answers, its refusals and its health are those of our server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_servers import IRIS, Server, iris_folder, server, with_example
from seldon_wrapper import Wrapper, wrapper
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from mlops_charts.contract import FEEDBACK, REWARD
from mlops_charts.saved_model import Column, Signature
from mlops_charts.serving.wrapper import Model

PREDICT = "/api/v1.0/predictions"
NAMES = {"MODEL": "iris", "VERSION": "1.2.0"}
BY_GRPC = """
import json, sys
import grpc
from google.protobuf import json_format
from seldon_core.proto import prediction_pb2 as messages, prediction_pb2_grpc as services

request = json_format.ParseDict(json.load(sys.stdin), messages.SeldonMessage())
with grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}") as channel:
    print(json_format.MessageToJson(services.ModelStub(channel).Predict(request, timeout=30)))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return iris_folder(tmp_path_factory.mktemp("iris"))


@pytest.fixture(scope="module")
def theirs(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wrapper]:
    with wrapper(model, tmp_path_factory.mktemp("wrapper"), NAMES) as found:
        yield found


@pytest.fixture(scope="module")
def ours(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(model, tmp_path_factory.mktemp("log") / "log", env=NAMES) as found:
        yield found


def requests() -> list[dict[str, Any]]:
    """Return requests that hold all rows of iris: in both forms, in another order of the columns, one alone."""
    rows = load_iris().data.tolist()
    flat = [value for row in rows for value in row]
    names = [column.name for column in IRIS.inputs]
    return [
        {"data": {"ndarray": rows}},
        {"data": {"tensor": {"shape": [len(rows), 4], "values": flat}}},
        {"data": {"names": names[::-1], "ndarray": [row[::-1] for row in rows]}, "meta": {"puid": "p"}},
        {"data": {"ndarray": rows[:1]}},
    ]


def test_the_wrapper_answers_every_row_as_our_server_does(theirs: Wrapper, ours: Server) -> None:
    """Forms, names, labels and probabilities are the same, for every row and every form of a request."""
    for request in requests():
        body = json.dumps(request).encode()
        (status, expected), found = ours.post(PREDICT, body), theirs.post(PREDICT, body)
        assert found[0] == status == 200
        assert _without_numbers(found[1]) == _without_numbers(expected)
        np.testing.assert_allclose(_numbers(found[1]), _numbers(expected), rtol=1e-5, atol=1e-6)


def test_the_wrapper_answers_every_row_as_scikit_learn_does(theirs: Wrapper) -> None:
    """What was trained, was saved as ONNX and is served by Seldon's wrapper says what scikit-learn said."""
    X, y = load_iris(return_X_y=True)  # noqa: N806 - the field's own name
    fitted = LogisticRegression(max_iter=1000).fit(X, [IRIS.classes[label] for label in y])
    _, answer = theirs.post(PREDICT, json.dumps({"data": {"ndarray": X.tolist()}}).encode())
    assert answer["meta"]["tags"]["labels"] == fitted.predict(X).tolist()
    assert answer["data"]["names"] == list(fitted.classes_)
    np.testing.assert_allclose(_numbers(answer), fitted.predict_proba(X), rtol=1e-4, atol=1e-5)


def test_the_wrapper_answers_by_grpc_as_over_http(theirs: Wrapper) -> None:
    """A client of Seldon's own protocol gets the same probabilities, and an error that says what was wrong."""
    for request in requests()[:3]:
        body = json.dumps(request)
        _, expected = theirs.post(PREDICT, body.encode())
        found = _by_grpc(theirs, body)
        assert found.returncode == 0, found.stderr
        answer = json.loads(found.stdout)
        assert answer["meta"]["tags"] == expected["meta"]["tags"]
        assert answer["data"]["names"] == expected["data"]["names"]
        np.testing.assert_allclose(_numbers(answer), _numbers(expected), rtol=1e-6)
    refused = _by_grpc(theirs, json.dumps({"data": {"ndarray": [[1, 2]]}}))
    assert "row 0: 4 values were expected, found 2" in refused.stderr


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"ndarray": [[1, 2]]}},
        {"data": {"ndarray": [[1, 2, 3, "four"]]}},
        {"data": {"ndarray": [[1, 2, 3, None]]}},
        {"data": {"names": ["a", "b", "c", "d"], "ndarray": [[1, 2, 3, 4]]}},
        {"data": {"ndarray": []}},
        {"strData": "hello"},
        [1, 2],
    ],
)
def test_the_wrapper_says_no_as_our_server_does(theirs: Wrapper, ours: Server, body: Any) -> None:
    """Status and sentence are the same, so that who moves from one to the other need not learn again."""
    request = json.dumps(body).encode()
    assert theirs.post(PREDICT, request) == ours.post(PREDICT, request)


def test_the_wrapper_says_what_it_serves(theirs: Wrapper, ours: Server) -> None:
    """Its metadata are those of our server, and health is the answer to the example."""
    status, metadata = theirs.get("/metadata")
    _, expected = ours.get("/v2/models/iris")
    assert status == 200
    assert {key: metadata[key] for key in expected} == expected
    assert theirs.get("/health/status")[1]["jsonData"] == {"ready": True}


def test_the_wrapper_counts_feedback(theirs: Wrapper) -> None:
    """Feedback and its reward stand among the wrapper's metrics."""
    given = {"request": requests()[3], "reward": 0.5, "truth": {"data": {"ndarray": ["setosa"]}}}
    before = _counted(theirs.metrics(), FEEDBACK), _counted(theirs.metrics(), REWARD)
    status, _ = theirs.post("/api/v1.0/feedback", json.dumps(given).encode())
    after = _counted(theirs.metrics(), FEEDBACK), _counted(theirs.metrics(), REWARD)
    assert status == 200
    assert (after[0] - before[0], after[1] - before[1]) == (1, 0.5)


def test_what_numpy_makes_text_of_beside_text_is_a_number_again(tmp_path: Path, monkeypatch: Any) -> None:
    """Rows that come by gRPC as one array of text are read by the types of their columns, in the order of the names."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code/serve.py").write_text(
        "class Model:\n    def predict(self, inputs):\n        return [len(row[1]) + row[0] for row in inputs]\n"
    )
    columns = (Column(name="size", type="double"), Column(name="site", type="string"))
    signature = Signature(task="regression", format="code", entrypoint="serve.py:Model", inputs=columns)
    made = Model(str(with_example(tmp_path, signature, [[1.5, "north"]])))
    response = _Response(monkeypatch)
    made.predict(np.array([["south", 2.5]]), ["site", "size"], meta={})
    assert response.given == [[7.5]]


class _Response:
    """Stands where Seldon's package, which is not in this environment, has the class of its answers."""

    def __init__(self, monkeypatch: Any) -> None:
        import sys  # noqa: PLC0415 - for this class alone
        from types import ModuleType  # noqa: PLC0415 - the same

        self.given: Any = None
        flask, user = ModuleType("seldon_core.flask_utils"), ModuleType("seldon_core.user_model")
        flask.SeldonMicroserviceException = Exception  # type: ignore[attr-defined]
        user.SeldonResponse = self._keep  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "seldon_core", ModuleType("seldon_core"))
        monkeypatch.setitem(sys.modules, "seldon_core.flask_utils", flask)
        monkeypatch.setitem(sys.modules, "seldon_core.user_model", user)

    def _keep(self, data: Any, **_more: Any) -> None:
        self.given = data.tolist()


def _by_grpc(theirs: Wrapper, body: str) -> subprocess.CompletedProcess[str]:
    command = [str(theirs.python), "-c", BY_GRPC, str(theirs.grpc_port)]
    return subprocess.run(command, input=body, env=theirs.variables, capture_output=True, text=True, check=False)


def _counted(metrics: str, name: str) -> float:
    return sum(
        float(line.split()[-1]) for line in metrics.splitlines() if line.startswith((f"{name}{{", f"{name}_total{{"))
    )


def _numbers(answer: Any) -> Any:
    data = answer["data"]
    if "ndarray" in data:
        return np.array(data["ndarray"])
    return np.array(data["tensor"]["values"]).reshape(data["tensor"]["shape"])


def _without_numbers(answer: Any) -> Any:
    return {**answer, "data": {"form": sorted(answer["data"]), "names": answer["data"]["names"]}}
