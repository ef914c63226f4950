"""`mlops-charts rehearse`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_charts.cli import CLEAN, PROBLEMS, options
from mlops_charts.cli.durations import Duration

if TYPE_CHECKING:
    from mlops_charts.judge.rehearsal import Rate
    from mlops_charts.judge.scenario import Scenario
    from mlops_charts.running.rehearsing import Cell, Rehearsed

_HELP = """Simulate whole releases, judged as in the cluster, and say how often the verdict is wrong and when it comes.

\b
Example:
  mlops-charts rehearse model/iris
  mlops-charts rehearse model/iris --environment prod --errors 0.5 --latency 1.1
  mlops-charts rehearse model/iris --plot rehearsal.png
  mlops-charts rehearse model/iris --evidence record.json     the version that serves, as it was measured

Without effects it rehearses a version that is equal, and ones that are worse by each check's margin and by twice as
much. Exit status 1 says that verdicts are wrong more often than the confidence of model.yaml admits.
"""


@click.command(help=_HELP)
@options.model
@click.option("--environment", default="", metavar="NAME", help="The environment; else the first.")
@click.option("--errors", type=click.FloatRange(0, 100), metavar="POINTS",
              help="By how many percentage points more requests of the new version fail.")  # fmt: skip
@click.option("--latency", type=click.FloatRange(0.01, 1000), metavar="RATIO",
              help="How many times as long its requests take.")  # fmt: skip
@click.option("--drift", type=click.FloatRange(0, 10), metavar="PSI", help="How far its predictions have moved.")
@click.option("--business", type=click.FloatRange(0, 100), metavar="PERCENT",
              help="By how many percent of themselves its successes are fewer.")  # fmt: skip
@click.option("--baseline-errors", "error_percent", type=click.FloatRange(0, 100), metavar="PERCENT",
              help="How many requests of the version that serves fail; else 1 percent.")  # fmt: skip
@click.option("--evidence", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="A record of evidence: the version that serves does what it did there.")  # fmt: skip
@click.option("--releases", type=click.IntRange(1, 100_000), default=500, show_default=True, help="Of each kind.")
@click.option("--look", type=Duration(), default="60s", show_default=True, help="How often the judge looks.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the random numbers.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Draw it, as .png, .svg or .html.")  # fmt: skip
@options.platform
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    *,
    path: Path | None,
    environment: str,
    evidence: Path | None,
    error_percent: float | None,
    releases: int,
    look: float,
    seed: int,
    plot: Path | None,
    platform_file: Path | None,
    form: str,
    **effects: float | None,
) -> int:
    """Rehearse releases."""
    from mlops_charts.running.rehearsing import RehearsalAsked, count_of, rehearsed  # noqa: PLC0415 - --help stays light

    if plot is not None and plot.suffix not in {".png", ".svg", ".html"}:
        raise click.BadParameter(f'"{plot}" is no .png, .svg or .html', param_hint="--plot")
    asked = RehearsalAsked(
        path, environment, _effects(**effects), error_percent, evidence, releases, look, seed, platform_file
    )
    with _progress(count_of(asked), "rehearsing") as tick:
        found = rehearsed(asked, tick)
    click.echo(json.dumps(_data(found), indent=2) if form == "json" else text_of(found))
    if plot is not None:
        _draw(found, plot)
    return CLEAN if found.sound else PROBLEMS


def _effects(
    errors: float | None, latency: float | None, drift: float | None, business: float | None
) -> Scenario | None:
    from mlops_charts.judge.scenario import Scenario  # noqa: PLC0415 - --help stays light

    if all(one is None for one in (errors, latency, drift, business)):
        return None
    return Scenario(errors or 0.0, 1.0 if latency is None else latency, drift or 0.0, business or 0.0)


def _draw(found: Rehearsed, plot: Path) -> None:
    from mlops_charts.running.rehearsal_plot import curves, points, write_plot  # noqa: PLC0415 - --help stays light

    with _progress(points(found), "drawing") as tick:
        shown = curves(found, tick)
    write_plot(found, shown, plot, text_of(found))
    options.talk(f"wrote {plot}")


@contextmanager
def _progress(length: int, label: str) -> Iterator[Callable[[int], None]]:
    """Show how far it is, on a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update


def text_of(found: Rehearsed) -> str:
    """Return a rehearsal as a table and the two rates that count."""
    head = ("new version", "promoted", "rolled back", "undecided", "verdict after", "90 % by", "ended by")
    rows = [head, *(_row(cell) for cell in found.cells)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    lines = ["  ".join(one.ljust(width) for one, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([_title(found), "", *(f"  {line}" for line in lines), "", *_rates(found)])


def _title(found: Rehearsed) -> str:
    asked, policy = found.asked, found.policy
    base = found.scenario
    measured = "as it was measured" if base.measured else f"with {100 * base.baseline.error_rate:g} % errors, assumed"
    return (
        f"{found.model} in {found.environment}: {asked.releases} releases of each kind, {policy.strategy}, "
        f"{policy.expected_requests_per_second:g} requests/s,\na look every {asked.look_seconds:g} s, confidence "
        f"{policy.confidence:g}; the version that serves is {measured}"
    )


def _row(cell: Cell) -> tuple[str, ...]:
    ended = sorted(cell.ended_by.items(), key=lambda one: -one[1])
    return (
        cell.title,
        _share(cell.promoted),
        _share(cell.rolled_back),
        _share(cell.undecided),
        _length(cell.median_seconds),
        _length(cell.late_seconds),
        ", ".join(f"{name} {count}" for name, count in ended),
    )


def _rates(found: Rehearsed) -> Iterator[str]:
    allowed = f"{100 * found.allowed:.3g} % is admitted"
    if (wrong := found.false_rollback) is not None:
        yield f"  false rollbacks     {_between(wrong)}; {allowed}"
    if (missed := found.missed) is not None:
        promise = allowed if found.policy.stages else "nothing is judged ahead of the switch"
        yield f"  missed regressions  {_between(missed.promoted)}, of {missed.title}; {promise}"
    total = sum(stage.seconds for stage in found.planned.stages)
    if total:
        yield f"  planned             {_length(total)} until an equal version has all traffic"
    if not found.sound:
        yield "  a rate is above what is admitted"


def _share(rate: Rate) -> str:
    return _percent(rate.share)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".rstrip("0").rstrip(".") + " %"


def _between(rate: Rate) -> str:
    return f"{rate.count} of {rate.of}: {_percent(rate.share)} ({_percent(rate.low)} to {_percent(rate.high)})"


def _length(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds:.0f}s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours}h{minutes:02}m" if hours and minutes else f"{hours}h" if hours else f"{minutes}m"


def _data(found: Rehearsed) -> dict[str, Any]:
    missed = found.missed
    return {
        "model": found.model,
        "environment": found.environment,
        "releases": found.asked.releases,
        "lookSeconds": found.asked.look_seconds,
        "seed": found.asked.seed,
        "confidence": found.policy.confidence,
        "plannedSeconds": sum(stage.seconds for stage in found.planned.stages),
        "falseRollback": _rate(found.false_rollback),
        "missedRegression": None if missed is None else {**(_rate(missed.promoted) or {}), "of": missed.title},
        "sound": found.sound,
        "kinds": [
            {
                "title": cell.title,
                "kind": cell.kind,
                "promoted": _rate(cell.promoted),
                "rolledBack": _rate(cell.rolled_back),
                "undecided": _rate(cell.undecided),
                "medianSeconds": cell.median_seconds,
                "late90Seconds": cell.late_seconds,
                "endedBy": cell.ended_by,
            }
            for cell in found.cells
        ],
    }


def _rate(rate: Rate | None) -> dict[str, Any] | None:
    if rate is None:
        return None
    return {"count": rate.count, "releases": rate.of, "share": rate.share, "low": rate.low, "high": rate.high}
