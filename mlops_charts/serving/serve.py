"""Starts, watches and stops the server: processes that listen, watched by one that passes signals on.

The one that watches answers at the port of metrics for all of them, and begins a process anew that has died.
"""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any, Final

from mlops_charts.contract import PROFILE
from mlops_charts.errors import MlopsChartsError
from mlops_charts.log import log
from mlops_charts.saved_model import BrokenModel
from mlops_charts.saved_model.loading import checked_signature
from mlops_charts.saved_model.profile import Profile, read_profile
from mlops_charts.serving.asked import Asked
from mlops_charts.serving.exposition import listen
from mlops_charts.serving.metrics import Metrics
from mlops_charts.serving.pulse import EVERY, patience
from mlops_charts.serving.truth import Truth
from mlops_charts.serving.worker import application
from mlops_charts.serving.workers import usual

_NEEDED: Final = ("granian", "numpy", "orjson")
_MARGIN: Final = 5  # seconds beyond the timeout until what still runs at the end is killed
_CONNECTIONS: Final = 4096  # of one process; more wait until one of them is closed
_LEAST, _QUIET, _MOST, _EVERY = 0.3, 0.2, 2.0, 0.05  # seconds


class CannotServe(MlopsChartsError):  # noqa: N818 - it says what is so
    """The server cannot start."""


def serve(asked: Asked) -> int:
    """Serve until a signal says to stop, answer what was begun, and return the exit status.

    Raises:
        CannotServe: A port is taken, the model's folder or a package is missing, or processes died again and again.
    """
    _check(asked)
    workers = asked.workers or usual()
    truth, metrics = _metrics(asked, workers)
    if asked.metrics_port:
        listen(asked.host, asked.metrics_port, metrics.text)
    server = _server(asked, workers)
    server.on_startup(partial(_watch, server, metrics, workers, patience(asked.timeout)))
    try:
        server.serve(target_loader=partial(application, asked, metrics, truth, workers), wrap_loader=False)
    except SystemExit:
        if server.respawn_failed_workers:
            message = "a process that listens was killed again and again, most likely for want of memory"
            raise CannotServe(message) from None
        raise  # it has said itself why it could not begin
    log("stopped", model=asked.identity.model)
    return 0


def _server(asked: Asked, workers: int) -> Any:
    from granian import Granian  # noqa: PLC0415 - only who serves needs the server
    from granian.constants import Interfaces  # noqa: PLC0415 - the same
    from granian.log import LogLevels  # noqa: PLC0415 - the same

    return Granian(
        "mlops_charts.serving.app:App",
        address=asked.host,
        port=asked.http_port,
        interface=Interfaces.RSGI,
        workers=workers,
        backlog=_CONNECTIONS,
        backpressure=_CONNECTIONS,
        websockets=False,
        log_level=LogLevels.critical,
        workers_kill_timeout=int(asked.timeout) + _MARGIN,
    )


def _metrics(asked: Asked, workers: int) -> tuple[Truth, Metrics]:
    signature, profile = checked_signature(asked.folder), _profile(asked.folder)
    # A process that follows another one may begin before that one has ended.
    truth = Truth(asked, signature, profile, 2 * workers)
    return truth, Metrics(asked.identity, signature, profile, truth.sections, 2 * workers)


def _watch(server: Any, metrics: Metrics, workers: int, most: float) -> None:
    """Begin processes anew once all were ready; at a signal tell all that they end, and let them once it is quiet."""

    def stop(*_signal: Any) -> None:
        metrics.counters.stop()
        Thread(target=_leave, args=(server, metrics), daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    Thread(target=_respawn, args=(server, metrics, workers, most), daemon=True).start()


def _respawn(server: Any, metrics: Metrics, workers: int, most: float) -> None:
    """A process that cannot begin ends the server, with what it said; one that dies or hangs later is begun anew."""
    while metrics.counters.begun() < workers:
        sleep(_EVERY / 10)
    server.respawn_failed_workers = True
    while True:
        sleep(EVERY)
        for process in metrics.counters.silent(most):
            log("a process hangs, and is begun anew", process=process, seconds=most)
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def _leave(server: Any, metrics: Metrics) -> None:
    """End the server once no requests come: until then each answer asks its client for a new connection elsewhere."""
    began = changed = monotonic()
    seen = metrics.requests()
    while monotonic() < min(max(began + _LEAST, changed + _QUIET), began + _MOST):
        sleep(_EVERY)
        if (found := metrics.requests()) != seen:
            seen, changed = found, monotonic()
    server.signal_handler_interrupt()


def _check(asked: Asked) -> None:
    needed = (*_NEEDED, *(("grpc",) if asked.grpc_port else ()))
    lacking = [name for name in needed if find_spec(name) is None]
    if lacking:
        raise CannotServe(f"{', '.join(lacking)} not installed; pip install 'mlops-charts[serve]'")
    if not asked.folder.is_dir():
        raise CannotServe(f"{asked.folder} is no folder; the folder of a saved model was expected")
    # Servers share a port so that there can be several processes; two servers must not by mistake.
    for port in filter(None, (asked.http_port, asked.grpc_port, asked.metrics_port)):
        with socket.socket(socket.AF_INET6 if ":" in asked.host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((asked.host, port))
            except OSError as error:
                raise CannotServe(f"cannot listen at {asked.host}:{port}: {error.strerror}") from None


def _profile(folder: Path) -> Profile | None:
    try:
        return read_profile(folder)
    except ValueError as error:
        reason = str(error).replace("\n", " ")
        raise BrokenModel(f"{folder / PROFILE} is no profile of this version: {reason}") from None
