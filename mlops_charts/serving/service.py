"""The model for those who have rows already: asked together with all others, within the same limits."""

from __future__ import annotations

import asyncio

from mlops_charts.saved_model import Answers, Rows
from mlops_charts.serving.asks import Ask, Together
from mlops_charts.serving.batching import Batching
from mlops_charts.serving.declined import Declined


class Service:
    """Asks a model.

    Args:
        batching: Where its rows wait.
    """

    def __init__(self, batching: Batching) -> None:
        self._batching = batching

    async def answer(self, rows: Rows) -> Answers:
        """Return what the model says of some rows.

        Raises:
            Declined: It failed, took too long, or too much is waiting.
        """
        answer: asyncio.Future[Answers] = asyncio.get_running_loop().create_future()
        ask = Ask(answer, _sent, _refused)
        ask.of_rows(rows, None)
        self._batching.add(ask)
        return await answer


def _sent(ask: Ask, together: Together, start: int, stop: int) -> None:
    if not ask.channel.done():
        ask.channel.set_result(together.part(start, stop))


def _refused(ask: Ask, declined: Declined) -> None:
    if not ask.channel.done():
        ask.channel.set_exception(declined)
