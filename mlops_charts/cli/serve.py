"""`mlops-charts serve`: the model server, as pods and local runs start it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from mlops_charts.cli import CLEAN
from mlops_charts.cli.durations import Duration
from mlops_charts.contract import HTTP_PORT, METRICS_PORT, SERVED_CODE, SERVED_DATA, SERVED_RUN
from mlops_charts.serving.asked import MAX_BODY_BYTES, MAX_ROWS

Command = TypeVar("Command", bound=Callable[..., Any])

_HELP = """Serve a model's folder.

\b
Example:
  mlops-charts serve model --http-port 9000
  curl localhost:9000/v2/models/model/infer -d '{"inputs": [
    {"name": "x", "shape": [1], "datatype": "FP64", "data": [0.5]}]}'

Both protocols are served: /v2/models/NAME/infer, and /api/v1.0/predictions with /predict. Health stands at
/v2/health/ready and /v2/health/live, metrics at /metrics of a port of their own. It listens only once the model has
answered its example.json as it did when it was saved. SIGTERM lets what was begun end.

The variables MODEL, SLOT and VERSION say who answers. MLOPS_CHARTS_TRUSTED_TYPES names, with commas between them, the
types that skops may load, and MLOPS_CHARTS_ALLOW_PICKLE=1 admits a pickle: an image says so, as model.yaml does, and
never the model's folder itself.
"""


class _Window(Duration):
    """A duration of days too, as Prometheus writes it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds of a text."""
        days = re.fullmatch(r"(\d+)d", str(value))
        found = 86400.0 * int(days[1]) if days else super().convert(value, param, ctx)
        if found <= 0:
            self.fail("a window lasts longer than that", param, ctx)
        return found


@click.command(help=_HELP)
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--protocol", type=click.Choice(["v2", "seldon"]), default="v2", show_default=True,
              help="The protocol that is documented; both are served.")  # fmt: skip
@click.option("--host", default="0.0.0.0", show_default=True, help="The address to listen at.")  # noqa: S104 - a pod's
@click.option("--http-port", type=click.IntRange(1, 65535), default=HTTP_PORT, show_default=True, help="Predictions.")
@click.option("--grpc-port", type=click.IntRange(0, 65535), default=0, show_default=True,
              help="Version 2 over gRPC; 0 for none.")  # fmt: skip
@click.option("--metrics-port", type=click.IntRange(0, 65535), default=METRICS_PORT, show_default=True,
              help="Metrics; 0 for none.")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(1), default=64, show_default=True,
              help="The most rows that are computed together.")  # fmt: skip
@click.option("--batch-delay", type=Duration(), default="2ms", show_default=True,
              help="The longest that rows wait while others are computed; alone they never wait.")  # fmt: skip
@click.option("--workers", type=click.IntRange(0), default=0, show_default=True,
              help="Processes that serve; 0 for one of each processor that the container has.")  # fmt: skip
@click.option("--max-queue", type=click.IntRange(0), default=0, show_default=True, metavar="REQUESTS",
              help="The most requests of one process without an answer; more are refused with 503. 0 for as many as "
              "are answered in 100 ms.")  # fmt: skip
@click.option("--timeout", type=Duration(), default="5s", show_default=True, help="The longest that a request takes.")
@click.option("--non-finite", type=click.Choice(["reject", "missing"]), default="reject", show_default=True,
              help="What NaN and infinities of an input are: an error, or a missing value.")  # fmt: skip
@click.option("--max-body", type=click.IntRange(1), default=MAX_BODY_BYTES, show_default=True, metavar="BYTES",
              help="The largest body of a request.")  # fmt: skip
@click.option("--max-rows", type=click.IntRange(1), default=MAX_ROWS, show_default=True, metavar="ROWS",
              help="The most rows of a request.")  # fmt: skip
@click.option("--trusted-type", "trusted", multiple=True, metavar="TYPE",
              help="A type that skops may load; also MLOPS_CHARTS_TRUSTED_TYPES.")  # fmt: skip
@click.option("--drift-window", type=_Window(), default="1h", show_default=True, help="Time over which drift is taken.")
@click.option("--drift-feature", "drift_features", multiple=True, metavar="COLUMN",
              help="A feature that is watched; may come often, and without it all are.")  # fmt: skip
@click.option("--drain", is_flag=True,
              help="Wait until the server beside this process gets no more requests, and end.")  # fmt: skip
@click.option(
    "--request-log", metavar="TARGET", help="Where a sample of requests is kept: s3://BUCKET/PREFIX or a folder."
)
@click.option("--request-log-sample", type=click.FloatRange(0, 1), default=0.0, show_default=True,
              help="The share that is kept.")  # fmt: skip
@click.option("--request-log-features", is_flag=True, help="Keep inputs too.")
@click.option("--request-log-retain", type=_Window(), default="720h", show_default=True,
              help="Time after which what was kept is removed.")  # fmt: skip
@click.option("--request-log-endpoint", default="", metavar="URL", help="The S3 server, if it is not Amazon's own.")
@click.option("--request-log-region", default="us-east-1", show_default=True, help="Its region.")
def command(*, folder: Path | None, drain: bool, metrics_port: int, **options: Any) -> int:
    """Serve, or wait until a server is drained."""
    if drain:
        from mlops_charts.serving.drain import drain as wait  # noqa: PLC0415 - --help stays light

        wait(metrics_port)
        return CLEAN
    if folder is None:
        raise click.UsageError("no folder; name that of a saved model, as in: mlops-charts serve model")
    return _serve(folder, metrics_port, **options)


def _serve(
    folder: Path,
    metrics_port: int,
    *,
    protocol: Literal["v2", "seldon"],
    host: str,
    http_port: int,
    grpc_port: int,
    timeout: float,
    non_finite: Literal["reject", "missing"],
    max_body: int,
    max_rows: int,
    workers: int,
    batch_size: int,
    batch_delay: float,
    max_queue: int,
    trusted: tuple[str, ...],
    drift_window: float,
    drift_features: tuple[str, ...],
    request_log: str | None,
    **later: Any,
) -> int:
    from mlops_charts.serving.asked import Asked, trusted_by  # noqa: PLC0415 - --help stays light
    from mlops_charts.serving.serve import serve  # noqa: PLC0415 - the same

    named, allow_pickle = trusted_by(os.environ)
    asked = Asked(
        folder,
        _identity(),
        host=host,
        http_port=http_port,
        grpc_port=grpc_port,
        metrics_port=metrics_port,
        protocol=protocol,
        timeout=timeout,
        non_finite=non_finite,
        max_body_bytes=max_body,
        max_rows=max_rows,
        workers=workers,
        batch_size=batch_size,
        batch_delay=batch_delay,
        max_queue=max_queue,
        drift_window=drift_window,
        drift_features=drift_features,
        request_log=_logged(request_log, later),
        trusted=(*named, *trusted),
        allow_pickle=allow_pickle,
    )
    return serve(asked)


def _logged(target: str | None, options: dict[str, Any]) -> Any:
    from mlops_charts.serving.asked import LogAsked  # noqa: PLC0415 - --help stays light

    asked = {name: options[f"request_log_{name}"] for name in ("sample", "endpoint", "region", "retain", "features")}
    if asked["sample"] and not target:
        raise click.UsageError("--request-log-sample needs --request-log, as in: --request-log=s3://bucket/requests")
    return LogAsked(target, **asked) if target and asked["sample"] else None


def _identity() -> Any:
    from mlops_charts.serving.asked import Identity  # noqa: PLC0415 - as above

    said = os.environ.get
    return Identity(
        said("MODEL") or "model",
        said("SLOT", ""),
        said("VERSION", ""),
        said(SERVED_CODE, ""),
        said(SERVED_DATA, ""),
        said(SERVED_RUN, ""),
    )
