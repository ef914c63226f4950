"""`mlops-charts smoke`: is what runs somewhere the model that was saved? `helm test` asks so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from mlops_charts.cli import CLEAN
from mlops_charts.cli.durations import Duration

if TYPE_CHECKING:
    from mlops_charts.saved_model.example import Example

_HELP = """Ask a server whether it answers as the model did when it was saved.

\b
Example:
  mlops-charts smoke http://localhost:9000 --model iris --example model/example.json

It asks for health and metadata, sends the request of the example, and compares the answers with those that the example
holds. Exit status 1 says that the server answers something else, 3 that it does not answer.
"""


@click.command(help=_HELP)
@click.argument("url")
@click.option("--model", required=True, help="The model's name, which stands in the paths of version 2.")
@click.option("--protocol", type=click.Choice(["v2", "seldon"]), default="v2", show_default=True, help="What to speak.")
@click.option("--timeout", type=Duration(), default="5s", show_default=True, help="The longest that an answer takes.")
@click.option("--example", "file", type=click.Path(path_type=Path), help="example.json of the model's folder.")
@click.option("--model-uri", "uri", metavar="URI",
              help="The model's folder, which holds example.json: a path or s3://BUCKET/PATH.")  # fmt: skip
def command(
    *, url: str, model: str, protocol: Literal["v2", "seldon"], timeout: float, file: Path | None, uri: str | None
) -> int:
    """Send a server its example."""
    from mlops_charts.serving.example_source import read_at, read_file  # noqa: PLC0415 - --help stays light
    from mlops_charts.serving.smoke import smoke  # noqa: PLC0415 - the same

    if not url.startswith(("http://", "https://")):
        raise click.BadParameter(f'"{url}" is no URL; one such as http://localhost:9000 was expected')
    if (file is None) == (uri is None):
        raise click.UsageError("give either --example, a file, or --model-uri, the folder of the model")
    example: Example = read_file(file) if file else read_at(uri or "", os.environ)
    found = smoke(url, model, protocol, example, timeout)
    version = f" {found.version}" if found.version else ""
    rows = f"{found.rows} row{'s' * (found.rows > 1)}"
    click.echo(f"{model}{version} answers {rows} as when it was saved, in {found.seconds * 1000:.1f} ms: {url}")
    return CLEAN
