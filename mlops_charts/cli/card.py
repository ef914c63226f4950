"""`mlops-charts card`."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_charts.cli import CLEAN, PROBLEMS, options

_HELP = """Write the card of a version: all that is known of it from its rows to its traffic, and what is not.

\b
Example:
  mlops-charts card iris
  mlops-charts card iris --version 1.1.0 --output audit/
  mlops-charts card model/iris --local         of runs and releases on this machine

It reads MLflow, git and model.yaml, and changes none of them. The card is written as Markdown and as HTML, beside the
report of validation, the bill of materials and the records of evidence that it speaks of, with their checksums.

Exit status: 0 written, 1 no such version, or a record of evidence does not hold, 2 usage, 3 MLflow cannot be reached.
Where git cannot be reached the card is written all the same, and says that its traffic is not known.
"""


@click.command(help=_HELP)
@click.argument("model", required=False, default="")
@click.option("--version", "version", default="", metavar="VERSION",
              help="The version; else the champion, or the newest if there is none.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path, file_okay=False),
              help="The folder to write to; else one below .mlops-charts/cards.")  # fmt: skip
@click.option("--local", is_flag=True, help="Read MLflow and releases of this machine, which `run` has made.")
@options.platform
def command(*, model: str, version: str, output: Path | None, local: bool, platform_file: Path | None) -> int:
    """Write a card."""
    from mlops_charts.running.carding import CardAsked, card  # noqa: PLC0415 - --help stays light

    made = card(CardAsked(model, version, local, output, platform_file))
    for name in made.files:
        click.echo(str(made.folder / name))
    options.talk(f"{made.card.model} {made.card.version}: {made.card.verdict[:1].lower()}{made.card.verdict[1:]}")
    if missing := made.card.missing:
        options.talk(f"{len(missing)} {'fact is' if len(missing) == 1 else 'facts are'} missing; the card says why")
    return CLEAN if made.card.sound else PROBLEMS
