"""What a process that listens is made of; it begins to listen once the model has answered."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from traceback import format_exc
from typing import TYPE_CHECKING, Any, Final

from mlops_charts.log import log
from mlops_charts.saved_model import BrokenModel, SavedModel
from mlops_charts.serving.asked import Asked
from mlops_charts.serving.counters import READY, WAITING
from mlops_charts.serving.metrics import Metrics
from mlops_charts.serving.pulse import Pulse
from mlops_charts.serving.truth import FEEDBACK_PATHS, Observed, Truth

if TYPE_CHECKING:
    from mlops_charts.serving.app import Parts
    from mlops_charts.serving.batching import Batching

_THREADS: Final = 4


def application(asked: Asked, metrics: Metrics, truth: Truth, workers: int) -> Any:
    """Return the application, in the process that listens.

    Args:
        asked: What the server is asked to do.
        metrics: Shared with all other processes.
        truth: The same.
        workers: How many processes listen.
    """
    try:
        slot = metrics.begin()
        made = _loaded(asked, metrics, truth, slot, workers)
    except (BrokenModel, OSError) as error:
        _say(metrics, str(error))
        raise SystemExit(1) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - what a model's own code does is known to nobody
        _say(metrics, f"the server cannot begin: {type(error).__name__}: {error}", traceback=format_exc())
        raise SystemExit(1) from None
    gc.collect()
    gc.freeze()  # what was loaded stays, and need not be looked at again
    metrics.counters.tell(slot, READY)
    return made


def _say(metrics: Metrics, why: str, **more: str) -> None:
    """Write why there is no server; of several processes that fail alike one does."""
    if metrics.counters.first():
        if more:
            log("server cannot begin", **more)
        sys.stderr.write(f"error: {why}\n")
        sys.stderr.flush()


def _loaded(asked: Asked, metrics: Metrics, truth: Truth, slot: int, workers: int) -> Any:
    from mlops_charts.saved_model import load, read_example  # noqa: PLC0415 - what computes is loaded here alone
    from mlops_charts.serving.app import App, Parts, Route  # noqa: PLC0415 - the same
    from mlops_charts.serving.example import check_example  # noqa: PLC0415 - the same
    from mlops_charts.serving.inputs import Inputs  # noqa: PLC0415 - the same
    from mlops_charts.serving.openapi_schemas import Limits  # noqa: PLC0415 - the same
    from mlops_charts.serving.pages import pages  # noqa: PLC0415 - the same

    model = load(asked.folder, trusted=asked.trusted, allow_pickle=asked.allow_pickle)
    rows = check_example(model, asked.folder)
    example = read_example(asked.folder)
    inputs = Inputs(model.signature, asked.max_rows, asked.non_finite == "missing", model.largest)
    observed = Observed(truth, metrics, slot)
    batching = _batching(model, example.v2, asked, metrics, observed, workers)
    log("serving", model=asked.identity.model, version=asked.identity.version, host=asked.host, port=asked.http_port,
        protocol=asked.protocol, example_rows=rows)  # fmt: skip
    shown = Limits(asked.max_rows, missing=asked.non_finite == "missing")
    parts = Parts(
        asked.identity,
        model.signature,
        inputs,
        batching,
        metrics,
        asked.max_body_bytes,
        ready=lambda: metrics.counters.ready() >= workers,
        state=metrics.counters.state(slot),
        pages=pages(asked.identity, model.signature, example, shown, asked.protocol),
        routes=dict.fromkeys(FEEDBACK_PATHS, Route("POST", observed.feedback)),
        logger=observed.logger,
        beside=(observed, Pulse(metrics.counters, slot, batching)),
    )
    return App(_with_grpc(parts, asked, partial(metrics.counters.tell, slot, WAITING)))


def _with_grpc(parts: Parts, asked: Asked, failed: Callable[[], None]) -> Parts:
    if not asked.grpc_port:
        return parts
    from mlops_charts.serving.grpc_server import GrpcServer  # noqa: PLC0415 - only if it is asked for

    return replace(parts, beside=(*parts.beside, GrpcServer(parts, asked, failed)))


def _batching(  # noqa: PLR0917 - what a process is made of
    model: SavedModel, request: Any, asked: Asked, metrics: Metrics, observed: Observed, workers: int
) -> Batching:
    from mlops_charts.serving import protocol_v2  # noqa: PLC0415 - what computes is loaded here alone
    from mlops_charts.serving.batching import Batching, Limits  # noqa: PLC0415 - the same
    from mlops_charts.serving.inputs import Inputs  # noqa: PLC0415 - the same
    from mlops_charts.serving.pace import measured  # noqa: PLC0415 - the same

    rows = protocol_v2.read(request, Inputs(model.signature, asked.max_rows)).rows
    pace = measured(model, rows, asked.batch_size)
    limits = Limits(
        asked.batch_size,
        asked.batch_delay,
        asked.timeout,
        min(_THREADS, max(2, (os.cpu_count() or 1) // workers)),
        asked.max_queue or pace.requests(asked.batch_size),
        max(pace.rows(asked.batch_size), asked.max_queue),
    )
    # How long code of a model's own takes may depend on what it is asked, which nobody can measure beforehand.
    steady = model.signature.format == "onnx" and not model.signature.entrypoint
    log("measured", call_us=round(pace.call * 1e6, 1), row_us=round(pace.row * 1e6, 2), in_event_loop=steady,
        most_requests=limits.requests, most_rows=limits.rows, workers=workers)  # fmt: skip
    return Batching(model, pace if steady else None, limits, metrics.computed, observed.observers)
