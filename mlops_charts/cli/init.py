"""`mlops-charts init`."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_charts.cli import CLEAN, options

_HELP = """Start a model: model.yaml, train.py, schemas for editors, and a commented platform.yaml if there is none.

\b
Example:
  mlops-charts init iris            the few fields that a model needs
  mlops-charts init iris --full     every field, each with its meaning and default
"""


@click.command(help=_HELP)
@click.argument("name", callback=options.given)
@click.option("--full", is_flag=True, help="State every field, with a comment.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="The repository; else the one around the current folder.",
)
def command(*, name: str, full: bool, into: Path) -> int:
    """Start a model."""
    from mlops_charts.starting import start  # noqa: PLC0415 - --help stays light

    _, changes = start(name, into, full=full)
    for path in (*changes.added, *changes.changed):
        click.echo(f"wrote {path}")
    options.talk(f"next: edit model/{name}/model.yaml and train.py; `mlops-charts validate` proves them,")
    options.talk(f"`mlops-charts run model/{name}` makes the model here, `mlops-charts render` writes its charts")
    return CLEAN
