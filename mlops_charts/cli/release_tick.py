"""`mlops-charts release tick`: one look of the judge at a release, and one step of it at most."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mlops_charts.cli import CLEAN, options

_HELP = """Look at a release once, and move it by one step at most.

\b
Example:
  mlops-charts release tick --spec /spec/release.json --environment staging --credentials /secrets/git

The CronJob of the serving chart calls it every minute while a release is in flight. It reads the state from git, looks
whether the cluster runs it, judges the new version by the metrics, and commits what follows. Where nothing is to be
done it says why and ends with 0; 1 says that the release file or the spec is wrong, 3 that git, the cluster or MLflow
cannot be reached: the next tick tries again.
"""


@click.command(name="tick", help=_HELP)
@click.option("--spec", type=click.Path(path_type=Path), required=True, help="release.json of the serving chart.")
@click.option("--environment", metavar="NAME", required=True, help="Whose release is looked at.")
@click.option("--credentials", type=click.Path(path_type=Path), help="Folder with git's credentials, a Secret's keys.")
@click.option("--signing-key", type=click.Path(path_type=Path), help="Folder with the SSH key that signs commits.")
@click.option("--here", type=click.Path(path_type=Path),
              help="File that says where things are on a machine that stands for a cluster.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="One line for persons, or one for programs.")  # fmt: skip
def tick(
    *,
    spec: Path,
    environment: str,
    credentials: Path | None,
    signing_key: Path | None,
    here: Path | None,
    form: str,
) -> int:
    """Look at a release once."""
    from mlops_charts.releasing.tick import Asked  # noqa: PLC0415 - --help stays light
    from mlops_charts.releasing.tick import tick as ticked  # noqa: PLC0415 - the same

    found = ticked(Asked.read(spec, environment, credentials=credentials, signing_key=signing_key, here=here))
    options.say(json.dumps(found.data()) if form == "json" else found.message)
    return CLEAN
