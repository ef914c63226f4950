"""What one pod carries: the open loop is honest, capacity.json says what was measured, and sizing follows from it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from model_servers import iris_folder
from repositories import Run

from mlops_charts.capacity.measure import NoModel, best, carried, request_bodies
from mlops_charts.capacity.measured import (
    Capacity,
    Level,
    Machine,
    Objective,
    Pod,
    UnreadableCapacity,
    capacity_schema,
    read_capacity,
    write_capacity,
)
from mlops_charts.capacity.open_loop import LOST, Observed, Target, observe, schedule
from mlops_charts.capacity.sizing import Demand, sizing
from mlops_charts.cli import status_of
from mlops_charts.local.records import Record
from mlops_charts.running.measuring import measured

OBJECTIVE = Objective(quantile=0.99, seconds=0.1)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
Answer = Callable[[int, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def answering(answer: Answer) -> Iterator[int]:
    """Run a server that is told how to answer its n-th request, and yield its port."""
    counted = iter(range(10**9))

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n{}"):
                await answer(next(counted), writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(connected, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server.sockets[0].getsockname()[1]
    asyncio.run_coroutine_threadsafe(_stop(server), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.01)  # what was aborted is closed by the loop


def level(offered: float, slowest: float | None, share: float = 1.0, cpu: float = 0.0005) -> Level:
    return Level(
        offered=offered, answered=offered * share, share=share, p50=slowest, p99=slowest, at_objective=slowest,
        cpu_seconds=cpu, late=0.001,
    )  # fmt: skip


def capacity(carried: Level | None) -> Capacity:
    return Capacity(
        model="iris",
        measured=datetime(2026, 3, 4, tzinfo=UTC),
        server="1.0.0",
        machine=Machine(processor="one", cores=2, memory_bytes=1, system="Linux", python="3.11.9"),
        pod=Pod(workers=2, rows_per_request=1, memory_bytes=1),
        objective=OBJECTIVE,
        saturation=1500.0,
        at_objective=carried,
        levels=(carried,) if carried else (),
    )


def test_requests_come_independently_and_the_same_every_time() -> None:
    """Their number is that of the rate, the gaps are exponential, and two schedules are one."""
    times = schedule(1000, 10)
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert times == schedule(1000, 10)
    assert 9700 < len(times) < 10300
    assert 0.35 < sum(gap > 0.001 for gap in gaps) / len(gaps) < 0.385  # 1/e


def test_a_stall_counts_for_all_who_would_have_asked_meanwhile() -> None:
    """One answer that takes long on the only connection makes late all that was due during it, and not itself alone."""

    async def stalls_once(number: int, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5 if number == 20 else 0)
        writer.write(OK)

    with answering(stalls_once) as port:
        found = observe(Target(port, "/", [b"{}"], connections=1), 200, 1.0)
    assert found.share == 1.0
    assert sum(latency > 0.1 for latency in found.latencies) > 40
    assert found.quantile(0.99) > 0.3


def test_refusals_and_broken_connections_are_told_apart_from_answers() -> None:
    """Of three requests one is answered, one refused, one never answered: each is counted as what it is."""

    async def by_turns(number: int, writer: asyncio.StreamWriter) -> None:
        if number % 3 == 0:
            writer.write(OK)
        elif number % 3 == 1:
            writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.transport.abort()

    with answering(by_turns) as port:
        found = observe(Target(port, "/", [b"{}"], connections=4), 300, 1.0)
    assert set(found.statuses) == {200, 503, LOST}
    assert found.statuses[200] == len(found.latencies)
    assert found.asked == len(schedule(300, 1.0))
    assert 0.25 < found.share < 0.42


def test_who_gets_no_connection_gives_up() -> None:
    """What nobody answers is lost, and what then finds no connection is given up and not forgotten."""

    async def never(_number: int, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    with answering(never) as port:
        found = observe(Target(port, "/", [b"{}"], connections=2, patience=0.2), 100, 0.5)
    assert found.latencies == ()
    assert found.statuses == {LOST: 2}
    assert found.gave_up == len(schedule(100, 0.5)) - 2


def test_requests_are_made_of_the_rows_of_the_example(tmp_path: Path) -> None:
    """Each request has as many rows as were asked for, beginning with another row of the example."""
    bodies = [json.loads(body) for body in request_bodies(iris_folder(tmp_path), 4)]
    assert len(bodies) == 3
    assert {tuple(one["shape"]) for body in bodies for one in body["inputs"]} == {(4,)}
    first, second = (body["inputs"][0]["data"] for body in bodies[:2])
    assert first[1:] + first[1:2] == second


def test_the_best_rate_has_none_too_slow_below_it() -> None:
    """A rate counts only if all lower ones kept the objective, and nothing was refused."""
    good, better, slow, refused = level(100, 0.01), level(200, 0.05), level(300, 0.2), level(300, 0.01, share=0.9)
    assert best([good, better, slow, level(400, 0.01)], OBJECTIVE) == better
    assert best([good, refused], OBJECTIVE) == good
    assert best([level(100, None)], OBJECTIVE) is None


def test_a_rate_is_held_again_where_who_asked_was_late() -> None:
    """Once, and only if it was too much; what is then found counts."""
    late = {"late": 0.05}
    good, slow = level(100, 0.01), level(100, 0.2)
    lost = level(100, 0.01, share=0.9)

    def of(*levels: Level) -> tuple[tuple[Level, bool], int]:
        held = iter(levels)
        found = carried(lambda: (observed(), next(held)), OBJECTIVE)
        return found, len(list(held))

    assert of(good, slow) == ((good, True), 1)
    assert of(slow, good) == ((slow, True), 1)
    assert of(good.model_copy(update=late), slow) == ((good.model_copy(update=late), True), 1)
    assert of(slow.model_copy(update=late), good) == ((good, True), 0)
    assert of(lost.model_copy(update=late), lost) == ((lost, False), 0)


def observed() -> Observed:
    return Observed(100.0, 1.0, 1.0, {200: 100}, (0.01,) * 100, 0, 0.0)


def test_a_pod_carries_what_its_processor_pays_for() -> None:
    """Half a core pays for 1,000 requests of half a millisecond, whatever more was measured."""
    found = sizing(capacity(level(1500, 0.05)), Demand(2000, 0.5, 4))
    assert found is not None
    assert (found.bound, found.per_pod, found.target) == ("cpu", 1000.0, pytest.approx(700.0))
    assert (found.replicas, found.most, found.cpu_percent) == (3, 9, 70)
    assert (found.used, found.largest_step) == (0.5, 100)


def test_a_pod_carries_no_more_than_was_measured() -> None:
    """With two cores the measured rate bounds it; two pods for little traffic, because one may go."""
    found = sizing(capacity(level(1500, 0.05)), Demand(20, 2.0, 1))
    assert found is not None
    assert (found.bound, found.per_pod, found.replicas) == ("measured", 1500.0, 2)


def test_a_version_without_room_says_how_far_it_may_go() -> None:
    """One pod of 700 usable requests carries a third of 2,100."""
    found = sizing(capacity(level(1500, 0.05)), Demand(2100, 0.5, 1))
    assert found is not None
    assert found.largest_step == 33
    assert sizing(capacity(None), Demand(2100, 0.5, 1)) is None


def test_capacity_reads_as_it_was_written(tmp_path: Path) -> None:
    """The file holds all of it, by a schema; another one is told in a line."""
    said = capacity(level(1500, 0.05))
    assert read_capacity(tmp_path) is None
    path = write_capacity(tmp_path, said)
    assert read_capacity(tmp_path) == said
    assert set(json.loads(path.read_text())) == set(json.loads(capacity_schema())["required"])
    path.write_text("{}")
    with pytest.raises(UnreadableCapacity, match=r"capacity\.json is none of this version"):
        read_capacity(tmp_path)


def test_capacity_changes_no_rendering(run: Run, repository: Path) -> None:
    """The code digest and everything rendered are the same with capacity.json as without it."""
    assert run("render").returncode == 0
    before = json.loads(run("plan", "--format", "json").stdout)[0]["iris"]
    write_capacity(repository / "model/iris", capacity(level(1500, 0.05)))
    after = json.loads(run("plan", "--format", "json").stdout)[0]
    assert after["iris"] == before
    assert run("render", "--check").returncode == 0
    assert "capacity" in after["iris in prod"]


def test_plan_recommends_by_what_was_measured(run: Run, repository: Path) -> None:
    """Each environment says what one pod carries there, how many are needed, and whether a canary has room."""
    write_capacity(repository / "model/iris", capacity(level(1500, 0.05)))
    lines = run("plan").stdout
    assert "1,000 requests/s a pod at p99 within 100 ms, as its processor pays for (2026-03-04)" in lines
    assert "2 pods a version for 200 requests/s; the 4 asked for are used to 5 %" in lines
    assert "2 to 3 pods at 700 requests/s a pod, or 70 % of the processor" in lines
    assert "has room for the largest step, 50 % of the traffic" in lines
    (repository / "model/iris/capacity.json").write_text("[]")
    done = run("plan")
    assert done.returncode == 0
    assert "none of this version" in done.stdout


def test_bench_measures_a_saved_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The real server is started, asked at rising rates and stopped; the figures come as in capacity.json."""
    folder = iris_folder(tmp_path / "saved")
    assert status_of(["bench", "serve", str(folder), "--seconds", "0.5", "--format", "json"]) == 0
    found = Capacity.model_validate_json(capsys.readouterr().out)
    rates = [one.offered for one in found.levels]
    assert found.saturation > 0
    assert rates == sorted(rates)
    assert found.pod.workers >= 1
    assert not (folder / "capacity.json").exists()


def test_bench_takes_the_model_of_the_newest_run(run: Run, repository: Path) -> None:
    """Of a model of the repository it measures what the newest run here has saved, as model.yaml serves it."""
    model = repository / "model/iris"
    done = run("bench", "serve", "model/iris")
    assert (done.returncode, "mlops-charts run model/iris" in done.stderr) == (1, True)
    home = repository / ".mlops-charts"
    for uid in ("2026-a", "2026-b"):
        iris_folder(home / "artifacts" / uid)
        record = Record(home / "runs/iris" / uid, uid, f"{uid}T00:00:00", {}, lambda _node: None)
        record.change("guard", parameters={"run-id": uid})
        record.change("train", artifacts={"model": uid})
        record.end("Succeeded", 1.0)
    found = measured(model, None)
    assert found.asked.folder == (home / "artifacts/2026-b").resolve()
    assert found.asked.objective == OBJECTIVE
    assert "--batch-size=64" in found.asked.options
    assert found.into == model.resolve()


def test_bench_takes_the_name_of_a_model(run: Run, repository: Path) -> None:
    """Also where a folder has that name, as the one of its chart; what is no model is told as such."""
    (repository / "elsewhere/iris").mkdir(parents=True)
    for folder in (repository, repository / "elsewhere"):
        done = run("bench", "serve", "iris", cwd=folder)
        assert (done.returncode, "no run here has saved a model of iris" in done.stderr) == (1, True), done.stderr
    done = run("bench", "serve", "rose")
    assert (done.returncode, "rose" in done.stderr) == (1, True), done.stderr


def test_what_is_no_saved_model_is_told(tmp_path: Path) -> None:
    """A folder without an example is no saved model."""
    with pytest.raises(NoModel, match="holds no saved model"):
        request_bodies(tmp_path, 1)
