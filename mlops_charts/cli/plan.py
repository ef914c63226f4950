"""`mlops-charts plan`."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_charts.cli import CLEAN, PROBLEMS, options

_HELP = """Say what was decided for a model: names, digests, images, steps, environments, the judgement of releases.

\b
Example:
  mlops-charts plan model/iris
  mlops-charts plan --format json
"""


@click.command(help=_HELP)
@options.paths
@options.platform
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, paths: tuple[Path, ...], platform_file: Path | None, form: str) -> int:
    """Print plans."""
    import json  # noqa: PLC0415 - --help stays light

    from mlops_charts.describing import described, plans  # noqa: PLC0415
    from mlops_charts.problems import has_errors  # noqa: PLC0415

    found, problems = plans(paths, platform_file)
    if has_errors(problems):
        options.print_problems(problems, form)
        return PROBLEMS
    if form == "json":
        click.echo(json.dumps([dict(described(*each)) for each in found], indent=2))
        return CLEAN
    for each in found:
        for title, lines in described(*each).items():
            click.echo(title)
            for key, content in lines.items():
                click.echo(f"  {key:<22} {content}")
    return CLEAN
