"""A server under load: processes that count together, more than it can answer, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
import rsgi_calls
from model_servers import Server, free_port, iris_folder, server, wait_for, waiting_folder

from mlops_charts import contract
from mlops_charts.serving.asked import Asked
from mlops_charts.serving.workers import usual

INFER = "/v2/models/model/infer"
ONE = {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": [5.1, 3.5, 1.4, 0.2]}]}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return iris_folder(tmp_path_factory.mktemp("iris"))


def asked(connection: HTTPConnection, body: Any, headers: dict[str, str] | None = None) -> Any:
    """Return an answer on a connection that stays."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("POST", INFER, data, headers or {})
    answer = connection.getresponse()
    return answer, answer.read()


def sample(text: str, series: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(series))


def test_processes_count_together_and_take_tensors_in_binary_form(model: Path, tmp_path: Path) -> None:
    """Whichever process answers, the port of metrics says what all of them did."""
    raw = np.array([[5.1, 3.5, 1.4, 0.2]], "<f4").tobytes()
    tensor = {"name": "x", "shape": [1, 4], "datatype": "FP32", "parameters": {"binary_data_size": len(raw)}}
    text = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    with server(model, tmp_path / "log", "--workers=2") as found:
        for _ in range(40):
            connection = HTTPConnection("127.0.0.1", found.port, timeout=30)
            assert asked(connection, ONE)[0].status == 200
            connection.close()
        connection = HTTPConnection("127.0.0.1", found.port, timeout=30)
        answer, body = asked(connection, text + raw, {"Inference-Header-Content-Length": str(len(text))})
        connection.close()
        metrics = found.metrics()

    length = int(answer.headers["Inference-Header-Content-Length"])
    outputs = json.loads(body[:length])["outputs"]
    assert [output["parameters"]["binary_data_size"] for output in outputs] == [10, 24]
    assert (body[length + 4 : length + 10], len(body)) == (b"setosa", length + 34)
    assert sample(metrics, f'{contract.REQUESTS}{{code="200"') == 41
    assert sample(metrics, f"{contract.REQUEST_DURATION}_count") == 41
    assert sample(metrics, f"{contract.BATCH_SIZE}_sum") == 41
    assert sample(metrics, f'{contract.PREDICTIONS}{{model="model",slot="",value="setosa"') == 41
    assert sample(metrics, f"{contract.IN_FLIGHT}{{") == 0


def test_overload_is_refused_and_what_is_taken_is_answered(tmp_path: Path) -> None:
    """Of more than may wait the rest gets 503 at once, with when to come again; health goes on."""
    held = tmp_path / "held"
    held.touch()
    body = {"inputs": waiting(held)}
    options = ("--workers=1", "--max-queue=4", "--timeout=30s")
    with (
        server(waiting_folder(tmp_path / "model"), tmp_path / "log", *options) as found,
        ThreadPoolExecutor(12) as pool,
    ):
        answers = [pool.submit(alone, found, body) for _ in range(12)]
        end = monotonic() + 30
        while sum(answer.done() for answer in answers) < 8 and monotonic() < end:
            assert found.get(contract.LIVE_PATH)[0] == 200
        early = Counter(answer.result() for answer in answers if answer.done())
        held.unlink()
        late = Counter(answer.result() for answer in answers)

    assert early == {(503, "1"): 8}
    assert late == {(503, "1"): 8, (200, None): 4}


def alone(found: Server, body: Any) -> tuple[int, str | None]:
    connection = HTTPConnection("127.0.0.1", found.port, timeout=60)
    answer, _ = asked(connection, body)
    connection.close()
    return answer.status, answer.headers["retry-after"]


def test_stop_under_load_loses_nothing(model: Path, tmp_path: Path) -> None:
    """Clients that keep their connections get every answer; each is told to connect anew, and ready says no first."""
    with server(model, tmp_path / "log", "--workers=2") as found, ThreadPoolExecutor(8) as pool:
        begun = threading.Barrier(9)
        clients = [pool.submit(client, found, begun) for _ in range(8)]
        begun.wait(30)
        found.process.send_signal(signal.SIGTERM)
        ready = list(readiness(found))
        told = [one.result() for one in clients]

        assert found.process.wait(30) == 0
    assert [lost for lost, _ in told] == [0] * 8
    assert all(closed for _, closed in told)
    assert 503 in ready


def client(found: Server, begun: threading.Barrier) -> tuple[int, bool]:
    """Ask on until nobody takes a connection; return requests without an answer, and whether one was told to go."""
    waiting, closed = True, False
    while True:
        connection = HTTPConnection("127.0.0.1", found.port, timeout=30)
        answers = 0
        try:
            connection.connect()
            while True:
                answer, _ = asked(connection, ONE)
                assert answer.status == 200
                answers += 1
                if waiting and answers == 50:
                    begun.wait(30)
                    waiting = False
                if answer.headers["connection"] == "close":
                    closed = True
                    break
        except (OSError, HTTPException):
            # A connection that nobody had accepted yet when the port was closed has lost nothing.
            return int(answers > 0), closed
        finally:
            connection.close()


def readiness(found: Server) -> Iterator[int]:
    end = monotonic() + 20
    with suppress(OSError):
        while monotonic() < end:
            yield found.get(contract.READY_PATH)[0]


def test_processes_follow_from_the_limits_of_the_container(tmp_path: Path) -> None:
    """One for each processor that may be used, as far as memory allows; both forms of control groups are read."""
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    assert usual(tmp_path) == 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text(str(300 * 2**20))
    assert usual(tmp_path) == 1
    assert usual(tmp_path / "none") >= 1


@pytest.mark.parametrize("pad", [0, 1000, 3_000_000])
def test_who_is_refused_may_send_all_and_goes_on(tmp_path: Path, pad: int) -> None:
    """A body that comes later than its head is read ahead of the 503; the connection stays, and other answers come."""
    held = tmp_path / "held"
    held.touch()
    body = json.dumps({"id": "x" * pad, "inputs": waiting(held)}).encode()
    head = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    options = ("--workers=1", "--max-queue=1", "--timeout=30s")
    with (
        server(waiting_folder(tmp_path / "model"), tmp_path / "log", *options) as found,
        ThreadPoolExecutor(1) as pool,
    ):
        first = pool.submit(alone, found, {"inputs": waiting(held)})
        wait_for(Path(f"{held}.seen"))
        with closing(HTTPConnection("127.0.0.1", found.port, timeout=30)) as connection:
            connection.connect()
            connection.sock.sendall(head)
            assert found.get(contract.LIVE_PATH)[0] == 200  # so the head has come, and been looked at
            connection.sock.sendall(body)
            refused = connection.response_class(connection.sock, method="POST")
            refused.begin()
            said = refused.read()
            connection.request("POST", "/nowhere", body)
            lost = connection.getresponse()
            lost.read()
            connection.request("GET", contract.LIVE_PATH)
            after = (lost.status, connection.getresponse().status)
        held.unlink()

        assert (refused.status, refused.headers["retry-after"], after) == (503, "1", (404, 200))
        assert "too many requests" in json.loads(said)["error"]
        assert first.result() == (200, None)


def waiting(held: Path) -> list[dict[str, Any]]:
    """Return the inputs of a request that is answered once a file is gone."""
    return [{"name": "a", "shape": [1], "datatype": "FP64", "data": [1.5]},
            {"name": "wait", "shape": [1], "datatype": "BYTES", "data": [str(held)]}]  # fmt: skip


@pytest.mark.parametrize("raises", ["raise KeyError('odd')", "import sys; sys.exit(7)"])
def test_whatever_a_model_does_while_it_begins_is_said_once(tmp_path: Path, raises: str) -> None:
    """By one of the processes: why, with where in the log, and the server ends."""
    folder = waiting_folder(tmp_path / "model")
    code = folder / "code" / "serve.py"
    code.write_text(f"{code.read_text()}        {raises}\n".replace("        return inputs[:, 0].astype(float)\n", ""))
    command = [sys.executable, "-m", "mlops_charts", "serve", str(folder), f"--http-port={free_port()}"]
    more = ["--metrics-port=0", "--host=127.0.0.1", "--workers=2"]
    done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, check=False)

    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert (done.returncode, len(errors)) == (3, 1)
    assert ("KeyError: 'odd'" if "raise" in raises else "SystemExit: 7") in errors[0]
    assert f"line {len(code.read_text().splitlines())}, in predict" in done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith("Traceback")]


class Slow(rsgi_calls.Call):
    """A body of which the second piece comes once a test says so."""

    go: asyncio.Event

    async def __call__(self) -> bytes:
        """Return the body once all has come."""
        await self.go.wait()
        return self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield a byte, and later the rest."""
        yield self.body[:1]
        await self.go.wait()
        yield self.body[1:]


def test_who_sends_a_large_body_slowly_takes_no_room(model: Path) -> None:
    """Of a body only what has come counts as held; others are answered meanwhile, and it is too once it is whole."""
    most = 200_000
    body = json.dumps({"id": "x" * (most - 200), **ONE}).encode()

    async def run() -> tuple[int, list[int], int]:
        app = rsgi_calls.app_of(Asked(model, max_body_bytes=most))
        go = asyncio.Event()
        calls = [Slow(body) for _ in range(12)]
        for call in calls:
            call.go = go
        scope = rsgi_calls.Scope("POST", INFER, {"content-length": str(len(body))})
        slow = [asyncio.ensure_future(app.__rsgi__(scope, call)) for call in calls]
        await asyncio.sleep(0)
        other = await rsgi_calls.ask(app, "POST", INFER, json.dumps({"id": "x" * 10_000, **ONE}).encode())
        go.set()
        await asyncio.gather(*slow)
        last = await rsgi_calls.ask(app, "POST", INFER, body)
        return other.status, [call.status for call in calls], last.status

    other, slow, last = asyncio.run(run())
    assert (other, last, set(slow)) == (200, 200, {200, 503})
    assert slow.count(200) == 4
