"""Answers GET on loopback as an API server of Kubernetes does, with whatever objects it is told to know."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit

Objects = Mapping[tuple[str, str, str], Mapping[str, Any]]  # by group, plural and name
_PARTS: Final = 8  # of /apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME, cut at slashes
VERSIONS: Final = {
    ("apps", "deployments"): "v1",
    ("gateway.networking.k8s.io", "httproutes"): "v1",
    ("machinelearning.seldon.io", "seldondeployments"): "v1",
}


@dataclass(frozen=True)
class _Server:
    """What is known of it from outside of its threads."""

    server: ThreadingHTTPServer
    thread: Thread


class ApiServer:
    """An API server of one namespace, in threads of its own.

    Args:
        namespace: Where all objects are.
        objects: Returns those that there are now.
    """

    def __init__(self, namespace: str, objects: Callable[[], Objects]) -> None:
        class Asked(BaseHTTPRequestHandler):
            """One connection."""

            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                """Answer with an object, or say as Kubernetes does that there is none."""
                status, document = found(urlsplit(self.path).path, namespace, objects())
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="api server", daemon=True)
        self._running = _Server(server, thread)
        thread.start()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._running.server.server_address[1]}"

    def close(self) -> None:
        """End it."""
        self._running.server.shutdown()
        self._running.server.server_close()
        self._running.thread.join()


def found(path: str, namespace: str, objects: Objects) -> tuple[int, Mapping[str, Any]]:
    """Return status and document that answer a path."""
    parts = path.split("/")
    if len(parts) != _PARTS or (parts[1], parts[4]) != ("apis", "namespaces"):
        return _status(HTTPStatus.NOT_FOUND, "the server could not find the requested resource", {})
    group, version, within, plural, name = parts[2], parts[3], parts[5], parts[6], parts[7]
    if VERSIONS.get((group, plural)) != version:
        return _status(HTTPStatus.NOT_FOUND, "the server could not find the requested resource", {})
    one = objects.get((group, plural, name)) if within == namespace else None
    if one is None:
        message = f'{plural}.{group} "{name}" not found'
        return _status(HTTPStatus.NOT_FOUND, message, {"name": name, "group": group, "kind": plural})
    return HTTPStatus.OK, one


def _status(code: HTTPStatus, message: str, details: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
    document = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "NotFound",
        "details": details,
        "code": code,
    }
    return code, document
