"""Folders of saved models, written by hand, and real servers of them on loopback."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from mlops_charts.saved_model import Column, Signature, load, signature_text
from mlops_charts.saved_model.example import Example, ExampleAnswers, example_text

IRIS_COLUMNS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
IRIS = Signature(
    task="classification",
    format="onnx",
    inputs=tuple(Column(name=name, type="double") for name in IRIS_COLUMNS),
    classes=("setosa", "versicolor", "virginica"),
    probabilities=True,
)
# So a test decides how long an answer takes.
WAITING = '''"""Waits while a file stands."""

import time
from pathlib import Path


class Model:
    """Answers with a once the file that `wait` names is gone."""

    def predict(self, inputs):
        """Return one value for each row."""
        for row in inputs:
            if row[1] == "raise":
                raise ValueError("of the model")
            while row[1] and Path(row[1]).exists():
                Path(row[1] + ".seen").touch()
                time.sleep(0.01)
        return inputs[:, 0].astype(float)
'''
WAITING_SIGNATURE = Signature(
    task="regression",
    format="code",
    entrypoint="serve.py:Model",
    inputs=(Column(name="a", type="double", nullable=True), Column(name="wait", type="string")),
)
_OPENER = build_opener(ProxyHandler({}))
_PATIENCE = 60.0


def iris_folder(folder: Path) -> Path:
    """Write a logistic regression on iris as ONNX, with three of its rows as example."""
    from skl2onnx import to_onnx  # noqa: PLC0415 - only tests with a real model need it
    from sklearn.datasets import load_iris  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    X, y = load_iris(return_X_y=True)  # noqa: N806 - the field's own name
    fitted = LogisticRegression(max_iter=1000).fit(X, [IRIS.classes[label] for label in y])
    folder.mkdir(parents=True, exist_ok=True)
    converted = to_onnx(fitted, X[:1].astype("float32"), options={"zipmap": False})
    (folder / "model.onnx").write_bytes(converted.SerializeToString())
    return with_example(folder, IRIS, X[[0, 75, 149]].tolist())


def waiting_folder(folder: Path) -> Path:
    """Write a model of code alone that answers when a test says so."""
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "serve.py").write_text(WAITING)
    return with_example(folder, WAITING_SIGNATURE, [[1.5, ""], [2.5, ""]])


def pickled_folder(folder: Path) -> Path:
    """Write a linear regression as a pickle."""
    from sklearn.linear_model import LinearRegression  # noqa: PLC0415 - as above

    folder.mkdir(parents=True)
    fitted = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
    (folder / "model.pkl").write_bytes(pickle.dumps(fitted))
    signature = Signature(task="regression", format="pickle", inputs=(Column(name="x", type="double"),))
    return with_example(folder, signature, [[2.0]])


def with_example(folder: Path, signature: Signature, rows: Sequence[Sequence[Any]]) -> Path:
    """Write signature and example of a model whose other files are there."""
    import numpy as np  # noqa: PLC0415 - as above

    (folder / "signature.json").write_text(signature_text(signature))
    dtypes = {"double": np.float64, "integer": np.int64, "boolean": np.bool_}
    columns = {
        one.name: np.array([row[place] for row in rows], dtypes.get(one.type, object))
        for place, one in enumerate(signature.inputs)
    }
    answers = load(folder, allow_pickle=True).answer(columns)
    kinds = {"double": "FP64", "integer": "INT64", "boolean": "BOOL"}
    tensors = [
        {
            "name": one.name,
            "shape": [len(rows)],
            "datatype": kinds.get(one.type, "BYTES"),
            "data": [row[place] for row in rows],
        }
        for place, one in enumerate(signature.inputs)
    ]
    names = [one.name for one in signature.inputs]
    probabilities = None if answers.probabilities is None else answers.probabilities.tolist()
    example = Example(
        v2={"inputs": tensors},
        seldon={"data": {"names": names, "ndarray": [list(row) for row in rows]}},
        answers=ExampleAnswers(labels=answers.labels.tolist(), probabilities=probabilities),
    )
    (folder / "example.json").write_text(example_text(example))
    return folder


def free_port() -> int:
    """Return a port that nothing listens at."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens at, each another one: a port that is let go may be given again at once."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    process: subprocess.Popen[str]
    port: int
    metrics_port: int
    log: Path

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and JSON of a GET."""
        return asked(f"http://127.0.0.1:{self.port}{path}")

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Return status and JSON of a POST; a body of bytes goes as it is."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return asked(f"http://127.0.0.1:{self.port}{path}", data)

    def metrics(self) -> str:
        """Return the text of the metrics."""
        with _OPENER.open(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10) as page:
            text: str = page.read().decode()
        return text

    def stop(self) -> int:
        """Tell it to stop and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_PATIENCE)


def asked(url: str, data: bytes | None = None) -> tuple[int, Any]:
    """Return status and JSON of an answer."""
    try:
        with _OPENER.open(Request(url, data=data), timeout=30) as page:  # noqa: S310 - loopback
            return page.status, _json(page.status, page.read())
    except HTTPError as error:
        with error:
            return error.code, _json(error.code, error.read())


def _json(status: int, body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise AssertionError(f"{status} came with what is no JSON: {body[:500]!r}") from None


@contextmanager
def server(folder: Path, log: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run a server until the block ends."""
    http, metrics = free_ports(2)
    ports = (f"--http-port={http}", f"--metrics-port={metrics}", "--host=127.0.0.1")
    command = [sys.executable, "-m", "mlops_charts", "serve", str(folder), *ports, *options]
    with log.open("w") as said:
        process = subprocess.Popen(
            command, env={**os.environ, **(env or {})}, text=True, stderr=said, stdout=said, start_new_session=True
        )
    try:
        _wait(process, http, log)
        yield Server(process, http, metrics, log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: subprocess.Popen[str], port: int, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with suppress(URLError, OSError, AssertionError):  # somebody else's port, until the server finds that it is
            if asked(f"http://127.0.0.1:{port}/v2/health/ready")[0] == 200:
                return
        time.sleep(0.02)
    raise AssertionError(f"the server does not answer: {log.read_text()}")


def wait_for(path: Path) -> None:
    """Return once a file is there."""
    end = time.monotonic() + _PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path} does not come"
        time.sleep(0.01)
