"""The model, asked within a deadline and away from the event loop, so that health is answered meanwhile."""

from __future__ import annotations

import asyncio
import os
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from mlops_charts.log import log
from mlops_charts.saved_model import Answers, Rows, SavedModel
from mlops_charts.serving.declined import Declined

_THREADS: Final = 4


class Service:
    """Asks a model.

    Args:
        model: The model.
        timeout: Seconds after which a request is given up; what computes it cannot be stopped and goes on.
    """

    def __init__(self, model: SavedModel, timeout: float) -> None:
        self._model, self._timeout = model, timeout
        self._threads = ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1), "model")

    async def answer(self, rows: Rows) -> Answers:
        """Return what the model says of some rows.

        Raises:
            Declined: It failed, or took too long.
        """
        asked = asyncio.get_running_loop().run_in_executor(self._threads, self._model.answer, rows)
        try:
            return await asyncio.wait_for(asked, self._timeout)
        except TimeoutError:
            raise Declined(504, f"the model did not answer within {self._timeout:g} s") from None
        except Exception as error:  # noqa: BLE001 - the code of a model may raise anything
            log("model failed", error=type(error).__name__, traceback=traceback.format_exc())
            raise Declined(500, f"the model failed: {type(error).__name__}") from None
