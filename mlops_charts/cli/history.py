"""`mlops-charts history`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mlops_charts.cli import CLEAN, options

_HELP = """Tell what was released where and when, by whom and on which evidence, from the commits of the release files.

\b
Example:
  mlops-charts history iris
  mlops-charts history iris --environment prod --verify
  mlops-charts history --verify --require-all --format json

--verify holds every commit against the rules of releases and against the record of its evidence, which is judged once
more. Exit status: 0 told, and nothing is wrong; 1 something does not hold; 3 git cannot be reached, or not all could
be checked, because MLflow does not answer.
"""


@click.command(help=_HELP)
@click.argument("model", required=False, default="", callback=options.given)
@click.option("--environment", default="", metavar="NAME", help="Of one environment alone.")
@click.option("--verify", is_flag=True, help="Hold each commit against the rules and its evidence.")
@click.option("--require-all", is_flag=True, help="With --verify: what could not be checked counts as wrong.")
@click.option("--local", is_flag=True, help="The releases of this machine, in .mlops-charts/release.git.")
@options.platform
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    *,
    model: str,
    environment: str,
    verify: bool,
    require_all: bool,
    local: bool,
    platform_file: Path | None,
    form: str,
) -> int:
    """Print the story of models."""
    from mlops_charts.history.told import data, text  # noqa: PLC0415 - --help stays light
    from mlops_charts.steering.about import all_models  # noqa: PLC0415
    from mlops_charts.steering.stories import told  # noqa: PLC0415

    if require_all and not verify:
        raise click.UsageError("--require-all goes with --verify")
    status = CLEAN
    found = [
        told(name, platform_file, environment, local=local, verify=verify)
        for name in ([model] if model else all_models(platform_file))
    ]
    if form == "json":
        click.echo(json.dumps([data(*one) for one in found], indent=2, ensure_ascii=False))
    else:
        options.say("\n\n".join(text(*one) for one in found))
    for _, _, checked in found:
        status = max(status, checked.status(require_all=require_all)) if checked else status
    return status
