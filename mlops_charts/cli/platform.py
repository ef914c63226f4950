"""`mlops-charts platform`."""

from __future__ import annotations

from pathlib import Path

import click

from mlops_charts.cli import CLEAN, options

_HELP = """Work on platform.yaml.

\b
Example:
  mlops-charts platform pin
"""
_PIN = """Give every image tag of platform.yaml the digest that it has in its registry now.

Comments and layout stay; all images are pinned, or nothing is written.

\b
Example:
  mlops-charts platform pin          the images that platform.yaml names
  mlops-charts platform pin --all    also those that are defaults, which are then named in it
"""


@click.group(help=_HELP)
def command() -> None:
    """Group the commands."""


@command.command(help=_PIN)
@click.option("--all", "everything", is_flag=True, help="Also state and pin the images that are defaults.")
@click.option("--plain-http", is_flag=True, help="Ask registries over HTTP; without it only those on this machine.")
@options.platform
def pin(*, everything: bool, plain_http: bool, platform_file: Path | None) -> int:
    """Pin images."""
    from mlops_charts.platform_pin import pin as pinned  # noqa: PLC0415 - --help stays light
    from mlops_charts.registry import Registries  # noqa: PLC0415
    from mlops_charts.workspace import find_workspace  # noqa: PLC0415

    workspace = find_workspace(Path.cwd(), platform_file)
    found = pinned(workspace, Registries(plain_http).digest, everything=everything)
    for one in found.pins:
        click.echo(f"{one.path}: {one.before} -> {one.after}")
    for path, image in found.unstated.items():
        options.talk(f"{path}: {image} is the default and stays as it is; --all states it with its digest")
    options.talk(f"{len(found.pins)} pinned, {found.kept} had a digest; render to use them")
    return CLEAN
