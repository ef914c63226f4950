"""The model server as a process on loopback: answers, refusals, health, metrics, and how it ends."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
from model_servers import (
    IRIS_COLUMNS,
    WAITING_SIGNATURE,
    Server,
    free_port,
    iris_folder,
    pickled_folder,
    server,
    wait_for,
    waiting_folder,
)

from mlops_charts import contract
from mlops_charts.contract import ALLOW_PICKLE, TRUSTED_TYPES
from mlops_charts.saved_model import Answers
from mlops_charts.saved_model.profile import NumberBins, Profile
from mlops_charts.serving.asked import Identity, trusted_by
from mlops_charts.serving.drain import drain
from mlops_charts.serving.metrics import Metrics

INFER = "/v2/models/iris/infer"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return iris_folder(tmp_path_factory.mktemp("iris"))


@pytest.fixture(scope="module")
def iris(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("log") / "log"
    identity = {"MODEL": "iris", "SLOT": "blue", "VERSION": "1.2.0", "MLOPS_CHARTS_RUN_ID": "r1"}
    with server(model, log, "--max-rows=100", "--max-body=20000", env=identity) as found:
        yield found


def example(model: Path) -> Any:
    return json.loads((model / "example.json").read_text())


def matrix(*rows: list[Any]) -> dict[str, Any]:
    return {"inputs": [{"name": "x", "shape": [len(rows), 4], "datatype": "FP64", "data": list(rows)}]}


def test_version_2_answers_with_labels_and_probabilities(iris: Server, model: Path) -> None:
    """The request of the example gets the answers that it had, with the identity and the request's own id."""
    said = example(model)["answers"]

    status, answer = iris.post(INFER, {"id": "7", **example(model)["v2"]})

    labels, probabilities = answer.pop("outputs")
    assert (status, answer) == (200, {"model_name": "iris", "model_version": "1.2.0", "id": "7"})
    assert labels == {"name": "label", "shape": [3], "datatype": "BYTES", "data": said["labels"]}
    assert probabilities["shape"] == [3, 3]
    assert probabilities["data"] == pytest.approx([one for row in said["probabilities"] for one in row])


def test_version_2_takes_a_matrix_and_one_output(iris: Server) -> None:
    """Where all columns are numbers, one tensor may hold them all; only what is wanted comes back."""
    asked = {**matrix([5.1, 3.5, 1.4, 0.2]), "outputs": [{"name": "label"}]}

    assert iris.post("/v2/models/iris/versions/1.2.0/infer", asked)[1]["outputs"] == [
        {"name": "label", "shape": [1], "datatype": "BYTES", "data": ["setosa"]}
    ]


@pytest.mark.parametrize("path", ["/api/v1.0/predictions", "/predict"])
def test_seldon_answers_with_probabilities_by_class(iris: Server, model: Path, path: str) -> None:
    """The names are the classes, and the labels stand in the tags."""
    said = example(model)["answers"]

    status, answer = iris.post(path, example(model)["seldon"])

    assert (status, answer["data"]["names"]) == (200, ["setosa", "versicolor", "virginica"])
    assert answer["data"]["ndarray"] == [pytest.approx(row) for row in said["probabilities"]]
    assert answer["meta"] == {"tags": {"labels": said["labels"]}, "requestPath": {"iris": ""}}


def test_seldon_answers_a_tensor_with_a_tensor(iris: Server) -> None:
    """Columns may come in any order if they are named."""
    names = list(reversed(IRIS_COLUMNS))
    asked = {"data": {"names": names, "tensor": {"shape": [1, 4], "values": [0.2, 1.4, 3.5, 5.1]}}}

    status, answer = iris.post("/predict", asked)

    assert (status, answer["data"]["tensor"]["shape"], answer["meta"]["tags"]) == (200, [1, 3], {"labels": ["setosa"]})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (b"{", "the body is no JSON: "),
        ([], "an object with inputs was expected, found a list"),
        ({"inputs": []}, "inputs: a list of tensors was expected"),
        (matrix([1, 2, 3]), 'input "x": data: by its shape [1, 4] lists of 4 were expected'),
        (matrix([1, 2, 3, "x"]), 'column "petal width (cm)", row 0: a number was expected, found the text "x"'),
        (matrix([1, 2, 3, 4], [1, 2, True, 4]), 'column "petal length (cm)", row 1: a number was expected, found true'),
        (matrix([1, 2, 3, None]), 'column "petal width (cm)", row 0: a number was expected, found null'),
        (matrix([1, 2, 3, float("nan")]), 'column "petal width (cm)", row 0: a number was expected, found one that is'),
    ],
)
def test_what_is_wrong_is_said_with_column_and_row(iris: Server, asked: Any, message: str) -> None:
    """A request that the model cannot take gets 400 and a sentence."""
    status, answer = iris.post(INFER, asked)

    assert (status, answer["error"][: len(message)]) == (400, message)


def test_seldon_is_told_in_its_own_form(iris: Server) -> None:
    """Failures have the form that clients of that protocol read."""
    status, answer = iris.post("/predict", {"data": {"ndarray": [[1, 2, 3]]}})

    assert (status, answer["status"]["code"], answer["status"]["reason"]) == (400, 400, "MICROSERVICE_BAD_DATA")
    assert answer["status"]["info"].startswith("row 0: 4 values were expected, found 3 (the columns are ")


def test_too_much_is_refused(iris: Server) -> None:
    """Rows and bytes beyond the limits get 413, whether the length was told or not."""
    assert iris.post(INFER, matrix(*[[1, 2, 3, 4]] * 101)) == (
        413,
        {"error": "101 rows; at most 100 may come in one request"},
    )
    assert iris.post(INFER, b" " * 20001)[0] == 413
    assert chunked(iris, b" " * 20001) == 413
    assert chunked(iris, json.dumps(matrix([1, 2, 3, 4])).encode()) == 200


def chunked(iris: Server, body: bytes) -> int:
    from http.client import HTTPConnection  # noqa: PLC0415 - here alone

    connection = HTTPConnection("127.0.0.1", iris.port, timeout=30)
    connection.request("POST", INFER, iter([body]), {"transfer-encoding": "chunked"}, encode_chunked=True)
    status = connection.getresponse().status
    connection.close()
    return status


def test_what_is_not_served_is_not_found(iris: Server) -> None:
    """Another model, another version and other paths get 404; the wrong method 405."""
    assert iris.post("/v2/models/rose/infer", {}) == (404, {"error": 'no model "rose" is served here; "iris" is'})
    assert iris.get("/v2/models/iris/versions/9") == (
        404,
        {"error": 'no version "9" of iris is served here; "1.2.0" is'},
    )
    assert iris.get("/admin") == (404, {"error": "nothing is served at /admin"})
    assert iris.get(INFER)[0] == 405
    assert iris.post("/v2", {})[0] == 405


def test_health_and_metadata(iris: Server) -> None:
    """Both protocols' health is answered, and metadata name the model's columns."""
    paths = (contract.READY_PATH, contract.LIVE_PATH, "/health/ping", "/health/status", "/v2/models/iris/ready")
    assert [iris.get(path)[0] for path in paths] == [200] * 5
    status, about = iris.get("/v2/models/iris")

    assert (status, about["versions"]) == (200, ["1.2.0"])
    assert [one["name"] for one in about["inputs"]] == list(IRIS_COLUMNS)
    assert [one["name"] for one in about["outputs"]] == ["label", "probabilities"]


def test_metrics_have_the_names_and_buckets_of_the_contract(iris: Server) -> None:
    """Predictions are counted by status, latency and class, under the identity; health is not."""
    before = iris.metrics()
    iris.post(INFER, matrix([5.1, 3.5, 1.4, 0.2], [5.1, 3.5, 1.4, 0.2]))
    iris.get(contract.READY_PATH)
    after = iris.metrics()

    identity = 'model="iris",slot="blue",version="1.2.0"'
    count = f'{contract.REQUESTS}{{code="200",{identity}}}'
    setosa = f'{contract.PREDICTIONS}{{model="iris",slot="blue",value="setosa",version="1.2.0"}}'
    assert sample(after, count) == sample(before, count) + 1
    assert sample(after, setosa) == sample(before, setosa) + 2
    assert sample(after, f"{contract.IN_FLIGHT}{{{identity}}}") == 0
    info = (
        f'{contract.MODEL_INFO}{{code_digest="",data_digest="",model="iris",run_id="r1",slot="blue",version="1.2.0"}}'
    )
    assert sample(after, info) == 1
    buckets = [line for line in after.splitlines() if line.startswith(f"{contract.REQUEST_DURATION}_bucket")]
    assert len(buckets) == len(contract.LATENCY_BUCKETS) + 1
    assert "_created" not in after


def test_numbers_are_counted_by_the_buckets_of_the_profile(tmp_path: Path) -> None:
    """Predictions of a regression fall into the buckets that its reference has, each named by its upper bound."""
    bins = NumberBins(edges=(1.0, 2.5), shares=(0.5, 0.25, 0.25))
    metrics = Metrics(
        Identity("m"), WAITING_SIGNATURE, Profile(rows=4, features={}, prediction_rows=4, predictions=bins)
    )

    metrics.answered(Answers(np.array([1.0, 2.0, 2.5, 9.0, math.nan])))

    lines = [line for line in metrics.text().splitlines() if line.startswith(f"{contract.PREDICTIONS}{{")]
    assert [line.partition("value=")[2] for line in lines] == [
        '"1.0",version=""} 1.0',
        '"2.5",version=""} 2.0',
        '"+Inf",version=""} 1.0',
    ]


def sample(text: str, series: str) -> float:
    return next(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(series))


def test_non_finite_values_can_be_missing(tmp_path: Path) -> None:
    """With --non-finite=missing, NaN, infinities and null are missing values, which the model answers as it can."""
    with server(waiting_folder(tmp_path / "model"), tmp_path / "log", "--non-finite=missing") as found:
        rows = b'{"data": {"names": ["a", "wait"], "ndarray": [[NaN, ""], [1e999, ""], [null, ""], [2, ""]]}}'
        assert found.post("/predict", rows)[1]["data"]["ndarray"] == [[None], [None], [None], [2.0]]


def test_failure_and_slowness_of_the_model_are_answers(tmp_path: Path) -> None:
    """What the model raises is 500 and stands in the log; what takes too long is 504; health is answered meanwhile."""
    held = tmp_path / "held"
    held.touch()
    with server(waiting_folder(tmp_path / "model"), tmp_path / "log", "--timeout=200ms") as found:
        failed = found.post("/predict", {"data": {"ndarray": [[1, "raise"]]}})
        slow = found.post("/predict", {"data": {"ndarray": [[1, str(held)]]}})
        ready = found.get(contract.READY_PATH)
        held.unlink()
    infos = [answer["status"]["info"] for _, answer in (failed, slow)]

    assert (failed[0], slow[0], ready[0]) == (500, 504, 200)
    assert infos == ["the model failed: ValueError", "the model did not answer within 0.2 s"]
    assert "of the model" in (tmp_path / "log").read_text()


def test_what_was_begun_is_answered_after_the_signal(tmp_path: Path) -> None:
    """SIGTERM ends the server with 0, once the request that it had accepted is answered; new ones are not taken."""
    held = tmp_path / "held"
    held.touch()
    with (
        server(waiting_folder(tmp_path / "model"), tmp_path / "log", "--timeout=30s") as found,
        ThreadPoolExecutor(1) as pool,
    ):
        answer = pool.submit(found.post, "/predict", {"data": {"ndarray": [[4.5, str(held)]]}})
        wait_for(tmp_path / "held.seen")
        found.process.send_signal(signal.SIGTERM)
        refused_once_closing(found)
        held.unlink()

        assert answer.result()[1]["data"]["ndarray"] == [[4.5]]
        assert found.process.wait(30) == 0
    assert '"event": "stopped"' in (tmp_path / "log").read_text()


def refused_once_closing(found: Server) -> None:
    end = monotonic() + 20
    while monotonic() < end:
        try:
            found.get(contract.LIVE_PATH)
        except OSError:
            return
    pytest.fail("the server goes on taking requests")


def served(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    command = [sys.executable, "-m", "mlops_charts", "serve", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)
    return done.returncode, done.stderr.strip()


def test_model_that_answers_otherwise_is_not_served(model: Path, tmp_path: Path) -> None:
    """It listens only once the example is answered as it was; else it ends with one line."""
    for file in ("model.onnx", "signature.json"):
        (tmp_path / file).write_bytes((model / file).read_bytes())
    changed = example(model)
    changed["answers"]["labels"][1] = "virginica"
    (tmp_path / "example.json").write_text(json.dumps(changed))

    assert served(str(tmp_path), f"--http-port={free_port()}", "--metrics-port=0", "--host=127.0.0.1") == (
        3,
        f"error: the model does not answer {tmp_path}/example.json as it did: row 1: virginica then, versicolor now",
    )


def test_what_cannot_be_served_is_one_line(tmp_path: Path, iris: Server, model: Path) -> None:
    """A folder that is none, a port that is taken, and a log of requests that has no place or no keys."""
    assert served(str(tmp_path / "none")) == (
        3,
        f"error: {tmp_path}/none is no folder; the folder of a saved model was expected",
    )
    status, said = served(str(model), f"--http-port={iris.port}", "--host=127.0.0.1")
    assert (status, said) == (3, f"error: cannot listen at 127.0.0.1:{iris.port}: Address already in use")
    nobody = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    ports = (f"--http-port={free_port()}", "--metrics-port=0", "--host=127.0.0.1", "--request-log-sample=0.1")
    assert served(str(model), *ports, "--request-log=s3://b/x", env=nobody) == (
        3,
        "error: the request log needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment",
    )
    status, said = served(str(model), *ports)
    assert (status, "--request-log-sample needs --request-log" in said) == (2, True)
    assert served()[0] == 2


def test_a_package_that_is_missing_is_named(tmp_path: Path) -> None:
    """One line that says which, and where it belongs, whether the entrypoint asks for it at once or with a request."""
    folder = waiting_folder(tmp_path / "model")
    code = folder / "code" / "serve.py"
    whole, ports = code.read_text(), (f"--http-port={free_port()}", "--metrics-port=0", "--host=127.0.0.1")
    code.write_text(f"import nowhere.inner\n{whole}")
    at_once = served(str(folder), *ports)
    code.write_text(whole.replace("for row in inputs", "import nowhere\n        for row in inputs"))
    by_request = served(str(folder), *ports)

    missing = (
        'serving.entrypoint serve.py:Model needs the package "nowhere", which is not installed; name it in the '
        "model's requirements.txt, which training.requirements of model.yaml points to"
    )
    assert at_once == (3, f"error: {missing}")
    assert by_request == (3, f"error: the model does not answer {folder}/example.json: {missing}")


def test_image_says_what_may_be_loaded(tmp_path: Path) -> None:
    """A pickle is loaded where a variable of the image admits it, and only there."""
    folder = pickled_folder(tmp_path / "model")

    with server(folder, tmp_path / "log", env={ALLOW_PICKLE: "1"}) as found:
        assert found.post("/predict", {"data": {"ndarray": [[3]]}})[1]["data"]["ndarray"] == [[pytest.approx(7.0)]]
    status, said = served(str(folder), f"--http-port={free_port()}", "--metrics-port=0", "--host=127.0.0.1")

    assert (status, said) == (
        3,
        f"error: {folder}/model.pkl is a pickle, which runs code; training.allowPickle admits it",
    )
    assert trusted_by({TRUSTED_TYPES: "a.B, c.D"}) == (("a.B", "c.D"), False)


def test_process_that_is_killed_is_begun_anew(model: Path, tmp_path: Path) -> None:
    """The others go on meanwhile, what was counted stays, and one that dies again at once ends the server."""
    with server(model, tmp_path / "log", "--workers=2") as found:
        requests = [found.post("/predict", {"data": {"ndarray": [[1, 2, 3, 4]]}})[0] for _ in range(5)]
        before = children(found)
        os.kill(before[-1], signal.SIGKILL)
        renewed(found, before)
        counted = sample(found.metrics(), f'{contract.REQUESTS}{{code="200"')
        again = set(children(found)) - set(before)
        os.kill(again.pop(), signal.SIGKILL)

        assert found.process.wait(30) == 3
    said = (tmp_path / "log").read_text().splitlines()[-1]
    assert (requests, counted) == ([200] * 5, 5)
    assert said == "error: a process that listens was killed again and again, most likely for want of memory"


def children(found: Server) -> list[int]:
    return [
        int(pid) for pid in Path(f"/proc/{found.process.pid}/task/{found.process.pid}/children").read_text().split()
    ]


def renewed(found: Server, before: list[int]) -> None:
    end = monotonic() + 30
    while monotonic() < end:
        with suppress(OSError):
            if set(children(found)) - set(before) and found.get(contract.READY_PATH)[0] == 200:
                return
    pytest.fail("no process was begun anew")


def test_all_that_charts_pass_is_taken(model: Path, tmp_path: Path) -> None:
    """The command line of a pod starts a server, that of a log without a sample included."""
    options = ("--protocol=seldon", "--grpc-port=9500", "--batch-size=64", "--batch-delay=2ms", "--timeout=1m30s",
               "--non-finite=reject", "--request-log=s3://b/x", "--request-log-endpoint=http://s3",
               "--request-log-region=eu", "--request-log-sample=0", "--request-log-retain=720h",
               "--request-log-features")  # fmt: skip
    with server(model, tmp_path / "log", *options) as found:
        assert found.get("/v2/models/model/ready") == (200, {"name": "model", "ready": True})
        assert found.stop() == 0


def test_drain_waits_until_it_is_quiet(iris: Server) -> None:
    """It waits at least as long as it is told to, and not at all where no server is."""
    assert drain(iris.metrics_port, least=0.2, quiet=0.1) >= 0.2
    assert drain(free_port()) < 2.0
