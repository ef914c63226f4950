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
    from mlops_charts.local.release_story import Story
    from mlops_charts.local.summary import Summary

_HELP = """Run the pipeline of a model here, the same graph and commands as in the cluster as processes, and release it.

\b
Example:
  mlops-charts run model/iris
  mlops-charts run --set training.params.max_depth=3
  mlops-charts run --from validate             what is before comes from the last run
  mlops-charts run --until train --keep
  mlops-charts run --bad latency               release a bad version beside the one that serves, and see it taken back
  mlops-charts run --fields                    what becomes of each field of a Workflow

The version is served by the real server behind a real Envoy, gets replayed traffic as the release says, and is judged
by the judge of the cluster, until it has settled or was rolled back. MLflow, artifacts, releases and the report of
each run are in .mlops-charts/, which git does not see.
Exit status: 0 done, 1 a step or the judge said no, 2 usage, 3 a tool or service failed, 130 stopped. With --bad: 0 if
the version was rolled back, 1 if it got through.
"""


@click.command(help=_HELP)
@options.model
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
@click.option(
    "--environment", "environments", multiple=True, metavar="NAME",
    help="Release here; may be repeated, `all` for all. Without it the first one.",
)  # fmt: skip
@click.option("--no-release", "no_release", is_flag=True, help="End once the version was handed to releases.")
@click.option("--fresh-releases", "fresh", is_flag=True, help="Begin the repository of releases anew; the old is kept.")
@click.option(
    "--bad",
    type=click.Choice(["errors", "latency", "drift"]),
    help="Make a bad version of the one that serves, and release that.",
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
    environments: tuple[str, ...],
    no_release: bool,
    fresh: bool,
    bad: str | None,
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

    if bad and (first or last or no_release or fresh or assignments):
        others = "--from, --until, --set, --no-release or --fresh-releases"
        raise click.UsageError(f"--bad releases a version of the one that serves; it goes with none of {others}")
    asked = Asked(
        *(path, platform_file, assignments, trigger, first, last, keep, builder),
        environments=environments,
        release=not no_release,
        fresh=fresh,
        bad=bad or "",
    )
    with listener(sys.stderr) as hears:
        found = run(asked, hears)
    click.echo(_json(found) if form == "json" else _table(found))
    _talk(found)
    return found.exit_status


def _json(found: Summary) -> str:
    from pydantic.alias_generators import to_camel  # noqa: PLC0415 - --help stays light

    data = dataclasses.asdict(found, dict_factory=lambda items: {to_camel(name): field for name, field in items})
    for story in data["releases"]:
        story["commits"] = [move["commit"] for move in story.pop("moves")]
        del story["looks"], story["traffic"]  # they are in the run's folder
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
        **{f"in {story.environment}": _released(story) for story in found.releases},
        "report": found.report,
    }
    return "\n".join(f"{name:<14}{text}" for name, text in rows.items() if text)


def _released(story: Story) -> str:
    """Return what became of a release, in a line."""
    took = f" in {story.seconds:.0f} s" if story.moves else ""
    version = f"{story.version} " if story.version else ""
    caught = f" ({story.caught:.1f} s from its first traffic to the commit)" if story.caught is not None else ""
    name, colon, reason = story.line.partition(": ")
    return f"{version}{name}{took}{colon}{reason}{caught}"
