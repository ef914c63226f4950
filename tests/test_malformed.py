"""Whatever is wrong with a request, it is turned down with 4xx and a sentence; nothing of it stays."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from malformed_requests import INFER, MAX_BODY, MAX_ROWS, Malformed, malformed
from model_servers import Server, iris_folder, server
from rsgi_calls import Call, app_of, ask

from mlops_charts.serving.asked import Asked, Identity

COUNT, OVER_HTTP = 5200, 650


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return iris_folder(tmp_path_factory.mktemp("iris"))


@pytest.fixture(scope="module")
def iris(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("log") / "log"
    with server(model, log, f"--max-rows={MAX_ROWS}", f"--max-body={MAX_BODY}", env={"MODEL": "iris"}) as found:
        yield found


def made(model: Path) -> Any:
    asked = Asked(model, Identity("iris"), max_body_bytes=MAX_BODY, max_rows=MAX_ROWS)
    return app_of(asked)


def test_every_malformed_request_is_turned_down(model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """By the application itself: 4xx with a sentence in JSON, no line in the log, and no memory kept."""
    app = made(model)
    capfd.readouterr()
    found: Counter[str] = Counter()

    async def rounds() -> tuple[int, int]:
        return await turned_down(1), await turned_down(2)

    async def turned_down(seed: int) -> int:
        for one in malformed(COUNT, seed):
            call = await ask(app, one.method, one.path, one.body, one.headers)
            assert 400 <= call.status < 500, one
            assert sentence(call), one
            found[one.kind] += 1
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    before, after = asyncio.run(rounds())
    tracemalloc.stop()

    assert min(found.values()) > COUNT // 20
    assert after - before < 500_000
    assert capfd.readouterr().err == ""


def sentence(call: Call) -> str:
    said = json.loads(call.answer)
    text: str = said["error"] if "error" in said else said["status"]["info"]
    return text


def test_the_server_turns_them_down_as_well(iris: Server) -> None:
    """Over one connection after the other; it answers a good request afterwards, and its log has no traceback."""
    said: Counter[int] = Counter()
    for one in malformed(OVER_HTTP, 3):
        if one.kind != "path" or "\u0000" not in one.path:
            said[sent(iris, one)] += 1
    good = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": [5.1, 3.5, 1.4, 0.2]}]}

    assert set(said) <= {400, 404, 405, 413}
    assert iris.post(INFER, good)[0] == 200
    assert "raceback" not in iris.log.read_text()


def sent(iris: Server, one: Malformed) -> int:
    connection = HTTPConnection("127.0.0.1", iris.port, timeout=30)
    try:
        headers = {name: value for name, value in one.headers.items() if value.isascii()}
        connection.request(one.method, quote(one.path, safe="/%?"), one.body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00" * 100,
        b"POST /v2/models/iris/infer HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /v2/models/iris/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 9\r\n\r\n{}",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v2/models/iris/infer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v2/models/iris/infer HTTP/1.1\r\nhost: x\r\n" + b"a: " + b"b" * 500_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_http_ends_the_connection_alone(iris: Server, raw: bytes) -> None:
    """The server goes on."""
    with socket.create_connection(("127.0.0.1", iris.port), timeout=10) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            said = connection.recv(100)
        except OSError:
            said = b""

    assert said[:9] in {b"", b"HTTP/1.1 "}
    assert said[9:10] in {b"", b"4"}
    assert iris.get("/v2/health/ready")[0] == 200
