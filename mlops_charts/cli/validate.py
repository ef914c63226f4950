"""`mlops-charts validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_charts.cli import CLEAN, PROBLEMS, options

if TYPE_CHECKING:
    from mlops_charts.proving import Report

_HELP = """Prove model.yaml, platform.yaml and everything rendered from them.

\b
Example:
  mlops-charts validate                         the fast proofs, every model
  mlops-charts validate model/iris              one model
  mlops-charts validate --deep                  also real Helm, every phase of a release, all schemas
  mlops-charts validate - < model.yaml          a text
"""


@click.command(help=_HELP)
@options.paths
@click.option("--deep", is_flag=True, help="Also real Helm, every phase of a release, and the schemas of all kinds.")
@click.option(
    "--crds",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with CustomResourceDefinitions; may be given again.",
)
@click.option("--require-all", is_flag=True, help="An object that no schema is known for is a problem.")
@options.platform
@options.output_format
def command(
    *,
    paths: tuple[Path, ...],
    deep: bool,
    crds: tuple[Path, ...],
    require_all: bool,
    platform_file: Path | None,
    form: str,
) -> int:
    """Prove everything."""
    from mlops_charts.checking import check  # noqa: PLC0415 - --help stays light
    from mlops_charts.proving.prove import Depth  # noqa: PLC0415

    report = check(paths, platform_file, Depth(deep, crds, require_all))
    options.print_problems(report.problems, form)
    _talk(report)
    return CLEAN if report.valid else PROBLEMS


def _talk(report: Report) -> None:
    for exception in report.exceptions:
        where = "" if exception.at == "*" else f", {exception.at}"
        options.talk(f"exception: {exception.kind} {exception.name}{where}: {exception.code}: {exception.reason}")
    for note in report.notes:
        options.talk(note)
    options.talk(report.summary)
