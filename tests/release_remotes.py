"""Bare repositories with release files, as a git server has them."""

from __future__ import annotations

import base64
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from repositories import git

RELEASE = "charts/iris/serving/release-staging.yaml"


def bare(root: Path, files: Mapping[str, str], *, branch: str = "main") -> Path:
    """Return a bare repository whose one branch has some files, and that serves partial clones."""
    work, server = root / "work", root / "server.git"
    work.mkdir(parents=True)
    git(work, "init", "--quiet", f"--initial-branch={branch}")
    commit(work, files)
    git(root, "clone", "--quiet", "--bare", str(work), str(server))
    git(server, "config", "uploadpack.allowFilter", "true")
    git(work, "remote", "add", "origin", str(server))
    return server


def commit(work: Path, files: Mapping[str, str], message: str = "Change") -> str:
    """Commit some files in a work tree, and return the commit."""
    for name, text in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text, encoding="utf-8")
    git(work, "add", "-A")
    git(work, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(work, "rev-parse", "HEAD").strip()


def push(root: Path, files: Mapping[str, str], message: str = "Change") -> str:
    """Let somebody else change files on the server of `bare`, and return the commit."""
    work = root / "work"
    git(work, "pull", "--quiet", "--rebase", "origin", "HEAD")
    made = commit(work, files, message)
    git(work, "push", "--quiet", "origin", "HEAD")
    return made


Mood = Literal["silent", "gone", "mute"]


@dataclass
class Server:
    """A git server on this machine.

    Attributes:
        address: Of the repository `server.git`.
        moods: What becomes of the next requests, one by one; none is left: they are answered. silent: the connection
            ends without an answer. gone: 503. mute: what is pushed arrives, and nobody is told.
        requests: How many there were.
    """

    address: str
    moods: list[Mood] = field(default_factory=list)
    requests: int = 0


class _Backend(http.server.BaseHTTPRequestHandler):
    """Git's own HTTP backend, behind a password and in a mood."""

    server: _Listener

    def do_GET(self) -> None:
        """Answer, unless the mood is another one."""
        found = self.server.found
        found.requests += 1
        pushed = self.path.endswith("git-receive-pack")
        mood = found.moods.pop(0) if found.moods and (pushed or found.moods[0] != "mute") else ""
        if mood == "gone":
            self._end(503)
        elif mood == "silent":
            return
        elif self.headers.get("Authorization") != self.server.wanted:
            self._end(401)
        else:
            said = self._asked()
            if mood != "mute":
                self._answer(said)

    def do_POST(self) -> None:
        """Do the same."""
        self.do_GET()

    def _end(self, status: int) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", "Basic")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _asked(self) -> bytes:
        path, _, query = self.path.partition("?")
        environ = {
            "GIT_PROJECT_ROOT": str(self.server.root), "GIT_HTTP_EXPORT_ALL": "1", "REMOTE_USER": "robot",
            "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command, "PATH": os.environ["PATH"],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }  # fmt: skip
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return subprocess.run(["git", "http-backend"], input=body, env=environ, capture_output=True, check=True).stdout

    def _answer(self, said: bytes) -> None:
        head, _, content = said.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(lines.pop("Status", "200").split()[0]))
        for name, value in lines.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


class _Listener(http.server.ThreadingHTTPServer):
    """Listens on this machine.

    Attributes:
        root: The folder of the repositories.
        wanted: The header of who may come in.
        found: What the test knows of the server.
    """

    root: Path
    wanted: str
    found: Server


@contextmanager
def served(root: Path, password: str) -> Iterator[Server]:
    """Serve bare repositories by git's own HTTP backend to one user, `robot`, with a password."""
    with _Listener(("127.0.0.1", 0), _Backend) as listener:
        listener.root = root
        listener.wanted = "Basic " + base64.b64encode(f"robot:{password}".encode()).decode()
        listener.found = Server(f"http://127.0.0.1:{listener.server_port}/server.git")
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        try:
            yield listener.found
        finally:
            listener.shutdown()
            thread.join()
