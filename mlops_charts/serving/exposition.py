"""The port of metrics: one process of a server answers there, whichever of them counted."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socket import AF_INET, AF_INET6
from socketserver import ThreadingTCPServer
from threading import Thread
from typing import Any

_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def listen(host: str, port: int, text: Callable[[], str]) -> None:
    """Answer every GET of a port with a text, from a thread; OSError if the port is taken."""

    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            body = text().encode()
            self.send_response(200)
            self.send_header("content-type", _TYPE)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing of who asks."""

    class Server(ThreadingTCPServer):
        address_family = AF_INET6 if ":" in host else AF_INET
        allow_reuse_address = daemon_threads = True

    Thread(target=Server((host, port), Page).serve_forever, name="metrics", daemon=True).start()
