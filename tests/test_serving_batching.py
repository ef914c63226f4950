"""Requests that are computed together have the answers that each had alone, in any order, and harm nobody else."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_servers import IRIS

from mlops_charts.saved_model import Answers, Signature
from mlops_charts.serving import protocol_v2
from mlops_charts.serving.asks import Ask
from mlops_charts.serving.batching import Batching, Limits
from mlops_charts.serving.declined import Declined
from mlops_charts.serving.face_v2 import FaceV2
from mlops_charts.serving.inputs import Inputs
from mlops_charts.serving.pace import Pace, measured
from mlops_charts.serving.service import Service

SIGNATURE = Signature(task="regression", format="onnx", inputs=IRIS.inputs)
READER = Inputs(SIGNATURE, 1000)
FACE = FaceV2(SIGNATURE, READER, "m", "")
QUICK = Pace(1e-6, 1e-9)


@dataclass(frozen=True)
class Sums:
    """Answers with the sum of each row; it fails where one is negative, and waits where it is told to."""

    signature: Signature = SIGNATURE
    sizes: list[int] = field(default_factory=list)
    go: threading.Event | None = None
    largest: float = 1e300

    def answer(self, rows: Mapping[str, Any]) -> Answers:
        """Return the sums."""
        return self.answer_matrix(np.stack(list(rows.values()), axis=1))

    def answer_matrix(self, matrix: Any) -> Answers:
        """Return the sums."""
        if self.go:
            self.go.wait(30)
        self.sizes.append(len(matrix))
        if (matrix < 0).any():
            raise ValueError("negative")
        return Answers(matrix.sum(axis=1))


class Answered:
    """What one request was told."""

    def __init__(self, request: Any) -> None:
        self.said: Any = None
        self.ask = Ask(self, self._sent, self._refused)
        FACE.of_request(self.ask, request)

    def _sent(self, _ask: Ask, together: Any, start: int, stop: int) -> None:
        self.said = together.part(start, stop).labels.tolist()

    def _refused(self, _ask: Ask, declined: Declined) -> None:
        self.said = declined.status


def request(rows: list[list[Any]]) -> Any:
    flat = [one for row in rows for one in row]
    return {"inputs": [{"name": "x", "shape": [len(rows), 4], "datatype": "FP64", "data": flat}]}


def expected(rows: list[list[Any]]) -> Any:
    try:
        columns = protocol_v2.read(request(rows), READER).rows
        return Sums().answer(columns).labels.tolist()
    except Declined as declined:
        return declined.status
    except ValueError:
        return 500


ROWS = st.lists(st.lists(st.sampled_from([0.5, 1, 2.25, 1e300, -1, None, True, "x"]), min_size=4, max_size=4),
                min_size=1, max_size=5)  # fmt: skip


@given(st.lists(st.tuples(ROWS, st.booleans()), min_size=1, max_size=12), st.sampled_from([1, 3, 64]), st.booleans())
def test_answers_are_those_of_each_alone(arrivals: list[tuple[Any, bool]], size: int, here: bool) -> None:  # noqa: FBT001
    """Whatever comes together, in whatever order and turns, each gets what it would have got alone."""

    async def run() -> list[Any]:
        batching = Batching(Sums(), QUICK if here else None, Limits(size=size, threads=2))
        asked = []
        for rows, pause in arrivals:
            asked.append(Answered(request(rows)))
            batching.add(asked[-1].ask)
            if pause:
                await asyncio.sleep(0)
        await asyncio.gather(*(one.ask.done for one in asked))
        assert batching.rows == 0
        return [one.said for one in asked]

    assert asyncio.run(run()) == [expected(rows) for rows, _ in arrivals]


def test_one_turn_is_one_batch() -> None:
    """What comes in one turn is computed together, as far as the size of a batch allows."""

    async def run() -> list[int]:
        model = Sums()
        batching = Batching(model, QUICK, Limits(size=4))
        await asyncio.gather(*(batching.add(Answered(request([[1, 2, 3, 4]])).ask) for _ in range(10)))
        return model.sizes

    assert asyncio.run(run()) == [4, 4, 2]


def test_who_hangs_up_harms_nobody() -> None:
    """What one waits for can be cancelled, and the others of the batch are answered."""

    async def run() -> Any:
        batching = Batching(Sums(), QUICK, Limits())
        gone, other = Answered(request([[1, 1, 1, 1]])), Answered(request([[1, 2, 3, 4]]))
        batching.add(gone.ask).cancel()
        await batching.add(other.ask)
        return other.said, batching.rows

    assert asyncio.run(run()) == ([10.0], 0)


@pytest.mark.parametrize("pace", [QUICK, None])
def test_what_fails_about_an_answer_keeps_nobody_from_theirs(pace: Pace | None, capsys: Any) -> None:
    """Counting, an answer that cannot be sent, and what observes: each is logged, and all goes on as before."""

    def fails(*_told: Any) -> None:
        raise KeyError("of ours")

    async def run() -> Any:
        batching = Batching(Sums(), pace, Limits(), fails, [fails])
        broken, other = Answered(request([[1, 1, 1, 1]])), Answered(request([[1, 2, 3, 4]]))
        broken.ask.sent = fails
        await asyncio.gather(batching.add(broken.ask), batching.add(other.ask))
        again = Answered(request([[2, 2, 3, 4]]))
        await batching.add(again.ask)
        return other.said, again.said, batching.rows

    assert asyncio.run(asyncio.wait_for(run(), 30)) == ([10.0], [11.0], 0)
    assert capsys.readouterr().err.count("server failed") == 5


@pytest.mark.parametrize("pace", [QUICK, None])
def test_a_model_that_calls_exit_ends_nothing(pace: Pace | None) -> None:
    """It is a failure of that request, and the process serves on."""

    class Leaves(Sums):
        def answer_matrix(self, matrix: Any) -> Answers:
            if (matrix < 0).any():
                sys.exit(3)
            return super().answer_matrix(matrix)

    async def run() -> Any:
        batching = Batching(Leaves(), pace, Limits())
        asked = [Answered(request([[one, 1, 1, 1]])) for one in (-1, 1)]
        await asyncio.gather(*(batching.add(one.ask) for one in asked))
        return [one.said for one in asked], batching.rows

    assert asyncio.run(run()) == ([500, [4.0]], 0)


def test_late_requests_are_given_up_and_not_computed() -> None:
    """While a slow model computes, others wait; who waits too long gets 504, and is never computed."""

    async def run() -> Any:
        model = Sums(go=threading.Event())
        batching = Batching(model, None, Limits(timeout=0.05, threads=1))
        asked = [Answered(request([[float(one)] * 4])) for one in range(5)]
        batching.add(asked[0].ask)
        await asyncio.sleep(0.01)
        await asyncio.gather(*(batching.add(one.ask) for one in asked[1:]))
        await asked[0].ask.done
        assert model.go
        model.go.set()
        last = Answered(request([[1, 2, 3, 4]]))
        await batching.add(last.ask)
        return [one.said for one in asked], last.said, model.sizes, batching.rows

    assert asyncio.run(run()) == ([504] * 5, [10.0], [1, 1], 0)


def test_too_much_is_refused() -> None:
    """Beyond the rows that may wait there is 503 at once; one that is large is taken where nobody waits."""

    async def run() -> Any:
        batching = Batching(Sums(), QUICK, Limits(rows=3))
        service = Service(batching)
        columns = protocol_v2.read(request([[1, 2, 3, 4]] * 5), READER).rows
        large = asyncio.ensure_future(service.answer(columns))
        await asyncio.sleep(0)
        with pytest.raises(Declined) as caught:
            batching.add(Answered(request([[1, 2, 3, 4]])).ask)
        return caught.value.status, (await large).labels.tolist(), batching.rows

    assert asyncio.run(run()) == (503, [10.0] * 5, 0)


def test_limits_follow_from_the_pace() -> None:
    """A slow model lets fewer wait than a fast one."""
    assert Pace(0.0, 0.01).requests(64) == 64
    assert Pace(1e-5, 1e-7).requests(64) > 1000
    assert Pace(0.0, 0.01).rows(64) == 128
    pace = measured(Sums(), {column.name: np.ones(1) for column in IRIS.inputs}, 64)
    assert pace.seconds(64) < 1.0


@given(st.data())
def test_common_forms_mean_what_the_slow_way_says(data: Any) -> None:
    """Whatever is read the fast way has the rows that `protocol_v2` reads of it."""
    value = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-9, 9), st.none(), st.booleans())
    count = data.draw(st.integers(0, 3))
    nested = data.draw(st.booleans())
    flat = data.draw(st.lists(value, min_size=4 * count, max_size=4 * count + 1))
    rows: Any = [flat[place : place + 4] for place in range(0, len(flat), 4)] if nested else flat
    tensor = {"name": "x", "shape": [count, data.draw(st.sampled_from([4, 4, 3]))], "datatype": "FP32", "data": rows}

    def slow() -> Any:
        try:
            found = protocol_v2.read({"inputs": [tensor]}, READER).rows
        except Declined as declined:
            return declined.status
        return np.stack(list(found.values()), axis=1).tolist()

    def fast() -> Any:
        answered = Answered.__new__(Answered)
        answered.ask = Ask(None, answered._sent, answered._refused)
        try:
            FACE.of_request(answered.ask, {"inputs": [tensor]})
            found = answered.ask.rows if answered.ask.rows is not None else answered.ask.read()
        except Declined as declined:
            return declined.status
        return np.stack(list(found.values()), axis=1).tolist()

    assert fast() == slow()
