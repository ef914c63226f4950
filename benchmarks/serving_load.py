"""Load on a server of the benchmark: wrk in a closed loop."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

_LUA = Path(__file__).resolve().parent / "serving.lua"


@dataclass(frozen=True)
class Shape:
    """How a server is asked: connections, and rows of each request."""

    connections: int
    rows: int

    def __str__(self) -> str:
        return f"{self.connections} x {self.rows}"


SHAPES = (Shape(1, 1), Shape(8, 1), Shape(64, 1), Shape(64, 64))


@dataclass(frozen=True)
class Found:
    """What came of it: requests a second, seconds to an answer, and the share that was no answer."""

    rate: float
    p50: float
    p99: float
    failed: float


def load(url: str, body: Path, shape: Shape, seconds: float) -> Found:
    """Ask a server with wrk."""
    command = ["wrk", "-t1", f"-c{shape.connections}", f"-d{seconds:g}s", "--timeout", "10s", "-s", str(_LUA), url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "BODY": str(body)})
    line = next((line for line in done.stdout.splitlines() if line.startswith("FOUND ")), None)
    if line is None:
        raise SystemExit(f"wrk failed at {url}:\n{done.stdout}{done.stderr}")
    said = json.loads(line.removeprefix("FOUND "))
    failed = said["refused"] + said["broken"]
    answered = max(said["requests"] - said["refused"], 0)
    return Found(
        answered / said["seconds"], said["p50"], said["p99"], failed / max(said["requests"] + said["broken"], 1)
    )


def medians(found: Sequence[Found]) -> Found:
    """Return the median of each figure."""
    return Found(*(statistics.median(getattr(one, field.name) for one in found) for field in fields(Found)))
