"""Tests for mlops_charts.local.replay and bodies: real processes, a server that says what it saw, a real model."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pandas as pd
import pytest
from model_servers import IRIS_COLUMNS, free_port, iris_folder, server

from mlops_charts.errors import Mistake
from mlops_charts.local.bodies import write_bodies
from mlops_charts.local.replay import Replay, Summary, Traffic, read_records, read_summary, replay_command

ANSWER = {200: b'{"model_name":"iris","model_version":"1.2.0"}', 503: b"{}"}


class Users:
    """A server that keeps what users sent, and fails whoever sends the word fail."""

    def __init__(self) -> None:
        seen: list[tuple[str, str, str, str]] = []

        class Asked(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                seen.append((self.path, self.headers["Host"], self.headers.get("X-Variant", ""), body))
                status = 503 if "fail" in body else 200
                self.send_response(status)
                self.send_header("Content-Length", str(len(ANSWER[status])))
                if "close" in body:
                    self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(ANSWER[status])

            def log_message(self, *_: Any) -> None:
                pass

        self.seen = seen
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        self.server.daemon_threads = True
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        """End it."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def users() -> Any:
    """A server."""
    found = Users()
    yield found
    found.close()


def traffic(tmp_path: Path, address: str, bodies: list[str], **more: Any) -> Traffic:
    """Return traffic of some bodies."""
    file = tmp_path / "bodies.jsonl"
    file.write_text("".join(f"{body}\n" for body in bodies))
    return Traffic(address, "iris.example.com", "/v2", file, tmp_path / "records.jsonl", **{"rate": 200.0, **more})


def sent(asked: Traffic, enough: Callable[[], bool]) -> Summary:
    """Send until it is enough, in this process."""

    async def send() -> None:
        ended = asyncio.Event()
        running = asyncio.create_task(Replay(asked).run(ended))
        end = time.monotonic() + 30
        while not enough() and time.monotonic() < end:  # noqa: ASYNC110 - what is awaited sends no event
            await asyncio.sleep(0.01)
        ended.set()
        await running

    asyncio.run(send())
    summary = read_summary(asked.records)
    assert summary is not None
    return summary


def test_what_was_sent_and_answered_is_told_by_the_second(tmp_path: Path, users: Users) -> None:
    """Seconds add up to the summary; statuses, versions and latencies are those of the answers."""
    asked = traffic(tmp_path, users.address, ['{"a":1}', '{"a":"fail"}', '{"a":"close"}'])
    summary = sent(asked, lambda: len(read_records(asked.records)) >= 2)
    seconds = read_records(asked.records)
    assert summary.sent == len(users.seen) == sum(one.sent for one in seconds) == sum(summary.statuses.values())
    assert summary.statuses.keys() == {"200", "503"}
    assert summary.versions == {"1.2.0": summary.statuses["200"]}
    assert summary.failed == summary.statuses["503"] == sum(one.failed for one in seconds)
    assert 100 < summary.sent / summary.seconds < 300
    assert None not in {summary.p50, summary.p95, summary.p99}
    assert [one.at for one in seconds] == [round(seconds[0].at + number, 3) for number in range(len(seconds))]
    assert {seen[:2] for seen in users.seen} == {("/v2", "iris.example.com")}


def test_the_order_is_random_and_the_same_every_time(tmp_path: Path, users: Users) -> None:
    """All bodies come before one comes again, in an order that the seed decides."""
    bodies = [f'{{"a":{number}}}' for number in range(20)]
    orders = []
    for seed in (1, 1, 2):
        users.seen.clear()
        sent(traffic(tmp_path, users.address, bodies, seed=seed, connections=1), lambda: len(users.seen) >= 40)
        orders.append([seen[-1] for seen in users.seen][:40])
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0][:20]) == sorted(orders[0][20:]) == sorted(bodies)


def test_a_share_of_users_takes_part_in_an_experiment(tmp_path: Path, users: Users) -> None:
    """As many requests carry the header as there are users who meet the new version."""
    asked = traffic(tmp_path, users.address, ["{}"], header="X-Variant=candidate", share=0.25, rate=1000.0)
    sent(asked, lambda: len(users.seen) >= 400)
    found = [seen[2] for seen in users.seen]
    assert set(found) == {"", "candidate"}
    assert 0.15 < found.count("candidate") / len(found) < 0.35


def test_what_gets_no_answer_is_lost(tmp_path: Path) -> None:
    """Where nobody listens every request is lost, and nothing is sent late once somebody does."""
    asked = traffic(tmp_path, f"http://127.0.0.1:{free_port()}", ["{}"])
    summary = sent(asked, asked.records.exists)
    assert summary.statuses == {"0": summary.sent}
    assert (summary.p50, summary.versions) == (None, {})


def test_a_process_ends_with_a_summary(tmp_path: Path, users: Users) -> None:
    """SIGTERM ends it with status 0, everything answered and told; without bodies it says so."""
    asked = traffic(tmp_path, users.address, ["{}"])
    process = _process(asked)
    end = time.monotonic() + 30
    while len(users.seen) < 20 and time.monotonic() < end:
        time.sleep(0.01)
    assert read_summary(asked.records) is None
    process.send_signal(signal.SIGTERM)
    assert (process.communicate(timeout=30)[1], process.returncode) == (b"", 0)
    summary = read_summary(asked.records)
    assert summary is not None
    assert summary.statuses == {"200": summary.sent}
    empty = _process(traffic(tmp_path, users.address, []))
    assert empty.communicate(timeout=30)[1].decode() == f"error: {asked.bodies} has no requests\n"
    assert empty.returncode == 1
    with pytest.raises(Mistake, match="has no requests"):
        Replay(traffic(tmp_path, users.address, []))


def _process(asked: Traffic) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    assert replay_command(asked)[0] == sys.executable
    return subprocess.Popen(replay_command(asked), env=environment, stderr=subprocess.PIPE)


def test_rows_become_requests_that_the_model_answers(tmp_path: Path) -> None:
    """Each row is a request of its own in either protocol, and the real server answers it."""
    folder = iris_folder(tmp_path / "model")
    rows = pd.DataFrame([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]], columns=list(IRIS_COLUMNS)).assign(foreign="x")
    files = {name: tmp_path / name for name in ("v2", "seldon")}
    assert {write_bodies(folder, rows, file, name) for name, file in files.items()} == {2}  # type: ignore[arg-type]
    bodies = {name: [json.loads(line) for line in file.read_text().splitlines()] for name, file in files.items()}
    with server(folder, tmp_path / "log", "--workers=1") as running:
        v2 = [running.post("/v2/models/model/infer", body)[1]["outputs"][0]["data"] for body in bodies["v2"]]
        seldon = [running.post("/api/v1.0/predictions", body)[1] for body in bodies["seldon"]]
    assert v2 == [["setosa"], ["virginica"]]
    assert [one["meta"]["tags"]["labels"] for one in seldon] == v2


def test_of_many_rows_some_are_drawn(tmp_path: Path) -> None:
    """No more than 10,000 requests are written, the same ones every time."""
    folder = iris_folder(tmp_path / "model")
    rows = pd.DataFrame({name: range(10_500) for name in IRIS_COLUMNS}, dtype="float64")
    files = [tmp_path / "a", tmp_path / "b"]
    assert [write_bodies(folder, rows, file, "seldon") for file in files] == [10_000, 10_000]
    assert files[0].read_bytes() == files[1].read_bytes()
