"""`mlops-charts smoke` against real servers of ours, and against what servers of others answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from model_servers import Server, free_port, iris_folder, server
from s3_server import s3_server

from mlops_charts.cli import status_of

EXAMPLE = "example.json"
READY = {"/v2/health/ready": {}, "/health/status": {}}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return iris_folder(tmp_path_factory.mktemp("iris"))


@pytest.fixture(scope="module")
def iris(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("log") / "log"
    with server(model, log, env={"MODEL": "iris", "VERSION": "1.2.0"}) as found:
        yield found


def url_of(found: Server) -> str:
    return f"http://127.0.0.1:{found.port}"


@contextmanager
def answering(answers: Mapping[str, Any]) -> Iterator[str]:
    """Answer paths with JSON, others with 404; a number is a status."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path, 404)
            body = json.dumps(found).encode()
            self.send_response(found if isinstance(found, int) else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Be silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as found:
        thread = Thread(target=found.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


@pytest.mark.parametrize("protocol", ["v2", "seldon"])
def test_the_model_that_was_saved_is_told_in_a_line(
    iris: Server, model: Path, protocol: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the test pod of the chart calls it."""
    arguments = [f"--protocol={protocol}", "--timeout=5000ms", "--example", str(model / EXAMPLE)]

    assert status_of(["smoke", url_of(iris), "--model", "iris", *arguments]) == 0
    line, err = capsys.readouterr()
    name = "iris 1.2.0" if protocol == "v2" else "iris"
    assert line.startswith(f"{name} answers 3 rows as when it was saved, in ")
    assert line.endswith(f" ms: {url_of(iris)}\n")
    assert err == ""


def test_the_example_may_lie_beside_the_model(iris: Server, model: Path) -> None:
    """A folder by its path or as file://."""
    for uri in (str(model), f"file://{model}"):
        assert status_of(["smoke", url_of(iris), "--model", "iris", "--model-uri", uri]) == 0


def test_the_example_may_lie_in_a_storage(
    iris: Server, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the address and the keys that the pod's variables give; what is not there is a mistake."""
    (tmp_path / "s3/models/iris/1").mkdir(parents=True)
    (tmp_path / "s3/models/iris/1" / EXAMPLE).write_bytes((model / EXAMPLE).read_bytes())
    with s3_server(tmp_path / "s3") as storage:
        for name, value in storage.environ.items():
            monkeypatch.setenv({"AWS_ENDPOINT_URL": "AWS_ENDPOINT_URL_S3"}.get(name, name), value)
        call = ["smoke", url_of(iris), "--model", "iris", "--model-uri"]
        assert status_of([*call, "s3://models/iris/1"]) == 0
        assert status_of([*call, "s3://models/iris/2"]) == 1
    assert capsys.readouterr().err == "error: s3://models/iris/2/example.json does not exist\n"


def test_another_answer_is_found(iris: Server, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the row that differs; exit status 1."""
    said = json.loads((model / EXAMPLE).read_text())
    said["answers"]["labels"][1] = "virginica"
    changed = tmp_path / EXAMPLE
    changed.write_text(json.dumps(said))

    for protocol in ("v2", "seldon"):
        call = ["smoke", url_of(iris), "--model", "iris", "--protocol", protocol, "--example", str(changed)]
        assert status_of(call) == 1
        expected = "does not answer its example as it did: row 1: virginica when saved, versicolor now"
        assert capsys.readouterr().err == f"error: {url_of(iris)} {expected}\n"


def test_another_model_is_found(iris: Server, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is not served is a mistake, and the server's own words say which is."""
    assert status_of(["smoke", url_of(iris), "--model", "rose", "--example", str(model / EXAMPLE)]) == 1
    assert 'no model "rose" is served here' in capsys.readouterr().err


def test_a_server_that_is_not_there_is_no_mistake(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 3, and which address does not answer."""
    url = f"http://127.0.0.1:{free_port()}"

    assert status_of(["smoke", url, "--model", "iris", "--example", str(model / EXAMPLE)]) == 3
    assert capsys.readouterr().err == f"error: {url}/v2/health/ready does not answer: Connection refused\n"


@pytest.mark.parametrize(
    ("protocol", "answers", "status", "hint"),
    [
        ("v2", {"/v2/health/ready": 503}, 3, "/v2/health/ready answers 503, so the server is not ready"),
        ("seldon", {}, 3, "has no /health/status nor /ready, so it does not speak seldon"),
        ("seldon", {**READY, "/api/v1.0/predictions": 500}, 3, "/api/v1.0/predictions answers 500"),
        ("seldon", {**READY, "/api/v1.0/predictions": 400}, 1, "/api/v1.0/predictions answers 400"),
        ("seldon", {**READY, "/api/v1.0/predictions": []}, 1, "answers no object of JSON"),
        ("seldon", {**READY, "/api/v1.0/predictions": {}}, 1, "nothing that could be compared"),
        ("seldon", {**READY, "/api/v1.0/predictions": {"data": {"ndarray": ["setosa"]}}}, 1, "answers 1 rows to the 3"),
        ("seldon", {**READY, "/api/v1.0/predictions": {"data": [1]}}, 1, "in no form of seldon"),
        ("v2", {**READY, "/v2/models/iris": {"inputs": [{"name": c} for c in "abcd"]}}, 1, "of other columns"),
    ],
)
def test_what_is_wrong_is_said(
    model: Path, capsys: pytest.CaptureFixture[str], *, protocol: str, answers: Any, status: int, hint: str
) -> None:
    """What the server fails at is 3, what it answers wrongly is 1."""
    with answering(answers) as url:
        call = ["smoke", url, "--model", "iris", f"--protocol={protocol}", "--example", str(model / EXAMPLE)]
        assert status_of(call) == status
    assert hint in capsys.readouterr().err


def test_forms_of_other_servers_are_understood(model: Path) -> None:
    """Labels alone, in a row or a column, probabilities alone, tensors; with and without columns in the metadata."""
    said = json.loads((model / EXAMPLE).read_text())["answers"]
    labels, probabilities = said["labels"], said["probabilities"]
    flat = [one for row in probabilities for one in row]
    forms = [
        {"ndarray": labels},
        {"ndarray": [[one] for one in labels]},
        {"names": ["t:0", "t:1", "t:2"], "ndarray": probabilities},
        {"tensor": {"shape": [3, 3], "values": flat}},
    ]
    call = ["--model", "iris", "--example", str(model / EXAMPLE)]
    for form in forms:
        with answering({"/ready": {}, "/api/v1.0/predictions": {"data": form}}) as url:
            assert status_of(["smoke", url, *call, "--protocol=seldon"]) == 0
    output = {"name": "predict", "shape": [3, 1], "datatype": "BYTES", "data": labels}
    served = {**READY, "/v2/models/iris": {}, "/v2/models/iris/infer": {"outputs": [output]}}
    with answering(served) as url:
        assert status_of(["smoke", url, *call]) == 0


def test_what_to_compare_with_must_be_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One of a file and a folder, and a file that is an example."""
    call = ["smoke", "http://localhost:9", "--model", "iris"]
    assert status_of(call) == 2
    assert status_of([*call, "--example", "a", "--model-uri", "b"]) == 2
    assert status_of(["smoke", "localhost:9", "--model", "iris", "--example", "a"]) == 2
    capsys.readouterr()
    assert status_of([*call, "--model-uri", str(tmp_path)]) == 1
    (tmp_path / EXAMPLE).write_text('{"v2": {}, "seldon": {}}')
    assert status_of([*call, "--example", str(tmp_path / EXAMPLE)]) == 1
    assert capsys.readouterr().err == (
        f"error: {tmp_path / EXAMPLE} cannot be read: No such file or directory\n"
        f"error: {tmp_path / EXAMPLE} is no example of this version: answers: Field required\n"
    )
