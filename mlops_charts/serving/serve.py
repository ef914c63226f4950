"""Starts, watches and stops the server: one process that listens, watched by one that passes signals on."""

from __future__ import annotations

import multiprocessing
import socket
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from mlops_charts.contract import PROFILE
from mlops_charts.errors import MlopsChartsError
from mlops_charts.log import log
from mlops_charts.saved_model import BrokenModel
from mlops_charts.saved_model.profile import Profile, read_profile
from mlops_charts.serving.asked import Asked

_NEEDED: Final = ("granian", "numpy", "orjson", "prometheus_client")
_MARGIN: Final = 5  # seconds beyond the timeout until what still runs at the end is killed


class CannotServe(MlopsChartsError):  # noqa: N818 - it says what is so
    """The server cannot start."""


def serve(asked: Asked) -> int:
    """Serve until a signal says to stop, answer what was begun, and return the exit status.

    Raises:
        CannotServe: A port is taken, the model's folder or a package is missing, or the process that listens died.
    """
    _check(asked)
    from granian import Granian  # noqa: PLC0415 - only who serves needs the server
    from granian.constants import Interfaces  # noqa: PLC0415 - the same
    from granian.log import LogLevels  # noqa: PLC0415 - the same

    listening = multiprocessing.get_context().Event()
    server = Granian(
        "mlops_charts.serving.app:App",
        address=asked.host,
        port=asked.http_port,
        interface=Interfaces.RSGI,
        websockets=False,
        log_level=LogLevels.critical,
        workers_kill_timeout=int(asked.timeout) + _MARGIN,
    )
    try:
        server.serve(target_loader=partial(_application, asked, listening), wrap_loader=False)
    except SystemExit:
        if listening.is_set():
            message = "the process that listens was killed, most likely for want of memory"
            raise CannotServe(message) from None
        raise  # it has said itself why it could not begin
    log("stopped", model=asked.identity.model)
    return 0


def _check(asked: Asked) -> None:
    lacking = [name for name in _NEEDED if find_spec(name) is None]
    if lacking:
        raise CannotServe(f"{', '.join(lacking)} not installed; pip install 'mlops-charts[serve]'")
    if not asked.folder.is_dir():
        raise CannotServe(f"{asked.folder} is no folder; the folder of a saved model was expected")
    # Servers share a port so that there can be several processes; two servers must not by mistake.
    for port in filter(None, (asked.http_port, asked.metrics_port)):
        with socket.socket(socket.AF_INET6 if ":" in asked.host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((asked.host, port))
            except OSError as error:
                raise CannotServe(f"cannot listen at {asked.host}:{port}: {error.strerror}") from None


def _application(asked: Asked, listening: Any) -> Any:
    """Return the application, in the process that listens; it begins to do so once the model has answered."""
    try:
        made = _loaded(asked)
    except (BrokenModel, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(1) from None
    listening.set()
    return made


def _loaded(asked: Asked) -> Any:
    from mlops_charts.saved_model import load  # noqa: PLC0415 - what computes is loaded in this process alone
    from mlops_charts.serving.app import App, Parts  # noqa: PLC0415 - the same
    from mlops_charts.serving.example import check_example  # noqa: PLC0415 - the same
    from mlops_charts.serving.inputs import Inputs  # noqa: PLC0415 - the same
    from mlops_charts.serving.metrics import Metrics  # noqa: PLC0415 - the same
    from mlops_charts.serving.service import Service  # noqa: PLC0415 - the same

    model = load(asked.folder, trusted=asked.trusted, allow_pickle=asked.allow_pickle)
    rows = check_example(model, asked.folder)
    metrics = Metrics(asked.identity, model.signature, _profile(asked.folder))
    if asked.metrics_port:
        metrics.listen(asked.host, asked.metrics_port)
    inputs = Inputs(model.signature, asked.max_rows, asked.non_finite == "missing")
    service = Service(model, asked.timeout)
    log("serving", model=asked.identity.model, version=asked.identity.version, host=asked.host, port=asked.http_port,
        protocol=asked.protocol, example_rows=rows)  # fmt: skip
    return App(Parts(asked.identity, model.signature, inputs, service, metrics, asked.max_body_bytes))


def _profile(folder: Path) -> Profile | None:
    try:
        return read_profile(folder)
    except ValueError as error:
        reason = str(error).replace("\n", " ")
        raise BrokenModel(f"{folder / PROFILE} is no profile of this version: {reason}") from None
