"""`mlops-charts schema`."""

from __future__ import annotations

import click

from mlops_charts.cli import CLEAN

_HELP = """Print the JSON Schema of model.yaml or platform.yaml, for editors and other tools.

\b
Example:
  mlops-charts schema model > model.schema.json
"""


@click.command(help=_HELP)
@click.argument("kind", type=click.Choice(["model", "platform"]), default="model")
def command(*, kind: str) -> int:
    """Print a schema."""
    from mlops_charts.spec.schema import schema_text  # noqa: PLC0415 - --help stays light

    click.echo(schema_text(kind), nl=False)
    return CLEAN
