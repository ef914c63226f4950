"""The servers of the benchmark, each in an environment of its own, started and ended by it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from serving_agreement import disagreement, example_rows
from serving_models import KINDS, ROW

from mlops_charts.capacity.machine import family
from mlops_charts.local.groups import group
from mlops_charts.steps.locks import BUILD_TOOLS, lock_text, pins

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parent
_PATIENCE = 180.0
_LOCKS = {
    "seldon": _ROOT / "mlops_charts" / "locks" / "seldon-core.txt",
    "mlserver": _HERE / "serving-mlserver.lock",
    "fastapi": _HERE / "serving-fastapi.lock",
    "envoy": _HERE / "serving-envoy.lock",
    "bare-envoy": _HERE / "serving-envoy.lock",
}
_TITLES = {
    "bare": "bare handler",
    "ours": "mlops-charts serve",
    "envoy": "the same behind Envoy, 90/10",
    "bare-envoy": "bare handler behind Envoy, 90/10",
    "seldon": "seldon-core-microservice",
    "mlserver": "MLServer",
    "fastapi": "FastAPI + onnxruntime",
}
NAMES = tuple(_TITLES)
_OPENER = build_opener(ProxyHandler({}))
Rows = list[list[float]]


@dataclass(frozen=True)
class Peer:
    """A server with a number of workers."""

    name: str
    workers: int

    def __str__(self) -> str:
        return f"{_TITLES[self.name]}, {self.workers}"


@dataclass(frozen=True)
class Running:
    """A server that answers: where it is asked, its process, and how rows are written in its format."""

    url: str
    process: subprocess.Popen[str]
    written: Callable[[Rows], bytes]

    def body(self, rows: int) -> bytes:
        """Return the body of a request with some rows."""
        return self.written([ROW] * rows)

    def worker_memory(self) -> int:
        """Return the memory of its largest process, in bytes, pages that it shares with others included."""
        return max(_resident(pid) for pid in family(self.process.pid))


@dataclass(frozen=True)
class _Start:
    command: list[str]
    environment: Mapping[str, str]
    ready: str
    asked: str
    written: Callable[[Rows], bytes]


def python_of(name: str, folder: Path) -> Path:
    """Return the Python of a peer's environment, made once below a folder from its lock."""
    if not has_environment(name):
        return Path(sys.executable)
    lock, place = _LOCKS[name], environment_of(name, folder)
    python = place / "bin" / "python"
    if not (place / ".installed").exists():
        print(f"installing {_TITLES[name]} into {place}", file=sys.stderr)
        venv.create(place, with_pip=True, clear=True)
        for file in (_build_tools(lock, place), lock):
            _install(name, python, file)
        (place / ".installed").touch()
    return python


def _build_tools(lock: Path, place: Path) -> Path:
    """Write what builds the source distributions of a lock: it is installed first, so that nothing else is asked."""
    tools = [pin for pin in pins(lock.read_text()) if pin.name in BUILD_TOOLS]
    (place / "build.txt").write_text(lock_text(tools))
    return place / "build.txt"


def _install(name: str, python: Path, file: Path) -> None:
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input"]
    options = ["--require-hashes", "--no-deps", "--no-build-isolation", "-r", file]
    done = subprocess.run([*pip, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{_TITLES[name]} cannot be installed: {done.stderr.strip().splitlines()[-1]}")


def environment_of(name: str, folder: Path) -> Path:
    """Return where the environment of a peer is that has a lock: peers with one lock share it."""
    lock = _LOCKS[name]
    return folder / f"{lock.stem}-{sha256(lock.read_bytes()).hexdigest()[:12]}"


def has_environment(name: str) -> bool:
    """Return whether a peer has an environment of its own."""
    return name in _LOCKS


@contextmanager
def running(peer: Peer, kind: str, model: Path, folder: Path, scratch: Path) -> Iterator[Running]:
    """Run a server on a model until the block ends, and end all that it started."""
    port = free_port()
    start = _STARTS[peer.name](python_of(peer.name, folder), peer, kind, model, port, scratch)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **start.environment}
    with (
        (scratch / f"{peer.name}.log").open("w") as log,
        group(start.command, cwd=scratch, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process,
    ):
        found = Running(f"http://127.0.0.1:{port}{start.asked}", process, start.written)
        _wait(peer, found, f"http://127.0.0.1:{port}{start.ready}", Path(log.name))
        if kind in KINDS:
            _check(peer, found, model)
        yield found


def free_port() -> int:
    """Return a port that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _wait(peer: Peer, found: Running, ready: str, log: Path) -> None:
    """Return once the server is ready and has answered a request."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and found.process.poll() is None:
        if _answers(ready):
            break
        time.sleep(0.1)
    try:
        _asked(found, [ROW])
    except OSError as error:
        raise SystemExit(f"{peer} does not answer: {error}\n{log.read_text()[-2000:]}") from None


def _check(peer: Peer, found: Running, model: Path) -> None:
    """End the benchmark where a server answers other classes than the model that all are to serve."""
    rows, expected = example_rows(model)
    if said := disagreement(expected, _asked(found, rows)):
        raise SystemExit(f"{peer} does not serve the same model: {said}")


def _asked(found: Running, rows: Rows) -> bytes:
    request = Request(found.url, found.written(rows), {"content-type": "application/json"})  # noqa: S310 - loopback
    with _OPENER.open(request, timeout=30) as answer:
        body: bytes = answer.read()
    return body


def _answers(url: str) -> bool:
    try:
        with _OPENER.open(url, timeout=5) as page:
            return bool(page.status == 200)  # noqa: PLR2004 - HTTP
    except HTTPError as error:
        with error:
            return error.code == 500  # noqa: PLR2004 - the bare handler knows no health
    except OSError:
        return False


def _v2(rows: Rows) -> bytes:
    tensor = {"name": "rows", "shape": [len(rows), 4], "datatype": "FP64", "data": rows}
    return json.dumps({"inputs": [tensor]}).encode()


def _seldon_body(rows: Rows) -> bytes:
    return json.dumps({"data": {"ndarray": rows}}).encode()


def _bare(python: Path, peer: Peer, _kind: str, model: Path, port: int, _scratch: Path) -> _Start:
    command = [str(python), str(_HERE / "bare_handler.py"), str(model), str(port), str(peer.workers)]
    return _Start(command, {"PYTHONPATH": str(_HERE)}, "/v2/health/ready", "/v2/models/iris/infer", _v2)


def _ours(python: Path, peer: Peer, _kind: str, model: Path, port: int, _scratch: Path) -> _Start:
    ports = ("--host=127.0.0.1", f"--http-port={port}", f"--metrics-port={free_port()}", f"--grpc-port={free_port()}")
    command = [str(python), "-m", "mlops_charts", "serve", str(model), *ports, f"--workers={peer.workers}"]
    environment = {"MODEL": "iris", "VERSION": "1.0.0", "PYTHONPATH": str(_ROOT)}
    return _Start(command, environment, "/v2/health/ready", "/v2/models/iris/infer", _v2)


def _envoy(python: Path, peer: Peer, _kind: str, model: Path, port: int, scratch: Path) -> _Start:
    split = str(_HERE / "serving_peers" / "split.py")
    kind = "bare" if peer.name == "bare-envoy" else "ours"
    command = [sys.executable, split, str(python.with_name("envoy")), kind, str(model), str(port), str(peer.workers)]
    environment = {"MODEL": "iris", "VERSION": "1.0.0", "PYTHONPATH": os.pathsep.join((str(_HERE), str(_ROOT)))}
    return _Start([*command, str(scratch)], environment, "/v2/health/ready", "/v2/models/iris/infer", _v2)


def _seldon(python: Path, peer: Peer, kind: str, _model: Path, port: int, _scratch: Path) -> _Start:
    ports = (f"--http-port={port}", f"--grpc-port={free_port()}", f"--metrics-port={free_port()}")
    wrapper = str(python.with_name("seldon-core-microservice"))
    command = [wrapper, "seldon_model.Iris", "--service-type=MODEL", f"--workers={peer.workers}", *ports]
    environment = {"KIND": kind, "PYTHONPATH": str(_HERE / "serving_peers")}
    return _Start(command, environment, "/health/status", "/api/v1.0/predictions", _seldon_body)


def _mlserver(python: Path, peer: Peer, kind: str, _model: Path, port: int, scratch: Path) -> _Start:
    place = scratch / f"mlserver-{kind}-{peer.workers}"
    place.mkdir(exist_ok=True)
    dump = [str(python), str(_HERE / "serving_peers" / "dump_model.py"), kind, str(place / "model.joblib")]
    subprocess.run(dump, check=True)
    parallel = 0 if peer.workers == 1 else peer.workers  # with none it computes in the process that listens
    settings = {
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": free_port(),
        "metrics_port": free_port(),
        "parallel_workers": parallel,
    }
    (place / "settings.json").write_text(json.dumps(settings))
    served = {
        "name": "iris",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(place / "model.joblib")},
    }
    (place / "model-settings.json").write_text(json.dumps(served))
    command = [str(python.with_name("mlserver")), "start", str(place)]
    return _Start(command, {}, "/v2/models/iris/ready", "/v2/models/iris/infer", _v2)


def _fastapi(python: Path, peer: Peer, _kind: str, model: Path, port: int, _scratch: Path) -> _Start:
    options = ("--host=127.0.0.1", f"--port={port}", f"--workers={peer.workers}", "--no-access-log")
    command = [str(python), "-m", "uvicorn", "fastapi_model:app", "--log-level=warning", *options]
    environment = {"ONNX": str(model / "model.onnx"), "PYTHONPATH": str(_HERE / "serving_peers")}
    return _Start(command, environment, "/ready", "/infer", _v2)


_STARTS: Mapping[str, Callable[[Path, Peer, str, Path, int, Path], _Start]] = {
    "bare": _bare,
    "ours": _ours,
    "envoy": _envoy,
    "bare-envoy": _envoy,
    "seldon": _seldon,
    "mlserver": _mlserver,
    "fastapi": _fastapi,
}
