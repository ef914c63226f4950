"""The yardstick of `make bench-serving`: the least that answers a row over the same server, with nothing around it.

It reads one tensor of version 2, computes the requests of one turn of the event loop together, and writes labels and
probabilities. It checks nothing, counts nothing, and stops as the server stops.

    python benchmarks/bare_handler.py MODEL_FOLDER PORT WORKERS
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import orjson
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

_JSON = [("content-type", "application/json")]


class Bare:
    """A handler that computes what came in one turn together."""

    def __init__(self, folder: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._waiting: list[tuple[Any, int, asyncio.Future[tuple[Any, Any]]]] = []

    async def __rsgi__(self, _scope: Any, protocol: Any) -> None:
        """Answer one request."""
        tensor = orjson.loads(await protocol())["inputs"][0]
        rows = np.array(tensor["data"], np.float32).reshape(tensor["shape"])
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._compute)
        self._waiting.append((rows, len(rows), answer))
        labels, probabilities = await answer
        outputs = [
            {"name": "label", "shape": [len(rows)], "datatype": "BYTES", "data": labels.tolist()},
            {
                "name": "probabilities",
                "shape": list(probabilities.shape),
                "datatype": "FP64",
                "data": probabilities.ravel().tolist(),
            },
        ]
        answered = {"model_name": "iris", "model_version": "1", "outputs": outputs}
        protocol.response_bytes(200, _JSON, orjson.dumps(answered))

    def _compute(self) -> None:
        waiting, self._waiting = self._waiting, []
        labels, probabilities = self._session.run(None, {self._input: np.concatenate([rows for rows, _, _ in waiting])})
        start = 0
        for _, count, answer in waiting:
            answer.set_result((labels[start : start + count], probabilities[start : start + count]))
            start += count


def main() -> None:
    """Serve."""
    folder, port, workers = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    server = Granian(
        "bare_handler:Bare",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.RSGI,
        workers=workers,
        websockets=False,
        log_level=LogLevels.critical,
    )
    server.serve(target_loader=partial(Bare, folder), wrap_loader=False)


if __name__ == "__main__":
    main()
