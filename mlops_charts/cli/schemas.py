"""`mlops-charts schemas`."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_charts.cli import CLEAN, FAILED, options

_HELP = """Fetch and list the schemas of custom resources, which `validate --deep` holds objects against.

\b
Example:
  mlops-charts schemas fetch
  mlops-charts schemas list
"""


_FETCH = """Bring the pinned CustomResourceDefinitions into the cache, each held against its checksum.

\b
Example:
  mlops-charts schemas fetch
  mlops-charts schemas fetch --base https://mirror.example.com/crds
"""
_LIST = """List the pinned CustomResourceDefinitions and whether they are in the cache.

\b
Example:
  mlops-charts schemas list
"""


@click.group(help=_HELP)
def command() -> None:
    """Group the commands."""


@command.command(help=_FETCH)
@click.option("--base", metavar="URL", help="Take them from a mirror: a URL that the file names are put behind.")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="The folder; else the cache.")
@click.option("--allow-unverified", is_flag=True, help="Also fetch those whose checksum is not known.")
def fetch(*, base: str | None, into: Path | None, allow_unverified: bool) -> int:
    """Fetch the pinned schemas."""
    from mlops_charts.validation.schemas.fetch import FetchError, pins  # noqa: PLC0415 - --help stays light
    from mlops_charts.validation.schemas.fetch import fetch as bring  # noqa: PLC0415
    from mlops_charts.validation.schemas.store import fetched_crds  # noqa: PLC0415

    folder = into or fetched_crds()
    try:
        found = bring(pins(), folder, base=base, allow_unverified=allow_unverified)
    except FetchError as error:
        for reason in error.reasons:
            options.talk(f"error: {reason}")
        options.talk("nothing was written")
        return FAILED
    for one in found:
        click.echo(f"{one.status:<10} {one.pin.file}")
    options.talk(f"in {folder}")
    return CLEAN


@command.command("list", help=_LIST)
def list_() -> int:
    """List the pinned schemas."""
    from mlops_charts.validation.schemas.fetch import pins  # noqa: PLC0415 - --help stays light
    from mlops_charts.validation.schemas.store import fetched_crds  # noqa: PLC0415

    folder = fetched_crds()
    for pin in pins():
        there = "fetched" if (folder / pin.file).is_file() else "missing"
        click.echo(f"{there:<8} {pin.name:<40} {pin.url}")
    return CLEAN
