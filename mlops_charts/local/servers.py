"""One pod of a predictor: a real server that is started, asked whether it is ready, and begun anew whenever it ends."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread
from typing import Final
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from mlops_charts.local.family import Family
from mlops_charts.local.predictors import Images, Ports, Predictor, command, environment

_FIRST, _LONGEST = 0.5, 30.0  # seconds between two starts of what ends: twice as many each time
_SOUND: Final = 60.0  # seconds after which a server that ends is begun anew at once
_STARTS: Final = 300.0  # seconds that it has to become ready, as its startup probe has it
_OFTEN, _SELDOM = 0.05, 0.5  # seconds between two looks, ahead of ready and then
_UNREADY, _HUNG = 3, 40  # looks without an answer after which it gets no traffic, or is begun anew
_WAITS: Final = 2.0  # seconds for an answer of a probe
_SHOWN: Final = 3  # lines of its log


@dataclass(frozen=True)
class PodState:
    """What is so of a pod.

    Attributes:
        slot: Its predictor.
        version: What it serves.
        digest: Of what it was made from.
        ready: Whether it gets requests.
        restarts: How often it was begun anew.
        reason: Why it is not ready, in a line; empty if it is.
        pid: Of its process; 0 if there is none.
        http: Where it answers.
        metrics: Where it says its metrics.
        log: The file of what it says.
    """

    slot: str
    version: str
    digest: str
    ready: bool
    restarts: int
    reason: str
    pid: int
    http: str
    metrics: str
    log: Path


@dataclass(frozen=True)
class Around:
    """What a pod needs of its cluster.

    Attributes:
        home: The folder of logs.
        family: What its process ends with.
        images: What stands for an image.
        environ: The user's variables.
        changed: Called after every change of its state.
        told: Told what happens, in a line.
    """

    home: Path
    family: Family
    images: Images
    environ: Mapping[str, str]
    changed: Callable[[], None]
    told: Callable[[str], None]


class Pod:
    """A server and the thread that looks after it.

    Args:
        predictor: What it serves.
        around: What it needs of its cluster.
        name: Its own name, which no other one has.
    """

    def __init__(self, predictor: Predictor, around: Around, name: str) -> None:
        self.predictor, self.digest = predictor, predictor.digest
        self._around, self._name = around, name
        self._leaves = Event()
        self._ports = _free_ports()
        self._log = around.home / f"{name}.log"
        self._state = PodState(
            predictor.name, predictor.version, self.digest, False, 0, "it is being started", 0, "", "", self._log
        )
        self._thread = Thread(target=self._live, name=name, daemon=True)
        self._thread.start()

    @property
    def state(self) -> PodState:
        """What is so of it now."""
        return replace(
            self._state,
            http=f"http://127.0.0.1:{self._ports.http}",
            metrics=f"http://127.0.0.1:{self._ports.metrics}/metrics",
        )

    @property
    def address(self) -> tuple[str, int]:
        """Where it answers."""
        return "127.0.0.1", self._ports.http

    @property
    def gone(self) -> bool:
        """Whether it has ended for good."""
        return not self._thread.is_alive()

    def leave(self) -> None:
        """Let it answer what it has begun and end; it does so by itself."""
        self._leaves.set()

    def join(self, timeout: float) -> None:
        """Wait until it has ended."""
        self._thread.join(timeout)

    def _live(self) -> None:
        pause = _FIRST
        while not self._leaves.is_set():
            began, was_ready = time.monotonic(), False
            try:
                process = self._start()
            except Exception as error:  # noqa: BLE001 - of the caller's own code; a pod that cannot start says why
                reason = f"nothing stands for its image: {error or type(error).__name__}"
            else:
                reason, was_ready = self._watch(process), self._state.ready
                status = self._around.family.end(process, self.predictor.grace if self._leaves.is_set() else 0.0)
                reason = reason or f"exit status {status}: {self._last()}"
            if self._leaves.is_set():
                break
            pause = _FIRST if time.monotonic() > began + _SOUND else pause
            self._rest(reason, pause, keep_ports=was_ready)
            pause = min(_LONGEST, 2 * pause)
        self._set(ready=False, pid=0, reason="it was stopped")

    def _rest(self, reason: str, pause: float, *, keep_ports: bool) -> None:
        self._set(ready=False, pid=0, reason=f"back-off {pause:g} s before another start: {reason}")
        self._tell(self._state.reason)
        self._leaves.wait(pause)
        self._ports = self._ports if keep_ports else _free_ports()
        self._set(restarts=self._state.restarts + 1)

    def _start(self) -> subprocess.Popen[bytes]:
        around = self._around
        image = around.images(self.predictor)
        process = around.family.start(
            command(self.predictor, image, self._ports, around.home / "requests"),
            environment=environment(self.predictor, image, around.environ, around.home / "cache"),
            folder=around.home,
            output=self._log,
            log=self._log,
        )
        self._set(pid=process.pid, reason="its server is not ready")
        return process

    def _watch(self, process: subprocess.Popen[bytes]) -> str:
        """Look after a server until it ends, or shall; return why it shall, empty if it has by itself."""
        url = f"http://127.0.0.1:{self._ports.http}"
        began, missed, once = time.monotonic(), 0, False
        while process.poll() is None and not self._leaves.wait(_SELDOM if once and not missed else _OFTEN):
            if _answers(url + self.predictor.probe("readinessProbe")):
                missed = 0
                if not self._state.ready:
                    self._set(ready=True, reason="")
                    self._tell("ready" if once else f"ready in {time.monotonic() - began:.1f} s")
                once = True
            elif once:
                missed += 1
                if missed == _UNREADY and self._state.ready:
                    self._set(ready=False, reason="it does not answer")
                if missed >= _HUNG and not _answers(url + self.predictor.probe("livenessProbe")):
                    return "it did not answer any more"
            elif time.monotonic() > began + _STARTS:
                return f"not ready within {_STARTS:g} s: {self._last()}"
        return ""

    def _set(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # each of its own type
        self._around.changed()

    def _tell(self, what: str) -> None:
        self._around.told(f"{self.predictor.name} {self.predictor.version}: {what}")

    def _last(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines() if self._log.exists() else []
        return " | ".join([line.strip() for line in lines if line.strip()][-_SHOWN:]) or "it said nothing"


def _answers(url: str) -> bool:
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=_WAITS) as page:
            page.read()
    except (URLError, OSError, HTTPException):
        return False
    return True


def _free_ports() -> Ports:
    probes = [socket.socket() for _ in range(3)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return Ports(*(probe.getsockname()[1] for probe in probes))
    finally:
        for probe in probes:
            probe.close()
