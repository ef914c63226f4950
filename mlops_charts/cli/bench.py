"""`mlops-charts bench`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_charts.cli import CLEAN, options

if TYPE_CHECKING:
    from mlops_charts.capacity.measured import Capacity, Level

_HELP = """Measure what a model's pods carry.

\b
Example:
  mlops-charts bench serve model/iris
"""
_SERVE = """Measure how many requests a second one pod carries, and write capacity.json beside model.yaml.

\b
Example:
  mlops-charts run model/iris
  mlops-charts bench serve model/iris
  mlops-charts plan model/iris

The server runs as in a pod, as model.yaml says, with the model that the newest run here has saved; or name the folder
of a saved model, whose figures are printed and not written. Requests come in an open loop: each at its time, whoever
still waits, at rising rates until the server carries no more. `share` is that of the requests that got an answer, times
count from when a request was due, and `late ms` is how late who asks was itself: it runs on the same processors as the
server, so that a pod that has them for itself carries more.
"""
_COLUMNS = ("offered/s", "answered/s", "share", "p50 ms", "p99 ms", "cpu ms", "late ms")


@click.group(help=_HELP)
def command() -> None:
    """Group the commands."""


@command.command(help=_SERVE)
@options.model
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that answer; else as the server decides.")
@click.option("--rows", type=click.IntRange(1, 10_000), default=1, show_default=True, help="Rows of each request.")
@click.option("--seconds", type=click.FloatRange(0.5, 600), default=5.0, show_default=True,
              help="How long each rate is held.")  # fmt: skip
@options.platform
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def serve(
    *, path: Path | None, workers: int | None, rows: int, seconds: float, platform_file: Path | None, form: str
) -> int:
    """Measure one pod."""
    from mlops_charts.capacity.measure import measure  # noqa: PLC0415 - --help stays light
    from mlops_charts.capacity.measured import write_capacity  # noqa: PLC0415
    from mlops_charts.running.measuring import measured  # noqa: PLC0415

    found = measured(path, platform_file)
    asked = replace(found.asked, workers=workers, rows=rows, seconds=seconds)
    options.talk("".join(f"{column:>12}" for column in _COLUMNS))
    capacity = measure(asked, lambda level: options.talk(_line(level)))
    if form == "json":
        click.echo(capacity.model_dump_json(indent=2, by_alias=True))
    else:
        click.echo(_said(capacity))
    if found.into is not None:
        options.talk(f"wrote {write_capacity(found.into, capacity)}; `mlops-charts plan` says what follows from it")
    return CLEAN


def _line(level: Level) -> str:
    times = (_milliseconds(each) for each in (level.p50, level.p99, level.cpu_seconds, level.late))
    columns = (f"{level.offered:,.0f}", f"{level.answered:,.0f}", f"{100 * level.share:.1f} %", *times)
    return "".join(f"{column:>12}" for column in columns)


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{1000 * seconds:.2f}"


def _said(capacity: Capacity) -> str:
    from mlops_charts.capacity.measured import LATE  # noqa: PLC0415 - --help stays light

    objective, level = capacity.objective, capacity.at_objective
    promise = f"p{100 * objective.quantile:g} within {1000 * objective.seconds:g} ms"
    rows = {
        "model": capacity.model,
        "measured on": f"{capacity.machine.processor}, {capacity.machine.cores} cores, shared with who asks",
        "one pod": f"{_counted(capacity.pod.workers, 'worker')}, "
        f"{_counted(capacity.pod.rows_per_request, 'row')} a request, {capacity.pod.memory_bytes / 2**20:.0f} MiB",
        "saturation": f"{capacity.saturation:,.0f} requests/s",
        promise: f"{level.answered:,.0f} requests/s, {_milliseconds(level.cpu_seconds)} ms of processor each"
        if level
        else "at no rate",
        "note": f"who asked was late by up to {_milliseconds(late)} ms: the pod carries more than was measured"
        if (late := max(each.late for each in capacity.levels)) > LATE
        else "",
    }
    return "\n".join(f"{name:<22}{text}" for name, text in rows.items() if text)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
