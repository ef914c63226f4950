"""`mlops-charts explain`."""

from __future__ import annotations

import click

from mlops_charts.cli import CLEAN, PROBLEMS, options

_HELP = """Explain a field of model.yaml or platform.yaml, or the code of a problem.

\b
Example:
  mlops-charts explain serving.replicas
  mlops-charts explain unknown-field
  mlops-charts explain                    list the top-level fields and all codes
"""


@click.command(help=_HELP)
@click.argument("word", metavar="FIELD|CODE", required=False)
def command(*, word: str | None) -> int:
    """Explain a word."""
    from mlops_charts.explain import explain, overview, suggestion  # noqa: PLC0415 - --help stays light

    if word is None:
        click.echo(overview())
        return CLEAN
    text = explain(word)
    if text is None:
        options.talk(f'nothing is called "{word}"{suggestion(word)}')
        return PROBLEMS
    click.echo(text)
    return CLEAN
