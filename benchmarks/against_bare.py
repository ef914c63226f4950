"""Our server beside the bare handler, asked in turn by wrk: requests per second, percentiles, medians, memory.

python benchmarks/against_bare.py MODEL_FOLDER [--times 5] [--seconds 3]
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

_BARE, _OURS, _METRICS = 7111, 7112, 7113
_PATHS = {_BARE: "/", _OURS: "/v2/models/model/infer"}
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
_FORMS = ((1, 1), (64, 1), (64, 64))  # connections, and rows of a request


def main() -> None:
    """Measure both and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    asked = parser.parse_args()
    width = len(json.loads((asked.folder / "signature.json").read_text())["inputs"])
    with servers(asked.folder, asked.workers), tempfile.TemporaryDirectory() as place:
        for connections, rows in _FORMS:
            script = _script(Path(place), rows, width)
            found: dict[int, list[tuple[float, float, float]]] = {_BARE: [], _OURS: []}
            for _ in range(asked.times):
                for port, runs in found.items():
                    runs.append(_wrk(port, script, connections, asked.seconds))
            _say(found, connections, rows)


@contextmanager
def servers(folder: Path, workers: int) -> Iterator[None]:
    """Run the bare handler and ours until the block ends."""
    here = Path(__file__).parent
    ours = ["-m", "mlops_charts", "serve", str(folder), f"--http-port={_OURS}", f"--metrics-port={_METRICS}"]
    commands = (
        [sys.executable, str(here / "bare_handler.py"), str(folder), str(_BARE), str(workers)],
        [sys.executable, *ours, "--host=127.0.0.1", f"--workers={workers}"],
    )
    processes = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for command in commands]
    try:
        _wait()
        yield
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def _wait() -> None:
    for _ in range(200):
        with suppress(URLError, OSError), urlopen(f"http://127.0.0.1:{_OURS}/v2/health/ready") as page:
            if page.status == 200:  # noqa: PLR2004 - ready
                return
        time.sleep(0.1)
    raise SystemExit("our server does not become ready")


def _script(place: Path, rows: int, width: int) -> Path:
    data = [round(0.1 + (7 * place_ % 67) / 10, 1) for place_ in range(rows * width)]
    tensor = {"name": "x", "shape": [rows, width], "datatype": "FP64", "data": data}
    path = place / f"{rows}.lua"
    path.write_text(f"wrk.method = 'POST'\nwrk.body = '{json.dumps({'inputs': [tensor]})}'\n")
    return path


def _wrk(port: int, script: Path, connections: int, seconds: int) -> tuple[float, float, float]:
    """Return requests per second, and the median and 99th percentile in milliseconds."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    said = subprocess.run(
        [*command, f"http://127.0.0.1:{port}{_PATHS[port]}"], capture_output=True, text=True, check=True
    ).stdout
    if "Non-2xx" in said:
        raise SystemExit(said)
    percentiles = {
        key: float(number) * _UNITS[unit] for key, number, unit in re.findall(r"(50|99)% +([\d.]+)(\w+)", said)
    }
    rate = float(re.findall(r"Requests/sec: +([\d.]+)", said)[0])
    return rate, percentiles["50"], percentiles["99"]


def _say(found: dict[int, list[tuple[float, float, float]]], connections: int, rows: int) -> None:
    medians = {port: [statistics.median(one) for one in zip(*runs, strict=True)] for port, runs in found.items()}
    share = statistics.median(ours[0] / bare[0] for bare, ours in zip(found[_BARE], found[_OURS], strict=True))
    for port, name in ((_BARE, "bare"), (_OURS, "ours")):
        rate, half, most = medians[port]
        what = f"{connections:>3} connections, {rows:>3} rows, {name}"
        print(
            f"{what}: {rate:>9,.0f} requests/s {rate * rows:>11,.0f} rows/s p50 {half:6.3f} ms, p99 {most:6.2f} ms",
            flush=True,
        )
    print(f"    ours / bare: {share:.0%}", flush=True)


if __name__ == "__main__":
    main()
