"""Seldon's real Python wrapper in an environment of its own, installed once on a machine from its lock."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from model_servers import asked, free_port
from repositories import ROOT

from mlops_charts.local import venvs
from mlops_charts.local.groups import group
from mlops_charts.steps.locks import BUILD_TOOLS, SELDON_CORE, lock_text, read_lock
from mlops_charts.validation.schemas.store import default_cache

_OPENER = build_opener(ProxyHandler({}))
_PATIENCE = 120.0


@dataclass(frozen=True)
class Wrapper:
    """A wrapper that answers."""

    python: Path
    variables: Mapping[str, str]
    port: int
    grpc_port: int
    metrics_port: int
    log: Path

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and JSON of a GET."""
        return asked(f"http://127.0.0.1:{self.port}{path}")

    def post(self, path: str, body: bytes) -> tuple[int, Any]:
        """Return status and JSON of a POST."""
        request = Request(f"http://127.0.0.1:{self.port}{path}", body, {"content-type": "application/json"})
        try:
            with _OPENER.open(request, timeout=30) as page:
                return page.status, json.loads(page.read())
        except HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def metrics(self) -> str:
        """Return the text of the metrics."""
        with _OPENER.open(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10) as page:
            text: str = page.read().decode()
        return text


def wrapper_python() -> Path:
    """Return the interpreter of the environment with Seldon's wrapper; the test fails if it cannot be installed."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("Seldon's wrapper is locked for Python 3.11")
    pins = read_lock(SELDON_CORE)
    digest = sha256(f"{sys.version}\0{sys.base_prefix}\0{lock_text(pins)}".encode()).hexdigest()
    folder = default_cache() / "tests" / f"seldon-core-{digest[:16]}"
    try:
        return venvs.made(folder, _fill, below=(), wait=lambda: None)
    except venvs.PipFailed as failed:
        pytest.fail(f"Seldon's wrapper cannot be installed from {SELDON_CORE}: {failed.reason}", pytrace=False)


def _fill(python: Path, lock: int) -> None:
    """Install what builds, and then all: some packages are source distributions."""
    pins, folder = read_lock(SELDON_CORE), python.parents[1]
    parts = {"build.txt": [pin for pin in pins if pin.name in BUILD_TOOLS], "lock.txt": pins}
    for file, some in parts.items():
        (folder / file).write_text(lock_text(some))
        options = ("--quiet", "--no-deps", "--require-hashes", "--no-build-isolation", "-r", str(folder / file))
        venvs.install(python, options, lock)


@contextmanager
def wrapper(model: Path, scratch: Path, env: Mapping[str, str]) -> Iterator[Wrapper]:
    """Run the wrapper on a model's folder until the block ends, and end all that it started."""
    python = wrapper_python()
    variables = {**venvs.variables(), "PYTHONPATH": str(ROOT), "MODEL_FOLDER": str(model), **env}
    found = Wrapper(python, variables, free_port(), free_port(), free_port(), scratch / "log")
    command = [
        str(python.with_name("seldon-core-microservice")),
        "mlops_charts.serving.wrapper.Model",
        "--service-type=MODEL",
        *(f"--http-port={found.port}", f"--grpc-port={found.grpc_port}", f"--metrics-port={found.metrics_port}"),
    ]
    with (
        found.log.open("w") as said,
        group(command, cwd=scratch, env=variables, stdin=subprocess.DEVNULL, stdout=said, stderr=said) as process,
    ):
        _wait(process, found)
        yield found


def _wait(process: subprocess.Popen[str], found: Wrapper) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with suppress(URLError, OSError):
            if found.get("/health/status")[0] == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"the wrapper does not answer: {found.log.read_text()[-3000:]}")
