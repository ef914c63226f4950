"""A server of an installed environment, started, asked for its example and stopped; never left behind."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from mlops_charts.contract import READY_PATH
from mlops_charts.local import venvs
from mlops_charts.local.groups import group
from mlops_charts.saved_model.example import Example, ExampleAnswers, read_example
from mlops_charts.steps.call import Refused

_STARTS, _ANSWERS, _STOPS = 300.0, 60.0, 60.0  # seconds; a pod's startup probe waits as long
_LOOK: Final = 0.05  # seconds between two looks
_SHOWN: Final = 3  # lines of its log
_TOLERANCE: Final = 1e-4  # of a value, as the server's own check has it
_MODEL: Final = "proof"


@dataclass(frozen=True)
class Trial:
    """What is tried.

    Attributes:
        python: The interpreter of the environment.
        model: The model's folder.
        scratch: A folder to start in and to write the log to.
        environment: Variables that the image sets.
    """

    python: Path
    model: Path
    scratch: Path
    environment: Mapping[str, str]

    @property
    def variables(self) -> dict[str, str]:
        """All variables of a process in the environment."""
        return {**venvs.variables(), **self.environment, "HOME": str(self.scratch), "MODEL": _MODEL}


def installed_server(trial: Trial) -> bool:
    """Return whether what our server runs on is in the environment."""
    found = _run(trial, ["-c", "import granian, orjson"])
    return found.returncode == 0


def example_answered(trial: Trial) -> int:
    """Ask the model for its example without a server, and return how many requests it answered.

    Raises:
        Refused: It does not answer it as it did.
    """
    found = _run(trial, ["-m", "mlops_charts.serving.example", str(trial.model)])
    if found.returncode:
        raise Refused(f"the model does not answer its example: {_last(found.stderr)}")
    return 2


def requests_answered(trial: Trial) -> int:
    """Start the server, ask it for the example in both protocols, stop it, and return how many requests it answered.

    Raises:
        Refused: It does not start, answers something else, or does not stop.
    """
    example = _example(trial.model)
    port = _free_port()
    with _started(trial, port) as (process, log):
        _wait(process, f"http://127.0.0.1:{port}{READY_PATH}", log)
        _compare(_v2(_post(port, f"/v2/models/{_MODEL}/infer", example.v2)), example.answers, "version 2")
        _compare(_seldon(_post(port, "/api/v1.0/predictions", example.seldon)), example.answers, "Seldon's protocol")
        process.terminate()
        try:
            status = process.wait(_STOPS)
        except subprocess.TimeoutExpired:
            raise Refused(f"the server does not stop within {_STOPS:g} s: {_last(_text(log))}") from None
        if status:
            raise Refused(f"the server ends with status {status} when it is told to stop: {_last(_text(log))}")
    return 2


def _run(trial: Trial, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [str(trial.python), *arguments]
    with group(command, cwd=trial.scratch, env=trial.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
               stdin=subprocess.DEVNULL, errors="replace") as process:  # fmt: skip
        output, log = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, output, log)


@contextmanager
def _started(trial: Trial, port: int) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    command = [
        str(trial.python.with_name("mlops-charts")),
        *("serve", str(trial.model), "--host=127.0.0.1", f"--http-port={port}", f"--metrics-port={_free_port()}"),
    ]
    with (trial.scratch / "server.log").open("w+", encoding="utf-8", errors="replace") as log:
        try:
            started = group(command, cwd=trial.scratch, env=trial.variables, stdin=subprocess.DEVNULL, stdout=log,
                            stderr=log)  # fmt: skip
            with started as process:
                yield process, log
        except FileNotFoundError:
            raise Refused("the context installs no mlops-charts, so that nothing can serve") from None


def _wait(process: subprocess.Popen[str], url: str, log: IO[str]) -> None:
    end = time.monotonic() + _STARTS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Refused(f"the server ends with status {process.returncode}: {_last(_text(log))}")
        try:
            with _opened(url, None) as answer:
                answer.read()
        except (URLError, OSError):
            time.sleep(_LOOK)
        else:
            return
    raise Refused(f"the server is not ready within {_STARTS:g} s: {_last(_text(log))}")


def _post(port: int, path: str, body: Mapping[str, Any]) -> Any:
    try:
        with _opened(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode()) as answer:
            return json.loads(answer.read())
    except HTTPError as error:
        with error:
            raise Refused(f"the server answers {path} with {error.code}: {error.read(1000).decode()}") from None
    except (URLError, OSError, ValueError) as error:
        raise Refused(f"the server does not answer {path}: {error}") from None


def _opened(url: str, body: bytes | None) -> Any:
    opener = build_opener(ProxyHandler({}))  # loopback, whatever proxies this machine has
    return opener.open(Request(url, data=body), timeout=_ANSWERS)  # noqa: S310 - http on loopback


def _v2(answer: Any) -> ExampleAnswers:
    labels, *rest = answer["outputs"]
    if not rest:
        return ExampleAnswers(labels=labels["data"])
    width, flat = rest[0]["shape"][1], rest[0]["data"]
    rows = [flat[start : start + width] for start in range(0, len(flat), width)]
    return ExampleAnswers(labels=labels["data"], probabilities=rows)


def _seldon(answer: Any) -> ExampleAnswers:
    labels, rows = answer["meta"]["tags"].get("labels"), answer["data"]["ndarray"]
    if labels is None:
        return ExampleAnswers(labels=[row[0] for row in rows])
    return ExampleAnswers(labels=labels, probabilities=rows)


def _compare(found: ExampleAnswers, said: ExampleAnswers, protocol: str) -> None:
    pairs = [
        (said.labels, found.labels),
        *zip(said.probabilities or (), found.probabilities or (), strict=True),
    ]
    for there, here in pairs:
        if len(there) != len(here) or not all(map(_same, there, here)):
            raise Refused(f"in {protocol} the server answers the example with {here}, the model once with {there}")


def _same(said: Any, found: Any) -> bool:
    if isinstance(said, float) and isinstance(found, int | float):
        return math.isclose(said, found, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return bool(said == found)


def _example(folder: Path) -> Example:
    try:
        return read_example(folder)
    except (OSError, ValueError) as error:
        raise Refused(f"the example of {folder} cannot be read: {_last(str(error))}") from None


def _text(log: IO[str]) -> str:
    log.seek(0)
    return log.read()


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-_SHOWN:]) or "it said nothing"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
