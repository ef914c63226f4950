"""A hundred thousand malformed requests, and some thousands over HTTP: statuses by kind, memory before and after.

python benchmarks/malformed.py [REQUESTS] [OVER_HTTP]
"""

from __future__ import annotations

import asyncio
import gc
import http.client
import resource
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from malformed_requests import MAX_BODY, MAX_ROWS, malformed
from model_servers import Server, iris_folder, server
from rsgi_calls import app_of, ask

from mlops_charts.serving.asked import Asked, Identity

_WARM = 20_000
_REQUESTS, _OVER_HTTP = 100_000, 5_000


def main(arguments: list[str]) -> int:
    """Print what was found, and return 0 if every request got 4xx."""
    count, over_http = [*map(int, arguments), _REQUESTS, _OVER_HTTP][:2] if arguments else (_REQUESTS, _OVER_HTTP)
    with tempfile.TemporaryDirectory() as scratch:
        folder = iris_folder(Path(scratch) / "iris")
        statuses = asyncio.run(_in_process(folder, count))
        with server(folder, Path(scratch) / "log", f"--max-rows={MAX_ROWS}", f"--max-body={MAX_BODY}",
                    env={"MODEL": "iris"}) as found:  # fmt: skip
            statuses += _over_http(found, over_http)
            traceback = "raceback" in found.log.read_text()
    print(
        "status by kind:", ", ".join(f"{kind} {status}: {times}" for (kind, status), times in sorted(statuses.items()))
    )
    print(f"traceback in the log: {traceback}")
    return int(traceback or not all(400 <= status < 500 for _, status in statuses))  # noqa: PLR2004 - HTTP


async def _in_process(folder: Path, count: int) -> Counter[tuple[str, int]]:
    asked = Asked(folder, Identity("iris"), max_body_bytes=MAX_BODY, max_rows=MAX_ROWS)
    app = app_of(asked)
    await _asked(app, _WARM, 1)
    before, began = _resident(), perf_counter()
    statuses = await _asked(app, count, 2)
    seconds = perf_counter() - began
    print(f"in process: {count} in {seconds:.1f} s, resident {before / 2**20:.1f} -> {_resident() / 2**20:.1f} MiB")
    return statuses


async def _asked(app: Any, count: int, seed: int) -> Counter[tuple[str, int]]:
    statuses: Counter[tuple[str, int]] = Counter()
    for one in malformed(count, seed):
        call = await ask(app, one.method, one.path, one.body, one.headers)
        statuses[one.kind, call.status] += 1
    gc.collect()
    return statuses


def _over_http(found: Server, count: int) -> Counter[tuple[str, int]]:
    statuses: Counter[tuple[str, int]] = Counter()
    for one in malformed(count, 3):
        connection = http.client.HTTPConnection("127.0.0.1", found.port, timeout=30)
        headers = {name: value for name, value in one.headers.items() if value.isascii()}
        connection.request(one.method, quote(one.path, safe="/%?"), one.body, headers)
        statuses[f"{one.kind} over HTTP", connection.getresponse().status] += 1
        connection.close()
    return statuses


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
