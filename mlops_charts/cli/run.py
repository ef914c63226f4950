"""`mlops-charts run`."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_charts.cli import CLEAN, options
from mlops_charts.contract import TRIGGERS

if TYPE_CHECKING:
    from mlops_charts.local.summary import Summary

_HELP = """Run the pipeline of a model here: the same graph and commands as in the cluster, as processes.

\b
Example:
  mlops-charts run model/iris
  mlops-charts run --set training.params.max_depth=3
  mlops-charts run --from validate             what is before comes from the last run
  mlops-charts run --until train --keep
  mlops-charts run --fields                    what becomes of each field of a Workflow

MLflow, artifacts, releases and the report of each run are in .mlops-charts/, which git does not see.
Exit status: 0 done, 1 a step said no, 2 usage, 3 a tool or service failed, 130 stopped.
"""


@click.command(help=_HELP)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--from", "first", default="", metavar="STEP", help="Begin with this step; take the rest from before.")
@click.option("--until", "last", default="", metavar="STEP", help="End with this step.")
@click.option(
    "--set", "assignments", multiple=True, metavar="FIELD=VALUE", help="A field of model.yaml; may be repeated."
)
@click.option(
    "--trigger",
    type=click.Choice(TRIGGERS),
    default="commit",
    show_default=True,
    help="What the run takes for its cause.",
)
@click.option("--keep", is_flag=True, help="Keep the folders of all tasks; else they go once the run has succeeded.")
@click.option(
    "--builder",
    type=click.Choice(["auto", "none", "docker", "podman", "buildah"]),
    default="auto",
    show_default=True,
    help="What builds images; without one their contexts are proven instead.",
)
@click.option("--fields", is_flag=True, help="Print what becomes of each field of a Workflow, and run nothing.")
@options.platform
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    *,
    path: Path | None,
    first: str,
    last: str,
    assignments: tuple[str, ...],
    trigger: str,
    keep: bool,
    builder: str,
    fields: bool,
    platform_file: Path | None,
    form: str,
) -> int:
    """Run a model's pipeline."""
    if fields:
        from mlops_charts.local.fields import table  # noqa: PLC0415 - --help stays light

        click.echo(table())
        return CLEAN
    from mlops_charts.cli.progress import listener  # noqa: PLC0415 - --help stays light
    from mlops_charts.running import Asked, run  # noqa: PLC0415

    asked = Asked(path, platform_file, assignments, trigger, first, last, keep, builder)
    with listener(sys.stderr) as hears:
        found = run(asked, hears)
    click.echo(_json(found) if form == "json" else _table(found))
    _talk(found)
    return found.exit_status


def _json(found: Summary) -> str:
    from pydantic.alias_generators import to_camel  # noqa: PLC0415 - --help stays light

    data = dataclasses.asdict(found, dict_factory=lambda items: {to_camel(name): field for name, field in items})
    return json.dumps(data, indent=2)


def _talk(found: Summary) -> None:
    """Say what the steps said that failed, as far as it is more than their line."""
    for failure in found.failures:
        if len(failure.said) > 1:
            options.talk("\n".join([f"\n{failure.step} said:", *(f"  {line}" for line in failure.said)]))
        if failure.log:
            options.talk(f"all that {failure.step} said is in {failure.log}")


def _table(found: Summary) -> str:
    from mlops_charts.local.summary import decided  # noqa: PLC0415 - --help stays light

    rows = {
        "model": f"{found.model} {found.version}".strip(),
        "status": f"{found.status} in {found.seconds:.1f} s",
        "decided": decided(found.action, found.reason),
        "code digest": found.code_digest,
        "data digest": found.data_digest,
        "git commit": found.git_commit,
        "MLflow run": found.run_id,
        "image": found.image,
        "image digest": found.image_digest,
        "saved model": found.model_folder,
        "run": found.run,
        "report": found.report,
    }
    return "\n".join(f"{name:<14}{text}" for name, text in rows.items() if text)
